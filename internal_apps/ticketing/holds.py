"""Holds that are over give their places back: once, whoever notices first."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from adapters.database import InboxStore, SqlUnit, first
from hub.ports import Clock
from internal_apps.ticketing import quotas, store
from internal_apps.ticketing.domain import State
from internal_apps.ticketing.tables import bookings

SWEEP_MAX = 100


class Sweep:
    """Ends holds that are over, some at a time."""

    def __init__(self, inbox_store: InboxStore, clock: Clock) -> None:
        self._store = inbox_store
        self._clock = clock

    def __call__(self) -> None:
        """End every hold that is over by now."""
        while self.some() == SWEEP_MAX:
            continue

    def some(self) -> int:
        """End at most SWEEP_MAX holds and return how many were looked at."""
        now = self._clock.now()
        due = self._due(now)
        if due:
            with self._store.unit() as unit:
                end_holds(unit, due, now)
        return len(due)

    def _due(self, now: datetime) -> Sequence[str]:
        statement = (
            sa.select(bookings.c.reference)
            .where(bookings.c.state == State.HELD.value, bookings.c.hold_until <= now)
            .order_by(bookings.c.hold_until, bookings.c.reference)
        )
        with self._store.database.reading() as connection:
            return list(connection.execute(first(connection, statement, SWEEP_MAX)).scalars())


def end_hold(unit: SqlUnit, reference: str, now: datetime) -> bool:
    """End one hold that is over; False where it was confirmed, cancelled or ended before."""
    return end_holds(unit, [reference], now) == 1


def end_holds(unit: SqlUnit, references: Sequence[str], now: datetime) -> int:
    """End holds and return how many; places go back in the order in which bookings take them."""
    unit.write()
    given: Counter[int] = Counter()
    ended = [one for one in sorted(references) if store.expire(unit, one, now)]
    for reference in ended:
        given += quotas.drawn_by(unit, reference)
        quotas.forget(unit, reference)
    quotas.move(unit, given, {})
    return len(ended)
