"""Stored bodies, answers and proofs go in time; request id, digest and outcome stay for ever."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from adapters.database.engine import Database, first
from adapters.database.tables import inbox, inbox_parts
from hub.due import SPREAD, Due
from hub.envelope import RequestId
from hub.errors import TryAgain
from hub.ports import Clock, InboxState, Metrics

PRUNED_MAX = 200
LOOK_SECONDS = 60.0
ANEW_SECONDS = 86_400.0

_DELETE = inbox_parts.delete().where(
    inbox_parts.c.request_id == sa.bindparam("key"), inbox_parts.c.kind == sa.bindparam("part")
)


def requests_about(connection: sa.Connection, subject: str) -> Mapping[str, InboxState]:
    """Return every request about a business object, and where it stands."""
    found = sa.select(inbox.c.request_id, inbox.c.state).where(inbox.c.subject == subject)
    return {row.request_id: InboxState(row.state) for row in connection.execute(found)}


def forget_stored(connection: sa.Connection, request_ids: Sequence[str]) -> None:
    """Delete what is stored of these requests but request id, digest and outcome."""
    connection.execute(inbox_parts.delete().where(inbox_parts.c.request_id.in_(request_ids)))


@dataclass(slots=True)
class _Pass:
    """How far one kind has been looked through, and when to look again."""

    is_due: Due
    after: tuple[datetime, str] | None = None
    began: float = 0.0


class Pruning:
    """Deletes what was stored longer ago than its kind is kept, a few rows at each call.

    Only of requests that are handled: what waits or is parked keeps its body. A call without
    anything to do costs nothing: it looks again every minute. Each kind is looked through from
    the oldest on; what could not go yet is looked at again the next day.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        metrics: Metrics,
        *,
        kept: Mapping[str, timedelta],
        operations: Sequence[str],
    ) -> None:
        """``kept``: how long each kind of part is kept; one that is not named stays for ever.

        ``operations``: applications share a database, and each prunes its own requests.
        """
        self._database = database
        self._clock = clock
        self._metrics = metrics
        self._kept = kept
        self._operations = frozenset(operations)
        self._passes = {kind: _Pass(Due(clock, LOOK_SECONDS, spread=SPREAD)) for kind in kept}

    def __call__(self) -> None:
        """Delete a few rows of each kind if it is time to look."""
        for kind, period in self._kept.items():
            is_due = self._passes[kind].is_due
            if not is_due():
                continue
            # Another worker may be at the same rows: the next look finds what is left.
            with suppress(TryAgain):
                if self._prune(kind, self._clock.now() - period) < PRUNED_MAX:
                    continue
            is_due.at_once()

    def _prune(self, kind: str, before: datetime) -> int:
        """Return how many rows were looked at."""
        now, state = self._clock.monotonic(), self._passes[kind]
        if now - state.began >= ANEW_SECONDS:
            state.after, state.began = None, now
        rows = self._stored(kind, before, state.after)
        keys = [row.request_id for row in rows if self._may_go(row, before)]
        if keys:
            with self._database.begin() as connection:
                connection.execute(_DELETE, [{"key": key, "part": kind} for key in keys])
            self._metrics.count("lupu_inbox_pruned_total", len(keys), kind=kind)
        if rows:
            state.after = (rows[-1].stored_at, rows[-1].request_id)
        return len(rows)

    def _stored(
        self, kind: str, before: datetime, after: tuple[datetime, str] | None
    ) -> Sequence[sa.Row[tuple[str, datetime, str, datetime]]]:
        stored_at, key = inbox_parts.c.stored_at, inbox_parts.c.request_id
        statement = (
            sa.select(key, stored_at, inbox.c.state, inbox.c.handled_at)
            .join(inbox, inbox.c.request_id == key)
            .where(inbox_parts.c.kind == kind, inbox_parts.c.number == 0, stored_at < before)
            .order_by(stored_at, key)
        )
        if after is not None:
            at, last = after
            statement = statement.where(
                sa.or_(stored_at > at, sa.and_(stored_at == at, key > last)), stored_at >= at
            )
        with self._database.reading() as connection:
            return connection.execute(first(connection, statement, PRUNED_MAX)).all()

    def _may_go(self, row: sa.Row[tuple[str, datetime, str, datetime]], before: datetime) -> bool:
        handled = row.state == InboxState.HANDLED.value and row.handled_at < before
        return handled and RequestId.parse(row.request_id).operation in self._operations
