"""``make season``: a whole season on clocks that are moved, a day every few seconds under load.

Sales begin when the gates open; each day is of so many seconds, then every process's clock jumps
to the next. What grows meanwhile is printed: the first days beside the last.
"""

import argparse
import json
import logging
import secrets
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hub.settings import environment
from tests.acceptance.evidence_check import counts
from tests.chaos import checker, figures
from tests.chaos.load import Load
from tests.chaos.records import TOLD, Record, read
from tests.chaos.rows import read as read_rows
from tests.chaos.sampling import HEAD, Sample, growths, sample
from tests.chaos.world import POSTGRESQL, SQLITE, World, running_world
from tests.servers.system import DAYS_TO_OPENING

DAY_SECONDS = 86_400
SEASON_DAYS = 184
AHEAD_DAYS = 30
PROVE_SECONDS_MAX = 300.0


def main() -> int:
    """Return 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.season", description=__doc__)
    parser.add_argument("--days", type=int, default=SEASON_DAYS)
    parser.add_argument("--seconds", type=float, default=6.0, help="that a day lasts")
    parser.add_argument("--database", choices=(SQLITE, POSTGRESQL), default=POSTGRESQL)
    given = parser.parse_args()
    folder = Path("run", "season", f"{datetime.now(UTC):%Y%m%d-%H%M%S}").resolve()
    said = f"{given.days} days of {given.seconds:g} s, {given.database}"
    print(f"season: {said}; records in {folder}", flush=True)
    logging.disable(logging.CRITICAL)
    told = Record(folder / TOLD)
    with running_world(folder / "system", given.database) as world:
        load = Load(world.system, told, secrets.randbelow(1_000_000))
        load.start()
        try:
            samples = _season(world, load, given.days, given.seconds)
        finally:
            load.finish()
        verdict = checker.compare(read(told.path), read_rows(world.database))
        proved = _proved(world, given.days)
    # A day counts as an hour of a soak, so that figures are those of a day.
    rows = [growth.row() for growth in growths(samples)]
    head = HEAD.replace("a h", "a day")
    print("\n".join([head, *rows, "", f"requests {verdict.requests}, done {verdict.done}"]))
    print(f"answers {figures.counts(read(told.path))}")
    found = ", ".join(f"{name} {count}" for name, count in sorted(counts(proved).items()))
    print(f"the books of both sides: {proved['sentence']} ({found})")
    print("\n".join([*verdict.sentences()[:50], verdict.line()]))
    if not (verdict.fine() and proved["fine"]):
        print(f"kept: {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


def _season(world: World, load: Load, days: int, seconds: float) -> list[tuple[float, Sample]]:
    """Live through the days; return a sample of the end of each, at hours instead of days."""
    samples = []
    for day in range(days):
        with load.paused():
            # Inside first: what a gateway accepts in a hub's future is refused.
            for name in sorted(world.clocks, key=lambda one: one.startswith("gateway")):
                world.clocks[name].jump((DAYS_TO_OPENING + day) * DAY_SECONDS)
            visits = range(day, min(day + AHEAD_DAYS, SEASON_DAYS))
            load.days = [world.system.opening + timedelta(days=one) for one in visits]
        time.sleep(seconds)
        samples.append((day * 3_600.0, sample(world)))
    return samples


def _proved(world: World, days: int) -> dict[str, Any]:
    """Return what the books of the whole season come to, once nothing is on its way any more."""
    deadline, said = time.monotonic() + PROVE_SECONDS_MAX, _verified(world, days)
    while time.monotonic() < deadline and not said["fine"]:
        time.sleep(2.0)
        said = _verified(world, days)
    return said


def _verified(world: World, days: int) -> dict[str, Any]:
    """Return what evidence says, by the season's own clock."""
    config = str(world.stack.places.configuration("inside"))
    words = ("evidence", "verify", "--json", "--since", f"{days + 1}d", "--config", config)
    done = subprocess.run(
        (sys.executable, "-m", "lupu", *words),
        env=environment() | world.clocks["evidence-1"].environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    sys.exit(main())
