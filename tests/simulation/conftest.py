"""One look at many seeds, for every test of this folder."""

import logging
from collections.abc import Iterator

import pytest

from tests.simulation.figures import Figures
from tests.simulation.run import simulate

# As many as take half a minute; make simulate runs more.
SEEDS = range(1, 101)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Let the processes log nothing: under all that trouble it would be thousands of lines."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="session")
def figures() -> Figures:
    """Offer what the seeds of every day came to."""
    logging.disable(logging.CRITICAL)
    found = Figures()
    for seed in SEEDS:
        found.add(simulate(seed))
    logging.disable(logging.NOTSET)
    return found
