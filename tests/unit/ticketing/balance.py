"""The books of ticketing must balance: every place taken belongs to one live booking."""

import sqlalchemy as sa

from adapters.database import Database
from internal_apps.ticketing.tables import booking_draws, booking_lines, bookings, quota

LIVE = ("HELD", "CONFIRMED")


def unbalanced(database: Database) -> list[str]:
    """Return what does not add up: places taken, places drawn, tickets booked, capacity."""
    with database.begin() as connection:
        drawn = dict(
            connection.execute(
                sa.select(booking_draws.c.quota_number, sa.func.sum(booking_draws.c.quantity))
                .join(bookings, bookings.c.reference == booking_draws.c.reference)
                .where(bookings.c.state.in_(LIVE))
                .group_by(booking_draws.c.quota_number)
            )
            .tuples()
            .all()
        )
        booked = dict(
            connection.execute(
                sa.select(booking_lines.c.visit_day, sa.func.sum(booking_lines.c.quantity))
                .join(bookings, bookings.c.reference == booking_lines.c.reference)
                .where(bookings.c.state.in_(LIVE))
                .group_by(booking_lines.c.visit_day)
            )
            .tuples()
            .all()
        )
        rows = connection.execute(sa.select(quota)).all()
    wrong = []
    for row in rows:
        name = f"{row.visit_day} {row.ticket_type} {row.channel}"
        if row.taken > row.capacity:
            wrong.append(f"{name}: oversold, {row.taken} of {row.capacity}")
        if row.taken != drawn.get(row.number, 0):
            wrong.append(f"{name}: {row.taken} taken, {drawn.get(row.number, 0)} drawn")
        if (row.ticket_type, row.channel) == ("*", "*"):
            tickets = booked.get(row.visit_day, 0)
            if tickets != row.taken:
                wrong.append(f"{name}: {row.taken} taken, {tickets} booked")
    return wrong


def set_capacity(database: Database, day: object, capacity: int) -> None:
    """Give a day this many places over all."""
    with database.begin() as connection:
        connection.execute(
            quota.update()
            .where(quota.c.visit_day == day, quota.c.ticket_type == "*", quota.c.channel == "*")
            .values(capacity=capacity)
        )


def count_again(database: Database, day: object) -> None:
    """Repair a day that was oversold on purpose."""
    drawn = (
        sa.select(sa.func.coalesce(sa.func.sum(booking_draws.c.quantity), 0))
        .where(booking_draws.c.quota_number == quota.c.number)
        .scalar_subquery()
    )
    with database.begin() as connection:
        connection.execute(quota.update().where(quota.c.visit_day == day).values(taken=drawn))
