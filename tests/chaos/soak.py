"""``make soak``: constant load without faults for hours, and what grows meanwhile."""

import argparse
import logging
import secrets
import shutil
import sys
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from tests.chaos import checker, figures
from tests.chaos.load import Load
from tests.chaos.records import TOLD, Record, read
from tests.chaos.rows import read as read_rows
from tests.chaos.sampling import HEAD, Sampler, growths, sample
from tests.chaos.world import POSTGRESQL, SQLITE, running_world

SAMPLES_MIN, SAMPLE_SECONDS_MAX = 60, 30.0


def main() -> int:
    """Return 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.soak", description=__doc__)
    parser.add_argument("--hours", type=float, default=0.1)
    parser.add_argument("--database", choices=(SQLITE, POSTGRESQL), default=POSTGRESQL)
    given = parser.parse_args()
    seconds, seed = given.hours * 3_600, secrets.randbelow(1_000_000)
    folder = Path("run", "soak", f"{datetime.now(UTC):%Y%m%d-%H%M%S}").resolve()
    print(f"soak: {given.hours} h, {given.database}; records in {folder}", flush=True)
    logging.disable(logging.CRITICAL)
    told = Record(folder / TOLD)
    with running_world(folder / "system", given.database) as world:
        load = Load(world.system, told, seed)
        every = min(SAMPLE_SECONDS_MAX, seconds / SAMPLES_MIN)
        sampler = Sampler(partial(sample, world), every)
        load.start()
        sampler.start()
        try:
            time.sleep(seconds)
        finally:
            sampler.end()
            load.finish()
        verdict = checker.compare(read(told.path), read_rows(world.database))
    rows = [growth.row() for growth in growths(sampler.samples)]
    answers = figures.counts(read(told.path))
    print("\n".join([HEAD, *rows, "", f"requests {verdict.requests}, answers {answers}"]))
    print("\n".join([*verdict.sentences()[:50], verdict.line()]))
    if not verdict.fine():
        print(f"kept: {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
