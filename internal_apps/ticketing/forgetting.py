"""Whom a booking was for is forgotten some time after its last day; the booking itself stays."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, timedelta

import sqlalchemy as sa

from adapters.database import Database, first
from hub.due import SPREAD, Due
from hub.errors import TryAgain
from hub.ports import Clock, Metrics
from internal_apps.ticketing.domain import Contact
from internal_apps.ticketing.tables import booking_lines, bookings

# What answers say instead; their contract wants a name and a telephone.
FORGOTTEN = Contact("-", "0000", "")
FORGOTTEN_MAX = 200
LOOK_SECONDS = 3_600.0

_FORGET = (
    bookings.update()
    .where(
        bookings.c.reference == sa.bindparam("booking"),
        bookings.c.contact_name != FORGOTTEN.name,
    )
    .values(
        contact_name=FORGOTTEN.name,
        telephone=FORGOTTEN.telephone,
        telephone_digits=FORGOTTEN.telephone,
        email=FORGOTTEN.email,
    )
)


def forget(connection: sa.Connection, reference: str) -> bool:
    """Forget whom one booking was for; False where there is no such booking."""
    connection.execute(_FORGET, {"booking": reference})
    known = sa.select(bookings.c.reference).where(bookings.c.reference == reference)
    return connection.execute(known).first() is not None


class Forgetting:
    """Takes name, telephone and e-mail out of old bookings, a few rows at each call.

    Lines are gone through in the order of their days, from the oldest on and once a start; then
    it looks every hour for what has become old since. A booking goes with its last line.
    """

    def __init__(
        self, database: Database, clock: Clock, metrics: Metrics, *, kept_days: int
    ) -> None:
        """``kept_days`` after a booking's last day it is forgotten; 0 is never."""
        self._database = database
        self._clock = clock
        self._metrics = metrics
        self._kept_days = kept_days
        self._after: tuple[date, str] | None = None
        self._is_due = Due(clock, LOOK_SECONDS, spread=SPREAD)

    def __call__(self) -> None:
        """Forget a few if it is time to look."""
        if not self._kept_days or not self._is_due():
            return
        # A worker may be at the same rows: the next call finds them again.
        with suppress(TryAgain):
            before = self._clock.now().date() - timedelta(days=self._kept_days)
            lines = self._lines(before)
            self._forget(sorted({row.reference for row in lines}), before)
            if lines:
                self._after = (lines[-1].visit_day, lines[-1].reference)
            if len(lines) < FORGOTTEN_MAX:
                return
        self._is_due.at_once()

    def _lines(self, before: date) -> Sequence[sa.Row[tuple[date, str]]]:
        day, reference = booking_lines.c.visit_day, booking_lines.c.reference
        statement = (
            sa.select(day, reference).where(day < before).distinct().order_by(day, reference)
        )
        if self._after is not None:
            at, last = self._after
            later = sa.or_(day > at, sa.and_(day == at, reference > last))
            statement = statement.where(day >= at, later)
        with self._database.reading() as connection:
            return connection.execute(first(connection, statement, FORGOTTEN_MAX)).all()

    def _forget(self, references: Sequence[str], before: date) -> None:
        if not references:
            return
        reference = booking_lines.c.reference
        later = sa.select(reference).where(
            reference.in_(references), booking_lines.c.visit_day >= before
        )
        with self._database.begin() as connection:
            open_ = set(connection.execute(later).scalars())
            done = 0
            for one in references:
                if one not in open_:
                    done += connection.execute(_FORGET, {"booking": one}).rowcount
        if done:
            self._metrics.count("lupu_ticketing_forgotten_total", done)
