"""The documents of corrections go in time; who corrected what, and the digests, stay for ever."""

from contextlib import suppress
from datetime import timedelta

import sqlalchemy as sa

from adapters.database import Database, first
from hub.due import SPREAD, Due
from hub.errors import TryAgain
from hub.ports import Clock, Metrics
from internal_apps.parking.domain import State
from internal_apps.parking.tables import correction_parts, corrections

LOOK_SECONDS = 3_600.0
PRUNED_MAX = 200
_OVER = (State.REJECTED.value, State.SENT.value)


class CorrectionsPruning:
    """A chore: deletes what corrections replaced, and by what, some time after they ended.

    What still waits, for a second person or for its replay, keeps its documents.
    """

    def __init__(
        self, database: Database, clock: Clock, metrics: Metrics, *, kept_days: int
    ) -> None:
        """``kept_days`` after it was decided on a correction loses its documents; 0 is never."""
        self._database = database
        self._clock = clock
        self._metrics = metrics
        self._kept_days = kept_days
        self._is_due = Due(clock, LOOK_SECONDS, spread=SPREAD)

    def __call__(self) -> None:
        """Delete those of a few if it is time to look."""
        if not self._kept_days or not self._is_due():
            return
        # A person may be at the same rows: the next call finds them again.
        with suppress(TryAgain):
            if self._prune() < PRUNED_MAX:
                return
        self._is_due.at_once()

    def _prune(self) -> int:
        before = self._clock.now() - timedelta(days=self._kept_days)
        of = correction_parts.c.correction
        old = (
            sa.select(of)
            .join(corrections, corrections.c.number == of)
            .where(corrections.c.state.in_(_OVER), corrections.c.decided_at < before)
            .distinct()
            .order_by(of)
        )
        with self._database.begin() as connection:
            numbers = connection.execute(first(connection, old, PRUNED_MAX)).scalars().all()
            if numbers:
                connection.execute(correction_parts.delete().where(of.in_(numbers)))
        if numbers:
            self._metrics.count("lupu_parking_corrections_pruned_total", len(numbers))
        return len(numbers)
