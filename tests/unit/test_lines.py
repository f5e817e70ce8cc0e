"""While one message is retried or parked, later ones for the same booking wait, in their order."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import DatabaseAway, Refused
from hub.ports import InboxState
from tests.unit.hub_world import booking
from tests.unit.retry_world import ATTEMPTS_MAX, DAY_SECONDS, RetryWorld, change
from tests.unit.test_inbox import refusal


@pytest.mark.parametrize("attempts", [0, ATTEMPTS_MAX])
def test_later_messages_for_the_same_booking_wait_while_one_is_retried_or_parked(
    attempts: int,
) -> None:
    """They answer PENDING and are done in their order once it is done; others go on meanwhile."""
    world, place = RetryWorld(), booking()
    world.fails["A-1"] = ValueError("a bug")
    world.handle(place)
    for _ in range(attempts):
        world.later(15)
    changes = [change(f"C-{number}") for number in range(1, 4)]
    other = [booking("A-2"), change("C-9", of="A-2"), booking("A-3", body=b"nobody's")]
    world.handle(*changes, *other)
    assert world.store.effects == ["A-2", "C-9", "A-3"]
    assert {world.state(one) for one in changes} == {InboxState.BEHIND}
    world.handle(changes[0])
    assert [reply.body for _, reply in world.store.unsent(9)][-1] == b"PENDING"
    world.fails.clear()
    if attempts:
        world.release(place)
    else:
        world.later(15)
    assert world.store.effects[3:] == ["A-1", "C-1", "C-2", "C-3"]
    assert not world.store.books.standing


def test_a_parked_change_holds_up_those_after_it_and_no_other() -> None:
    """What was done before it is done; a discard lets the next go on."""
    world, parked = RetryWorld(), change("C-1")
    world.handle(booking())
    world.park(parked)
    behind = change("C-2")
    world.handle(behind)
    assert world.store.effects == ["A-1"]
    world.fails["C-1"] = Refused(refusal("DISCARDED"))
    with world.store.unit() as unit:
        entry = unit.entry(parked.id)
        assert entry is not None
        unit.record(parked, replace(entry, state=InboxState.RETRIED), world.clock.now())
        unit.wait(parked, "", world.clock.now())
    world.inbox.wake_due()
    assert world.store.effects == ["A-1", "C-2"]
    assert world.store.books.inbox[str(parked.id)].outcome_code == "DISCARDED"


def test_one_that_fails_in_its_turn_holds_up_the_next() -> None:
    """The line is passed on from one to the next, never past one that is kept."""
    world, place = RetryWorld(), booking()
    world.park(place)
    world.fails["C-1"] = ValueError("another bug")
    world.handle(change("C-1"), change("C-2"))
    world.release(place)
    assert world.store.effects == ["A-1"]
    assert world.state(change("C-2")) is InboxState.BEHIND
    world.fails.clear()
    world.later(15)
    assert world.store.effects == ["A-1", "C-1", "C-2"]


def test_who_waits_behind_another_waits_without_end() -> None:
    """Neither the deadline for what is not there nor the age of requests counts meanwhile."""
    world, place = RetryWorld(), booking()
    world.park(place)
    world.handle(change("C-1"))
    for _ in range(30):
        world.later(DAY_SECONDS)
    assert world.state(change("C-1")) is InboxState.BEHIND
    world.release(place)
    assert world.store.effects == ["A-1", "C-1"]


def test_those_who_stood_in_line_in_vain_wait_no_more_for_one_another() -> None:
    """What both name is not there: they wait for it, and one that fails holds them up again."""
    world, place, changes = RetryWorld(), booking(), [change("C-1"), change("C-2")]
    world.park(place)
    world.handle(*changes)
    world.waits = {"C-1", "C-2"}
    world.release(place)
    assert [world.state(one) for one in changes] == [InboxState.WAITING] * 2
    world.park(change("C-3"))
    world.later(121)
    assert [world.state(one) for one in changes] == [InboxState.BEHIND] * 2
    world.waits.clear()
    world.release(change("C-3"))
    assert world.store.books.inbox[str(changes[0].id)].outcome_code == "DONE"
    assert not world.store.books.standing


def test_one_that_comes_too_late_is_refused_and_does_not_stand_in_line() -> None:
    """However long the one before it is kept: its own way here took too long."""
    world, place = RetryWorld(), booking()
    world.park(place)
    late = change("C-1")._replace(accepted_at=world.clock.now() - timedelta(days=8))
    world.handle(late)
    assert world.store.books.inbox[str(late.id)].outcome_code == "REQUEST_TOO_OLD"


def test_the_sender_s_own_expiry_counts_to_the_end() -> None:
    """Who said until when it is wanted is not given it later."""
    world = RetryWorld()
    late = booking(expires_at=world.clock.now() + timedelta(hours=1))
    world.park(late)
    world.clock.move(hours=2)
    world.release(late)
    assert world.store.effects == []
    assert world.store.books.inbox[str(late.id)].outcome_code == "REQUEST_TOO_OLD"


def test_one_whose_worker_died_before_its_second_look_goes_on_all_the_same() -> None:
    """Nobody woke it, for it was not yet seen; it is looked at again after a while."""
    world, place = RetryWorld(), booking()
    world.park(place)
    behind = change("C-1")
    world.handle(behind)
    world.fails.clear()
    with world.store.unit() as unit:
        entry = unit.entry(place.id)
        assert entry is not None
        unit.record(place, replace(entry, state=InboxState.HANDLED), world.clock.now())
    assert world.state(behind) is InboxState.BEHIND
    world.later(301)
    assert world.store.effects == ["C-1"]


def test_where_the_line_cannot_be_told_the_message_is_kept_without() -> None:
    """A mistake in telling what it is about loses no message."""
    world, message = RetryWorld(), booking(body=b"\xff\xff")
    world.fails["A-1"] = ValueError("a bug")
    world.handle(message)
    assert world.state(message) is InboxState.RETRIED
    assert not world.inbox.take_unkept()
    world.fails.clear()
    world.later(5)
    assert world.store.effects == ["A-1"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["send", "fail", "mend", "later", "release", "away"]),
            st.integers(0, 3),
        ),
        max_size=60,
    )
)
def test_whatever_fails_each_effect_is_there_once_and_in_order(
    steps: list[tuple[str, int]],
) -> None:
    """Sent in their order, the requests of one booking are done in that order, each once."""
    world = RetryWorld()
    messages = [booking(), *(change(f"C-{number}") for number in (1, 2, 3))]
    sent = 0
    for step, number in steps:
        message = messages[number]
        if step == "send":
            sent = max(sent, min(number, sent) + 1)
            world.handle(messages[min(number, sent - 1)])
        elif step == "fail":
            world.fails[message.id.reference] = ValueError("a bug")
        elif step == "mend":
            world.fails.pop(message.id.reference, None)
        elif step == "later":
            world.later(15)
        elif step == "away":
            world.store.away = True
            with pytest.raises(DatabaseAway):
                world.handle(message)
            world.store.away = False
        elif world.state(message) is InboxState.PARKED:
            world.release(message)
    order = [message.id.reference for message in messages]
    assert world.store.effects == order[: len(world.store.effects)]
    world.fails.clear()
    for message in messages[:sent]:
        if world.state(message) is InboxState.PARKED:
            world.release(message)
    world.later(15)
    assert world.store.effects == order[:sent]
    assert not world.store.books.standing
