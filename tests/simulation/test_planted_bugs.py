"""The simulator's measure: mistakes planted into the real code, each found within few seeds."""

import pytest

from tests.simulation import bugs_crossing, bugs_inside
from tests.simulation.conftest import SEEDS
from tests.simulation.planting import BUGS, Bug
from tests.simulation.run import simulate

FEW = SEEDS[:100]
BUGS_LEAST = 30


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_found(bug: Bug) -> None:
    """With the mistake a seed breaks a promise that it keeps without."""
    with bug.planted():
        seeds = (bug.seed, *FEW)
        found = next((seed for seed in seeds if simulate(seed).faults), None)
    assert found is not None, f"no seed up to {FEW[-1]} finds that {bug.name}"
    assert simulate(found).faults == []


def test_many_bugs_are_planted() -> None:
    """Those of the gateway and hub as well as those inside."""
    modules = {bug.replacement.__module__ for bug in BUGS}
    assert modules == {bugs_crossing.__name__, bugs_inside.__name__}
    assert len({bug.name for bug in BUGS}) == len(BUGS) >= BUGS_LEAST
