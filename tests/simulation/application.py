"""A small ticketing of the simulation's own, on the rows of the store in memory.

Places are few, so that some are refused; changes name a version, so that some must wait. A contact
called ``FAILS`` breaks the handler, so that some are parked; ``FLAKY`` breaks it for a while.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from adapters.memory.store import MemoryStore, MemoryUnit
from hub.envelope import Message, RequestId
from hub.errors import Refusal, Refused
from hub.handling import Handled
from hub.inbox import DONE, Handler
from hub.ports import Answer, InboxState, Unit
from hub.queries import Query
from internal_apps.answering import refused
from tests.simulation.documents import DOCUMENTS, PRICE_FEN, contact, lines, quantity_of

PLACES = 12
WAIT_MAX = timedelta(seconds=120)
FAILS = "FAILS"
FLAKY = "FLAKY"
FLAKY_FOR = timedelta(seconds=6)
LEFT = "left"


@dataclass(frozen=True, slots=True)
class Booking:
    """A booking."""

    reference: str
    placed_as: str
    name: str
    quantity: int
    placed_at: datetime
    version: int = 1
    state: str = "HELD"


def says_no(code: str) -> Refused:
    """Return a refusal of this code."""
    return Refused(Refusal(code, "No.", "不行。", "Ask.", "请询问。"))


def row(sender: str, placed_as: str) -> str:
    """Return the key of a booking's row, which is also what others wait for."""
    return f"{sender}/{placed_as}"


class Ticketing:
    """The handlers and queries."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handlers by message type."""
        return {
            "PlaceBooking.1": self.place,
            "ChangeBooking.1": self.change,
            "ConfirmBooking.1": self.confirm,
            "CancelBooking.1": self.cancel,
        }

    def queries(self) -> Mapping[str, Query]:
        """Return the queries by message type."""
        return {"GetBooking.1": self.get}

    def place(self, message: Message, unit: Unit, now: datetime) -> Handled:
        """Take places."""
        values, memory = DOCUMENTS.values(message.body), _memory(unit)
        _break(values, message, now)
        key, quantity = row(message.id.sender, message.id.reference), quantity_of(values)
        booking = Booking(
            f"B{len(memory.books.rows):05}",
            message.id.reference,
            values["Contact"]["Name"],
            quantity,
            message.accepted_at,
        )
        memory.books.rows[key] = booking
        _take(memory, quantity)
        return self._done(message, memory, key, booking, now)

    def change(self, message: Message, unit: Unit, now: datetime) -> Handled:
        """Change name and number."""
        values = DOCUMENTS.values(message.body)

        def become(memory: MemoryUnit, booking: Booking) -> Booking:
            _break(values, message, now)
            quantity = quantity_of(values)
            _take(memory, quantity - booking.quantity)
            return replace(booking, name=values["Contact"]["Name"], quantity=quantity)

        return self._on_booking(message, unit, now, become)

    def confirm(self, message: Message, unit: Unit, now: datetime) -> Handled:
        """Turn a hold into a booking that stays."""
        return self._on_booking(
            message, unit, now, lambda _, booking: replace(booking, state="CONFIRMED")
        )

    def cancel(self, message: Message, unit: Unit, now: datetime) -> Handled:
        """Give the places back."""

        def become(memory: MemoryUnit, booking: Booking) -> Booking:
            _take(memory, -booking.quantity)
            return replace(booking, state="CANCELLED")

        return self._on_booking(message, unit, now, become)

    def get(self, message: Message) -> Answer:
        """Say what became of a request."""
        asked = DOCUMENTS.values(message.body)["AnswerTo"]
        reference = asked["RequestReference"]
        with self._store.reading() as unit:
            entry = unit.entry(RequestId(message.id.sender, asked["Operation"], reference))
        if entry is not None and entry.answer is not None:
            if entry.answer.type == "Refused.1":
                return entry.answer
            return _written("GetBooking", **DOCUMENTS.values(entry.answer.body))
        status = "NOT_KNOWN_YET" if entry is None else "PENDING"
        return _written("GetBooking", Status=status, RequestReference=reference, AskAgainSeconds=2)

    def _on_booking(self, message: Message, unit: Unit, now: datetime, become: Any) -> Handled:
        memory, values = _memory(unit), DOCUMENTS.values(message.body)
        key, asked = row(message.id.sender, values["PlacedAs"]), values["Version"]
        booking = memory.books.rows.get(key)
        if booking is None or asked > booking.version:
            return self._too_early(message, memory, key, booking, now)
        memory.hold(key)
        if booking.state == "CANCELLED":
            raise says_no("CANCELLED")
        if asked < booking.version:
            raise says_no("VERSION_STALE")
        changed = become(memory, booking)
        changed = replace(changed, version=booking.version + 1)
        memory.books.rows[key] = changed
        return self._done(message, memory, key, changed, now)

    def _too_early(
        self,
        message: Message,
        memory: MemoryUnit,
        key: str,
        booking: Booking | None,
        now: datetime,
    ) -> Handled:
        looks_again = str(message.id) in memory.books.inbox
        if looks_again or now >= message.accepted_at + WAIT_MAX:
            # It may be the last look: nobody may place or change it at this moment.
            memory.hold(key)
        sender, placed_as = message.id.sender, key.partition("/")[2]
        placed = memory.entry(RequestId(sender, "PlaceBooking", placed_as))
        if booking is None and placed is not None and placed.state is InboxState.HANDLED:
            raise says_no("NO_SUCH_BOOKING")
        code = "NO_SUCH_BOOKING" if booking is None else "VERSION_AHEAD"
        return Handled(refused(says_no(code).refusal), code, wait_for=key)

    def _done(
        self, message: Message, memory: MemoryUnit, key: str, booking: Booking, now: datetime
    ) -> Handled:
        memory.effect(f"{message.id} {key} {booking.version}")
        answer = _written(
            message.id.operation,
            Status=DONE,
            RequestReference=message.id.reference,
            Booking=_shown(booking, now),
        )
        return Handled(answer, DONE, changed=(key,), subject=booking.reference)


