"""Handled once: whatever is repeated, fails or waits, each request has one effect and outcome."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.store import MemoryStore, MemoryUnit
from hub.envelope import Message, Transmission
from hub.errors import DatabaseAway, InvalidBody, Refusal, Refused
from hub.handling import Handled
from hub.inbox import Inbox, Limits, Rebuild, Refusals
from hub.ports import Answer, InboxState, Unit
from tests.unit.hub_world import CountedMetrics, MovedClock, PlainContracts, booking


def refusal(code: str) -> Refusal:
    """Return a refusal of this code."""
    return Refusal(code, "No.", "不行。", "Ask.", "请询问。")


REFUSALS = Refusals(
    reference_reused=refusal("REFERENCE_REUSED"),
    request_too_old=refusal("REQUEST_TOO_OLD"),
    pending=refusal("PENDING"),
    answer=lambda said: Answer("Refused.1", said.code.encode()),
)

Does = Callable[[Message, MemoryUnit], Handled]


def books(message: Message, unit: MemoryUnit) -> Handled:
    """Leave one effect and answer."""
    unit.effect(message.id.reference)
    return Handled(Answer("PlaceBookingResponse.1", b"booked"), "DONE", changed=["booking:B"])


class World:
    """An inbox on a store in memory, with a handler of the test's choosing."""

    def __init__(
        self,
        does: Does = books,
        contracts: PlainContracts | None = None,
        rebuild: Rebuild | None = None,
    ) -> None:
        self.store = MemoryStore()
        self.clock = MovedClock()
        self.metrics = CountedMetrics()
        self.does = does
        self.inbox = Inbox(
            self.store,
            {"PlaceBooking.1": self._handle, "ChangeBooking.1": self._handle},
            contracts=contracts or PlainContracts(),
            refusals=REFUSALS,
            clock=self.clock,
            metrics=self.metrics,
            limits=Limits(wait_seconds_max=60, attempts_max=1),
            rebuild=rebuild,
        )

    def _handle(self, message: Message, unit: Unit, _now: datetime) -> Handled:
        assert isinstance(unit, MemoryUnit)
        return self.does(message, unit)

    def answers(self) -> list[bytes]:
        """Return the bodies in the outbox, oldest first, and empty it."""
        rows = self.store.unsent(100)
        self.store.mark_sent([number for number, _ in rows], self.clock.now())
        return [message.body for _, message in rows]


def test_a_repeat_gets_the_stored_answer_and_has_no_second_effect() -> None:
    """The same request again, by another transmission, gets the same answer."""
    world = World()
    again = booking()._replace(transmission=Transmission("gateway-2", "x", 9))
    world.inbox.handle([booking(), again])
    world.inbox.handle([again])
    assert world.store.effects == ["A-1"]
    assert world.answers() == [b"booked"] * 3


def test_a_reply_answers_the_transmission_that_asked() -> None:
    """Each repeat is answered where it waits."""
    world = World()
    world.inbox.handle([booking()._replace(transmission=Transmission("gateway-2", "x", 9))])
    ((_, message),) = world.store.unsent(10)
    assert message.correlation == "gateway-2.x.9"


def test_who_wants_no_reply_gets_none() -> None:
    """It is handled once all the same, and a repeat of it is silent too."""
    world = World()
    world.inbox.handle([booking(reply_to=""), booking(reply_to="")])
    assert world.store.effects == ["A-1"]
    assert world.answers() == []


def test_the_same_reference_with_other_values_is_refused() -> None:
    """A reference cannot be used for two things."""
    world = World()
    other = booking(body=b"<other/>")._replace(transmission=Transmission("gateway-2", "x", 9))
    world.inbox.handle([booking(), other])
    world.inbox.handle([other])
    assert world.store.effects == ["A-1"]
    assert world.answers() == [b"booked", b"REFERENCE_REUSED", b"REFERENCE_REUSED"]
    digest = PlainContracts().digest("{urn:lupu:ticketing:1}PlaceBooking", other.body)
    assert world.store.books.reused == {(str(other.id), other.transmission): digest}


def test_a_refusal_undoes_the_effect_and_is_the_outcome() -> None:
    """What a handler did before it refused is not there; the refusal is stored."""

    def sells_out(message: Message, unit: MemoryUnit) -> Handled:
        books(message, unit)
        raise Refused(refusal("SOLD_OUT"))

    world = World(sells_out)
    world.inbox.handle([booking()])
    world.does = books
    world.inbox.handle([booking()])
    assert world.store.effects == []
    assert world.answers() == [b"SOLD_OUT", b"SOLD_OUT"]


def test_one_bad_message_is_parked_and_the_others_of_its_batch_are_handled() -> None:
    """A message that fails by itself waits for a person with its bytes; a repeat is PENDING."""

    def fails_on_two(message: Message, unit: MemoryUnit) -> Handled:
        if message.id.reference == "A-2":
            raise ValueError("a bug")
        return books(message, unit)

    world = World(fails_on_two)
    world.inbox.handle([booking(f"A-{number}") for number in (1, 2, 3)])
    assert world.store.effects == ["A-1", "A-3"]
    reason = world.store.books.parked[str(booking("A-2").id)].reason
    assert reason == "ValueError: a bug"
    world.answers()
    world.inbox.handle([booking("A-2")])
    assert world.answers() == [b"PENDING"]


