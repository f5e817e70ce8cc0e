"""Bookings in the database."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from adapters.database import SqlUnit
from adapters.database.columns import UtcTime
from internal_apps.ticketing import quotas
from internal_apps.ticketing.domain import Booking, Contact, Line, State
from internal_apps.ticketing.tables import booking_lines, bookings

_BY_REFERENCE = sa.select(bookings).where(bookings.c.reference == sa.bindparam("booking"))
_BY_PLACED = sa.select(bookings).where(
    bookings.c.sender == sa.bindparam("by"), bookings.c.placed_as == sa.bindparam("reference_of")
)
_LINES = (
    sa.select(booking_lines)
    .where(booking_lines.c.reference == sa.bindparam("booking"))
    .order_by(booking_lines.c.line)
)
_NOW = sa.bindparam("now", type_=UtcTime)
_EXPIRE = (
    bookings.update()
    .where(
        bookings.c.reference == sa.bindparam("booking"),
        bookings.c.state == State.HELD.value,
        bookings.c.hold_until <= _NOW,
    )
    .values(state=State.EXPIRED.value, version=bookings.c.version + 1, changed_at=_NOW)
)


def place(unit: SqlUnit, booking: Booking, drawn: Mapping[int, int]) -> None:
    """Store a new booking with its lines and places."""
    unit.add(bookings, {"reference": booking.reference, **_row(booking)})
    _add_lines(unit, booking)
    quotas.keep(unit, booking.reference, drawn)


def find(unit: SqlUnit, reference: str) -> Booking | None:
    """Return the booking of a reference, or None."""
    unit.write()
    key = {"booking": reference}
    row = unit.connection.execute(_BY_REFERENCE, key).first()
    while row is not None:
        booking = _booking(unit.connection, row)
        # Its lines may have been changed since its row was read.
        row = unit.connection.execute(_BY_REFERENCE, key).first()
        if row is not None and row.version == booking.version:
            return booking
    return None


def find_placed(unit: SqlUnit, sender: str, placed_as: str) -> Booking | None:
    """Return the booking that a sender placed under its own reference, or None."""
    unit.write()
    key = {"by": sender, "reference_of": placed_as}
    row = unit.connection.execute(_BY_PLACED, key).first()
    return None if row is None else _booking(unit.connection, row)


def replace(unit: SqlUnit, old: Booking, new: Booking) -> bool:
    """Put a booking's next version in the place of the one read; False where it has moved on."""
    changed = unit.connection.execute(
        bookings.update()
        .where(bookings.c.reference == old.reference, bookings.c.version == old.version)
        .values(_row(new))
    )
    if changed.rowcount != 1:
        return False
    if new.lines != old.lines:
        unit.connection.execute(
            booking_lines.delete().where(booking_lines.c.reference == old.reference)
        )
        _add_lines(unit, new)
    return True


def expire(unit: SqlUnit, reference: str, now: datetime) -> bool:
    """End a hold that is over; False where it was confirmed, cancelled or ended before."""
    ended = unit.connection.execute(_EXPIRE, {"booking": reference, "now": now})
    return ended.rowcount == 1


def digits(telephone: str) -> str:
    """Return a telephone number as it is searched for: its digits."""
    return "".join(filter(str.isdigit, telephone))


def _add_lines(unit: SqlUnit, booking: Booking) -> None:
    for number, line in enumerate(booking.lines, start=1):
        unit.add(
            booking_lines,
            {
                "reference": booking.reference,
                "line": number,
                "ticket_type": line.ticket_type,
                "visit_day": line.day,
                "quantity": line.quantity,
                "unit_price_fen": line.unit_price_fen,
            },
        )


def _row(booking: Booking) -> dict[str, Any]:
    return {
        "version": booking.version,
        "state": booking.state.value,
        "kind": booking.kind,
        "channel": booking.channel,
        "sender": booking.sender,
        "placed_as": booking.placed_as,
        "contact_name": booking.contact.name,
        "telephone": booking.contact.telephone,
        "telephone_digits": digits(booking.contact.telephone),
        "email": booking.contact.email,
        "hold_until": booking.hold_until,
        "placed_at": booking.placed_at,
        "changed_at": booking.changed_at,
    }


def _booking(connection: sa.Connection, row: sa.Row[Any]) -> Booking:
    lines = connection.execute(_LINES, {"booking": row.reference})
    return Booking(
        reference=row.reference,
        version=row.version,
        state=State(row.state),
        kind=row.kind,
        channel=row.channel,
        sender=row.sender,
        placed_as=row.placed_as,
        contact=Contact(row.contact_name, row.telephone, row.email),
        lines=tuple(
            Line(line.ticket_type, line.visit_day, line.quantity, line.unit_price_fen)
            for line in lines
        ),
        hold_until=row.hold_until,
        placed_at=row.placed_at,
        changed_at=row.changed_at,
    )