def _memory(unit: Unit) -> MemoryUnit:
    if not isinstance(unit, MemoryUnit):
        raise TypeError("The simulation keeps its rows in memory.")
    return unit


def line_of(message: Message, _unit: Unit) -> str:
    """Return the line in which a request stands behind others of its booking."""
    return booking_of(message)


def booking_of(message: Message) -> str:
    """Return which booking a request is about."""
    placed_as = DOCUMENTS.values(message.body).get("PlacedAs", message.id.reference)
    return row(message.id.sender, placed_as)


def _break(values: Mapping[str, Any], message: Message, now: datetime) -> None:
    name = values["Contact"]["Name"]
    if name == FAILS or (name == FLAKY and now < message.accepted_at + FLAKY_FOR):
        raise ZeroDivisionError


def _take(memory: MemoryUnit, quantity: int) -> None:
    memory.hold(LEFT)
    left = memory.books.rows.get(LEFT, PLACES) - quantity
    memory.books.rows[LEFT] = left
    if left < 0:
        raise says_no("SOLD_OUT")


def _written(operation: str, **values: Any) -> Answer:
    key = f"{operation}Response.1"
    return Answer(key, DOCUMENTS.write(key, **values))


def _shown(booking: Booking, now: datetime) -> Mapping[str, Any]:
    line = {**lines(booking.quantity)["Line"][0], "UnitPriceFen": PRICE_FEN}
    line["AmountFen"] = PRICE_FEN * booking.quantity
    return {
        "BookingReference": booking.reference,
        "Version": booking.version,
        "State": booking.state,
        "Kind": "INDIVIDUAL",
        "PlacedAs": booking.placed_as,
        "Contact": contact(booking.name),
        "Lines": {"Line": [line]},
        "TotalFen": line["AmountFen"],
        "Currency": "CNY",
        "PlacedAt": booking.placed_at,
        "ChangedAt": now,
    }