class UnreadableContracts(PlainContracts):
    """Contracts that pass a body whose values nobody can read."""

    def digest(self, element: str, body: bytes) -> str:
        """Break at a certain body."""
        if b"unreadable" in body:
            raise InvalidBody("No calendar holds this day.")
        return super().digest(element, body)


def test_a_body_that_cannot_be_read_is_parked_and_stops_nobody() -> None:
    """One request must not end the worker, whatever slipped through the checks before it."""
    world = World(contracts=UnreadableContracts())
    world.inbox.handle([booking("A-1", body=b"unreadable"), booking("A-2")])
    assert world.store.effects == ["A-2"]
    assert str(booking("A-1").id) in world.store.books.parked
    assert not world.inbox.take_unkept()


def test_a_message_that_cannot_even_be_parked_is_handed_back_once() -> None:
    """Whoever took it keeps it elsewhere; the others are handled."""

    def breaks(message: Message, unit: MemoryUnit) -> Handled:
        if message.id.reference == "A-1":
            raise ValueError("a bug")
        return books(message, unit)

    world = World(breaks)
    world.store.parks = False
    world.inbox.handle([booking("A-1"), booking("A-2")])
    assert world.store.effects == ["A-2"]
    assert [message.id.reference for message in world.inbox.take_unkept()] == ["A-1"]
    assert not world.inbox.take_unkept()


def test_a_database_that_is_away_parks_nothing() -> None:
    """A failing dependency is not the message's fault."""
    world = World()
    world.store.away = True
    with pytest.raises(DatabaseAway):
        world.inbox.handle([booking()])
    world.store.away = False
    world.inbox.handle([booking()])
    assert world.store.effects == ["A-1"]
    assert not world.store.books.parked


def waits_for_booking(message: Message, unit: MemoryUnit) -> Handled:
    """Book a placed booking; a change waits until one is there."""
    if message.id.operation == "ChangeBooking" and "A-1" not in unit.effects:
        return Handled(Answer("Refused.1", b"NO_SUCH"), "NO_SUCH_BOOKING", wait_for="booking:B")
    return books(message, unit)


def change(reference: str = "C-1") -> Message:
    """Return a change of the booking."""
    message = booking(reference, type="ChangeBooking.1")
    return message._replace(id=message.id._replace(operation="ChangeBooking"))


def test_a_change_that_overtook_its_booking_waits_for_it() -> None:
    """Transport may reorder; the order per booking is kept."""
    world = World(waits_for_booking)
    world.inbox.handle([change()])
    assert world.answers() == []
    world.inbox.handle([booking()])
    assert world.store.effects == ["A-1", "C-1"]
    assert world.answers() == [b"booked", b"booked"]


def one_after_the_other(message: Message, unit: MemoryUnit) -> Handled:
    """Book a placed booking; each change waits until all before it are done."""
    if (
        message.id.operation == "ChangeBooking"
        and message.id.reference != f"C-{len(unit.effects)}"
    ):
        return Handled(Answer("Refused.1", b"EARLY"), "VERSION_CONFLICT", wait_for="booking:B")
    return books(message, unit)


def test_however_many_wait_for_one_booking_all_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than are woken at once, the one whose turn it is last: none is left to its deadline."""
    monkeypatch.setattr("hub.inbox.WOKEN_MAX", 3)
    world = World(one_after_the_other)
    references = [f"C-{number}" for number in range(1, 9)]
    world.inbox.handle([change(reference) for reference in reversed(references)])
    world.inbox.handle([booking()])
    assert world.store.effects == ["A-1", *references]


def test_a_repeat_of_one_that_waits_is_told_so() -> None:
    """A waiting request answers PENDING and is still handled once."""
    world = World(waits_for_booking)
    world.inbox.handle([change()])
    world.inbox.handle([change()])
    assert world.answers() == [b"PENDING"]
    world.inbox.handle([booking()])
    assert world.store.effects == ["A-1", "C-1"]


def test_what_waits_too_long_is_refused_once() -> None:
    """After the deadline the refusal is the outcome, for ever."""
    world = World(waits_for_booking)
    world.inbox.handle([change()])
    world.clock.move(seconds=61)
    world.inbox.wake_due()
    assert world.answers() == [b"NO_SUCH"]
    world.inbox.handle([booking(), change()])
    assert world.store.effects == ["A-1"]
    assert world.answers() == [b"booked", b"NO_SUCH"]


def test_a_request_past_its_expiry_is_answered_and_has_no_effect() -> None:
    """Expiry is decided once, inside."""
    world = World()
    late = booking(expires_at=world.clock.now() - timedelta(seconds=1))
    world.inbox.handle([late])
    assert world.store.effects == []
    assert world.answers() == [b"REQUEST_TOO_OLD"]


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.booleans()), max_size=25))
def test_any_mixture_of_repeats_failures_and_outages_has_each_effect_at_most_once(
    steps: list[tuple[int, bool, bool]],
) -> None:
    """Each accepted request ends in exactly one outcome, however it is sent."""
    world = World()
    for number, away, alone in steps:
        world.store.away = away
        batch = [booking(f"A-{number}")] * (1 if alone else 2)
        try:
            world.inbox.handle(batch)
        except DatabaseAway:
            continue
    handled = {number for number, away, _ in steps if not away}
    assert sorted(world.store.effects) == [f"A-{number}" for number in sorted(handled)]
    states = {entry.state for entry in world.store.books.inbox.values()}
    assert states <= {InboxState.HANDLED}
