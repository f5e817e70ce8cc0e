"""The simulator's measure: mistakes planted into the real code, each found within few seeds."""

import pytest

from tests.simulation import bugs_books, bugs_crossing, bugs_desk, bugs_editions, bugs_inside
from tests.simulation.chaos import Plan, plain
from tests.simulation.conftest import SEEDS
from tests.simulation.planting import BUGS, Bug
from tests.simulation.run import simulate
from tests.simulation.world import World

pytestmark = pytest.mark.apart
FEW = SEEDS[:100]
PLACES = (bugs_books, bugs_crossing, bugs_desk, bugs_editions, bugs_inside)
BUGS_LEAST = 50


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_found(bug: Bug) -> None:
    """With the mistake a seed breaks a promise that it keeps without."""
    tried: list[tuple[int, Plan | None]] = [(bug.seed, plain(bug.seed, World(bug.seed)))]
    tried += [(seed, None) for seed in (bug.seed, *FEW)]
    with bug.planted():
        found = next((one for one in tried if simulate(*one).faults), None)
    assert found is not None, f"no seed up to {FEW[-1]} finds that {bug.name}"
    assert simulate(*found).faults == []


def test_many_bugs_are_planted() -> None:
    """Those of gateway and hub, inside, in books and editions, and in what operators work with."""
    modules = {bug.replacement.__module__ for bug in BUGS}
    assert modules == {one.__name__ for one in PLACES}
    assert len({bug.name for bug in BUGS}) == len(BUGS) >= BUGS_LEAST
