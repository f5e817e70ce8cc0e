"""Retry in two speeds: what fails by itself is tried again, a dependency is waited for."""

import pytest

from hub.envelope import Transmission
from hub.errors import DatabaseAway, InvalidBody
from hub.ports import InboxState
from tests.unit.hub_world import booking
from tests.unit.retry_world import RetryWorld


def test_what_fails_by_itself_is_tried_a_few_times_then_parked() -> None:
    """Pauses grow to their bound; the last failure parks it with its reason, repeats PENDING."""
    world, message = RetryWorld(), booking()
    world.fails["A-1"] = ValueError("a bug")
    world.handle(message)
    assert world.state(message) is InboxState.RETRIED
    for seconds, tries in ((4, 1), (1, 2), (14, 2), (1, 3), (1_000, 3)):
        world.later(seconds)
        assert len(world.tried) - 1 == tries, "the batch and the single one are one attempt"
    assert world.state(message) is InboxState.PARKED
    assert world.store.books.parked[str(message.id)].reason == "ValueError: a bug"
    assert world.metrics.counts["lupu_inbox_parked_total"] == 1
    world.handle(message)
    assert [reply.body for _, reply in world.store.unsent(9)] == [b"PENDING"]
    assert world.store.effects == []


def test_what_works_the_second_time_is_never_parked() -> None:
    """A failure that passes is nobody's business; the effect and the answer are there once."""
    world = RetryWorld()
    world.fails["A-1"] = ValueError("a bug")
    world.handle(booking())
    world.fails.clear()
    world.later(5)
    world.later(1_000)
    assert world.store.effects == ["A-1"]
    assert not world.store.books.parked


def test_a_dependency_that_is_down_for_a_day_parks_and_counts_nothing() -> None:
    """The route stands as long as it lasts, then the message is handled at its first attempt."""
    world, message = RetryWorld(), booking()
    for _ in range(24 * 12):
        world.fails["A-1"] = DatabaseAway("It is down.")
        with pytest.raises(DatabaseAway):
            world.handle(message)
        world.clock.move(minutes=5)
    world.fails.clear()
    world.handle(message)
    assert world.store.effects == ["A-1"]
    assert world.store.books.inbox[str(message.id)].attempts == 0
    assert world.metrics.counts["lupu_inbox_retried_total"] == 0


def test_a_dependency_that_is_down_does_not_use_up_the_attempts_of_what_failed_before() -> None:
    """What waits for its next attempt waits on while the dependency is away."""
    world, message = RetryWorld(), booking()
    world.fails["A-1"] = ValueError("a bug")
    world.handle(message)
    world.fails["A-1"] = DatabaseAway("It is down.")
    for _ in range(24):
        with pytest.raises(DatabaseAway):
            world.later(3_600)
    assert world.store.books.inbox[str(message.id)].attempts == 1
    world.fails.clear()
    world.later(1)
    assert world.store.effects == ["A-1"]


def test_what_never_will_work_is_parked_at_once() -> None:
    """The class decides: there is no use in trying again."""
    world, message = RetryWorld(), booking()
    world.fails["A-1"] = InvalidBody("No such day.")
    world.handle(message)
    assert world.state(message) is InboxState.PARKED
    assert world.store.books.parked[str(message.id)].reason == "InvalidBody: No such day."


def test_a_repeat_of_what_cannot_be_read_is_still_a_repeat() -> None:
    """Its digest is that of its bytes: the same are PENDING, others are refused."""
    world = RetryWorld()
    world.handle(booking(body=b"unreadable"))
    since = dict(world.store.books.parked)
    again = booking(body=b"unreadable")._replace(transmission=Transmission("gateway-2", "x", 1))
    world.handle(again)
    world.handle(booking(body=b"unreadable, another"))
    assert [reply.body for _, reply in world.store.unsent(9)] == [b"PENDING", b"REFERENCE_REUSED"]
    assert world.store.books.parked == since
