"""What a booking is, and what it may become; no database, no XML, no clock of its own."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from internal_apps.ticketing import refusals
from internal_apps.ticketing.refusals import no

CURRENCY = "CNY"


class State(enum.Enum):
    """Where a booking stands; CANCELLED and EXPIRED have given their places back."""

    HELD = "HELD"
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line as it is asked for."""

    ticket_type: str
    day: date
    quantity: int


@dataclass(frozen=True, slots=True)
class Line(Wanted):
    """A line with its price."""

    unit_price_fen: int

    @property
    def amount_fen(self) -> int:
        """Price times quantity."""
        return self.unit_price_fen * self.quantity


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom the booking is for."""

    name: str
    telephone: str
    email: str = ""


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who asks: the sender, the channel it sells through, and what it may do.

    ``sees_all`` is staff; an agent sees and changes its own bookings only.
    """

    sender: str
    channel: str
    group_allowed: bool = False
    sees_all: bool = False


@dataclass(frozen=True, slots=True)
class Booking:
    """A booking at one of its versions."""

    reference: str
    version: int
    state: State
    kind: str
    channel: str
    sender: str
    placed_as: str
    contact: Contact
    lines: tuple[Line, ...]
    hold_until: datetime | None
    placed_at: datetime
    changed_at: datetime

    @property
    def total_fen(self) -> int:
        """What all lines cost."""
        return sum(line.amount_fen for line in self.lines)

    def ended(self, now: datetime) -> bool:
        """Return whether the hold is over, swept or not."""
        over = self.hold_until is not None and self.hold_until <= now
        return self.state is State.EXPIRED or (self.state is State.HELD and over)

    def next(self, now: datetime, **changes: object) -> "Booking":
        """Return the booking's next version."""
        return replace(self, version=self.version + 1, changed_at=now, **changes)  # type: ignore[arg-type]


def check_open(booking: Booking, now: datetime) -> None:
    """Refused where the booking can no longer be changed."""
    if booking.ended(now):
        raise no(refusals.HOLD_ENDED, booking.reference)
    if booking.state is State.CANCELLED:
        raise no(refusals.BOOKING_CLOSED, booking.reference)


def check_version(booking: Booking, asked: int) -> None:
    """Refused where the request was made for another version than the present one."""
    if asked != booking.version:
        raise no(
            refusals.VERSION_CONFLICT, booking.reference, present=booking.version, asked=asked
        )


def may_see(buyer: Buyer, booking: Booking) -> bool:
    """Return whether the booking is the buyer's to see and change."""
    return buyer.sees_all or booking.sender == buyer.sender


def quantity(lines: Sequence[Wanted]) -> int:
    """Return how many tickets the lines are together."""
    return sum(line.quantity for line in lines)
