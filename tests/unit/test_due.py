"""What is done now and then is due at once, and again in time."""

import pytest

from hub.due import Due
from tests.unit.hub_world import MovedClock


def test_it_is_due_at_once_and_then_after_its_seconds() -> None:
    """Once each time, and not by being asked more often."""
    clock = MovedClock()
    is_due = Due(clock, 10)
    assert [is_due(), is_due()] == [True, False]
    clock.move(seconds=9.9)
    assert not is_due()
    clock.move(seconds=0.1)
    assert [is_due(), is_due()] == [True, False]


def test_what_was_not_finished_is_due_at_the_next_look() -> None:
    """However soon that is."""
    is_due = Due(MovedClock(), 10)
    assert is_due()
    is_due.at_once()
    assert [is_due(), is_due()] == [True, False]


@pytest.mark.parametrize(("chance", "seconds"), [(0.0, 8.0), (0.5, 10.0), (0.999_999, 12.0)])
def test_several_do_not_look_at_one_moment(chance: float, seconds: float) -> None:
    """Earlier or later by up to the share that is given."""
    clock = MovedClock()
    is_due = Due(clock, 10, spread=0.2, chance=lambda: chance)
    assert is_due()
    clock.move(seconds=seconds - 0.1)
    assert not is_due()
    clock.move(seconds=0.2)
    assert is_due()
