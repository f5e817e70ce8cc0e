"""``make simulate``: run many seeds and print the figures, or one seed and print its trace."""

import argparse
import logging
import sys

from tests.simulation.figures import Figures
from tests.simulation.run import simulate
from tests.simulation.shrinking import read, shrunk, told

SEEDS = 1_000


def main() -> int:
    """Return 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help="so many, from --first on")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--seed", type=int, help="this one only; prints its trace")
    parser.add_argument("--plan", default="", help="what a failing seed was made smaller to")
    asked = parser.parse_args()
    # What the processes log under all that trouble is thousands of lines a second.
    logging.disable(logging.CRITICAL)
    if asked.seed is not None:
        return _one(asked.seed, asked.plan)
    return _many(range(asked.first, asked.first + asked.seeds))


def _one(seed: int, plan: str) -> int:
    result = simulate(seed, read(seed, plan) if plan else None)
    if result.faults:
        sys.stdout.write(told(result) + "\n")
        return 1
    sys.stdout.write("\n".join([*result.lines, f"seed {seed} keeps every promise"]) + "\n")
    sys.stdout.write(f"trace {result.hash}\n")
    return 0


def _many(seeds: range) -> int:
    figures = Figures()
    for seed in seeds:
        result = simulate(seed)
        figures.add(result)
        if result.faults:
            sys.stdout.write(told(shrunk(result)) + "\n")
    sys.stdout.write("\n".join(figures.lines()) + "\n")
    return 1 if figures.failed else 0


if __name__ == "__main__":
    sys.exit(main())
