"""``make chaos``: throw faults at the whole system under load, and print what came of it."""

import argparse
import logging
import secrets
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos.run import Asked, run, table
from tests.chaos.world import POSTGRESQL, SQLITE

SECONDS_A_FAULT = 3.6


def main() -> int:
    """Return 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--seed", type=int, help="order and times of the faults follow from it")
    parser.add_argument("--faults", type=int, help=f"one each {SECONDS_A_FAULT} s by default")
    parser.add_argument("--database", choices=(SQLITE, POSTGRESQL), default=POSTGRESQL)
    parser.add_argument("--clusters", action="store_true", help="each broker one of three nodes")
    parser.add_argument("--keep", action="store_true", help="keep the records of a good run too")
    given = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if given.seed is None else given.seed
    seconds = given.minutes * 60
    faults = given.faults or round(seconds / SECONDS_A_FAULT)
    folder = Path("run", "chaos", f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{seed}").resolve()
    print(f"seed {seed}; records in {folder}", flush=True)
    # What we log ourselves under all that trouble says nothing.
    logging.disable(logging.CRITICAL)
    outcome = run(Asked(seconds, faults, seed, given.database, folder, given.clusters))
    shown = table(outcome)
    print(shown)
    if outcome.fine() and not given.keep:
        shutil.rmtree(folder)
        return 0
    (folder / "table.txt").write_text(shown + "\n", "utf-8")
    print(f"kept: {folder}")
    return 0 if outcome.fine() else 1


if __name__ == "__main__":
    sys.exit(main())
