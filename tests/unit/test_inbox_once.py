"""Once for ever: what is pruned, what fails and what is sent again later undo no outcome."""

from datetime import timedelta

import pytest

from hub.envelope import Message, Transmission
from hub.handling import Handled, Left, Look
from hub.ports import Answer, InboxEntry, InboxState, Unit
from tests.unit.hub_world import NOON, booking
from tests.unit.test_inbox import (
    Does,
    UnreadableContracts,
    World,
    books,
    change,
    waits_for_booking,
)


def rebuilt(entry: InboxEntry, _unit: Unit) -> Answer:
    """Say anew how a request ended."""
    return Answer("PlaceBookingResponse.1", f"{entry.outcome_code} before".encode())


def test_a_repeat_of_what_was_pruned_has_the_same_outcome() -> None:
    """Said anew where its application can; the same reference with other values is refused."""
    world = World(rebuild=rebuilt)
    world.inbox.handle([booking()])
    world.clock.move(days=401)
    world.store.forget_answers(world.clock.now())
    world.answers()
    later = world.clock.now()
    again = booking(accepted_at=later)
    world.inbox.handle([again, booking(accepted_at=later, body=b"<other/>")])
    assert world.store.effects == ["A-1"]
    assert world.answers() == [b"DONE before", b"REFERENCE_REUSED"]


def test_a_repeat_that_fails_undoes_no_outcome() -> None:
    """What cannot be said anew is handed back; its entry is not parked in its place."""
    world = World()
    world.inbox.handle([booking()])
    world.store.forget_answers(world.clock.now() + timedelta(seconds=1))
    world.inbox.handle([booking()])
    assert [message.id.reference for message in world.inbox.take_unkept()] == ["A-1"]
    assert world.store.books.inbox[str(booking().id)].state is InboxState.HANDLED
    assert not world.store.books.parked


def test_an_unreadable_body_under_a_used_reference_takes_nobodys_place() -> None:
    """It is refused as other values are: neither an outcome nor what waits is replaced by it."""
    world = World(waits_for_booking, contracts=UnreadableContracts())
    world.inbox.handle([change()])
    bad = change()._replace(body=b"unreadable", transmission=Transmission("gateway-2", "x", 9))
    world.inbox.handle([bad])
    world.inbox.handle([booking(), booking(body=b"unreadable")])
    assert world.store.effects == ["A-1", "C-1"]
    assert not world.store.books.parked
    reused = b"REFERENCE_REUSED"
    assert sorted(world.answers()) == [reused, reused, b"booked", b"booked"]


def breaks(_message: Message, _unit: Unit) -> Handled:
    """Fail."""
    raise ZeroDivisionError("a mistake of ours")


@pytest.mark.parametrize(
    ("does", "effects", "state"),
    [(books, ["A-1"], InboxState.HANDLED), (breaks, [], InboxState.PARKED)],
    ids=["handled", "parked"],
)
def test_a_look_at_what_another_has_ended_meanwhile_does_nothing(
    does: Does, effects: list[str], state: InboxState
) -> None:
    """It had been lent for longer than is allowed; whoever comes second finds it open no more."""
    world, look = World(does), Look(booking(), "", NOON)
    world.inbox.handle([booking()])
    said = world.answers()
    world.does = books
    with world.store.unit() as unit:
        world.inbox._handling.one(booking(), unit, Left(), look)
    with world.store.unit() as unit:
        error = ZeroDivisionError()
        assert not world.inbox._handling.failed(booking(), error, unit, look, in_line=False)
    assert world.store.effects == effects
    assert world.answers() == []
    assert world.store.books.inbox[str(booking().id)].state is state
    assert said == ([b"booked"] if effects else [])
