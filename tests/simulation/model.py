"""What must come of each request: the rules of booking once more, written by themselves.

It knows a message's values and times and nothing of the product; it is asked in the order in
which the outcomes were committed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

PLACES = 12
AGE_MAX = timedelta(days=7)
WAIT_MAX = timedelta(seconds=120)
BREAKS = "FAILS"
BREAKS_FOR_A_WHILE = "FLAKY"

DONE = "DONE"
MUST_WAIT = "MUST WAIT"
MUST_FAIL = "MUST FAIL"


@dataclass(slots=True)
class Expected:
    """What must be answered: a code and, where it is done, the booking as it then is."""

    code: str
    version: int = 0
    name: str = ""
    quantity: int = 0
    state: str = ""


@dataclass(slots=True)
class _Booking:
    name: str
    quantity: int
    version: int = 1
    state: str = "HELD"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it was decided."""

    sender: str
    operation: str
    reference: str
    values: Mapping[str, Any]
    accepted_at: datetime
    seen_at: datetime
    handled_at: datetime
    stood_in_line: bool


class Model:
    """The bookings that there should be."""

    def __init__(self) -> None:
        self._left = PLACES
        self._bookings: dict[tuple[str, str], _Booking] = {}
        self._not_placed: set[tuple[str, str]] = set()

    def may_be_parked(self, asked: Asked) -> bool:
        """Return whether a request may fail by itself."""
        if "Contact" not in asked.values:
            return False
        return _contents(asked.values)[0] in (BREAKS, BREAKS_FOR_A_WHILE)

    def discarded(self, asked: Asked) -> None:
        """Hear that nothing comes of a request, by somebody's decision."""
        if asked.operation == "PlaceBooking":
            self._not_placed.add((asked.sender, asked.reference))

    def outcome(self, asked: Asked) -> Expected:
        """Return what must come of a request that is decided now."""
        expected = self._decide(asked)
        if asked.operation == "PlaceBooking" and expected.code not in (DONE, MUST_FAIL):
            self._not_placed.add((asked.sender, asked.reference))
        return expected

    def _decide(self, asked: Asked) -> Expected:
        if asked.seen_at - asked.accepted_at > AGE_MAX:
            return Expected("REQUEST_TOO_OLD")
        if asked.operation == "PlaceBooking":
            return self._place(asked)
        return self._on_booking(asked)

    def _place(self, asked: Asked) -> Expected:
        name, quantity = _contents(asked.values)
        if name == BREAKS:
            return Expected(MUST_FAIL)
        if quantity > self._left:
            return Expected("SOLD_OUT")
        self._left -= quantity
        booking = self._bookings[asked.sender, asked.reference] = _Booking(name, quantity)
        return _done(booking)

    def _on_booking(self, asked: Asked) -> Expected:
        key = asked.sender, asked.values["PlacedAs"]
        booking, version = self._bookings.get(key), asked.values["Version"]
        if booking is None and key in self._not_placed:
            return Expected("NO_SUCH_BOOKING")
        if booking is None or version > booking.version:
            # The time of one that stood in line begins with its turn, by its worker's clock.
            if asked.handled_at < asked.accepted_at + WAIT_MAX and not asked.stood_in_line:
                return Expected(MUST_WAIT)
            return Expected("NO_SUCH_BOOKING" if booking is None else "VERSION_AHEAD")
        if booking.state == "CANCELLED":
            return Expected("CANCELLED")
        if version < booking.version:
            return Expected("VERSION_STALE")
        return self._become(asked, booking)

    def _become(self, asked: Asked, booking: _Booking) -> Expected:
        if asked.operation == "ChangeBooking":
            name, quantity = _contents(asked.values)
            if name == BREAKS:
                return Expected(MUST_FAIL)
            if quantity - booking.quantity > self._left:
                return Expected("SOLD_OUT")
            self._left -= quantity - booking.quantity
            booking.name, booking.quantity = name, quantity
        elif asked.operation == "CancelBooking":
            self._left += booking.quantity
            booking.state = "CANCELLED"
        else:
            booking.state = "CONFIRMED"
        booking.version += 1
        return _done(booking)


def _contents(values: Mapping[str, Any]) -> tuple[str, int]:
    return values["Contact"]["Name"], values["Lines"]["Line"][0]["Quantity"]


def _done(booking: _Booking) -> Expected:
    return Expected(DONE, booking.version, booking.name, booking.quantity, booking.state)
