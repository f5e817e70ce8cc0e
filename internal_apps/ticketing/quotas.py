"""Places: a line draws from every quota row that matches it, or the booking is sold out.

Each draw is one conditional UPDATE, so no two bookings can take the same place whatever runs
beside them; rows are taken in the order of their numbers, so that bookings queue instead of
blocking each other crosswise.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date

import sqlalchemy as sa

from adapters.database import SqlUnit
from internal_apps.ticketing import refusals
from internal_apps.ticketing.domain import Wanted
from internal_apps.ticketing.refusals import no
from internal_apps.ticketing.tables import ANY, booking_draws, quota

Take = Callable[[sa.Connection, int, int], bool]

_TAKE = (
    quota.update()
    .where(
        quota.c.number == sa.bindparam("row"),
        quota.c.taken + sa.bindparam("places", type_=sa.BigInteger) <= quota.c.capacity,
    )
    .values(taken=quota.c.taken + sa.bindparam("places", type_=sa.BigInteger))
)
_GIVE = (
    quota.update()
    .where(quota.c.number == sa.bindparam("row"))
    .values(taken=quota.c.taken - sa.bindparam("places", type_=sa.BigInteger))
)
_OF_DAY = sa.select(quota.c.number, quota.c.ticket_type, quota.c.channel).where(
    quota.c.visit_day == sa.bindparam("day")
)
_DRAWN = sa.select(booking_draws.c.quota_number, booking_draws.c.quantity).where(
    booking_draws.c.reference == sa.bindparam("booking")
)


def take(connection: sa.Connection, number: int, places: int) -> bool:
    """Take places from one quota row; return whether there were enough."""
    return connection.execute(_TAKE, {"row": number, "places": places}).rowcount == 1


def needs(unit: SqlUnit, lines: Sequence[Wanted], channel: str) -> Counter[int]:
    """Return how many places the lines draw from which quota row.

    Refused where a line has no quota row at all: what is not offered is not on sale.
    """
    drawn: Counter[int] = Counter()
    for line in lines:
        matching = [
            number
            for number, ticket_type, sold_by in _rows_of(unit, line.day)
            if ticket_type in {line.ticket_type, ANY} and sold_by in {channel, ANY}
        ]
        if not matching:
            raise no(refusals.NOT_ON_SALE)
        for number in matching:
            drawn[number] += line.quantity
    return drawn


def move(
    unit: SqlUnit, had: Mapping[int, int], wanted: Mapping[int, int], taking: Take = take
) -> None:
    """Go from the places a booking has to those it wants; Refused where there are too few."""
    for number in sorted({*had, *wanted}):
        places = wanted.get(number, 0) - had.get(number, 0)
        if places > 0 and not taking(unit.connection, number, places):
            raise no(refusals.SOLD_OUT)
        if places < 0:
            unit.connection.execute(_GIVE, {"row": number, "places": -places})


def drawn_by(unit: SqlUnit, reference: str) -> Counter[int]:
    """Return which places a booking has."""
    rows = unit.connection.execute(_DRAWN, {"booking": reference})
    return Counter({row[0]: row[1] for row in rows})


def keep(unit: SqlUnit, reference: str, drawn: Mapping[int, int]) -> None:
    """Note which places a booking has."""
    for number, places in drawn.items():
        unit.add(
            booking_draws,
            {"reference": reference, "quota_number": number, "quantity": places},
        )


def forget(unit: SqlUnit, reference: str) -> None:
    """Note that a booking has no places."""
    unit.connection.execute(booking_draws.delete().where(booking_draws.c.reference == reference))


def _rows_of(unit: SqlUnit, day: date) -> Sequence[tuple[int, str, str]]:
    known = unit.memory.get(("quota", day))
    if known is None:
        rows = unit.connection.execute(_OF_DAY, {"day": day})
        known = unit.memory["quota", day] = [(row[0], row[1], row[2]) for row in rows]
    return list(known)
