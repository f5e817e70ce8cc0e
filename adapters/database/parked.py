"""The parked messages in the database, for the shelf of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from adapters.database.engine import first
from adapters.database.inbox_rows import read_kept, read_part
from adapters.database.parts import text_to_bytes, text_to_message
from adapters.database.store import InboxStore
from adapters.database.tables import BODY, PARKED, inbox, parked, replays, waiting
from adapters.database.unit import SqlUnit
from hub.parked import LastReplay, Row
from hub.parking import Kept, Listing, Place, Reason
from hub.ports import InboxEntry

_LISTED = sa.select(
    parked.c.request_id,
    parked.c.reason,
    parked.c.parked_at,
    parked.c.size_bytes,
    inbox.c.type,
    inbox.c.origin,
    inbox.c.boot,
    inbox.c.sequence,
).join(inbox, inbox.c.request_id == parked.c.request_id)
_KINDS = sa.select(parked.c.kind, sa.func.count()).group_by(parked.c.kind)
_LOCK = replays.update().values(last_due=replays.c.last_due)
_LAST = sa.select(replays.c.last_due)
_LAST_WAITING = sa.select(sa.func.max(waiting.c.deadline))


class SqlRows:
    """Implements ``hub.parked.Rows``."""

    def __init__(self, unit: SqlUnit) -> None:
        """Read and write in the transaction of ``unit``."""
        self.unit = unit
        self.opened_at = unit.opened_at

    def row(self, entry: InboxEntry) -> Row | None:
        """Return the parked message of an entry, None where it is not parked.

        Who only reads locks nothing: what was replayed, discarded or parked again while its parts
        were read may have been read in pieces, so the row is read once more behind them.
        """
        name, connection = str(entry.id), self.unit.connection
        row = self._listed(name)
        while row is not None:
            text = read_kept(connection, name, PARKED)
            original = text_to_bytes(read_part(connection, name, BODY))
            before, row = row, self._listed(name)
            if row == before:
                return Row(_kept(row), text_to_message(text), original)
        return None

    def _listed(self, name: str) -> sa.Row[Any] | None:
        found = self.unit.connection.execute(_LISTED.where(parked.c.request_id == name))
        return found.first()

    def last_replay(self, subject: str) -> LastReplay:
        """Return what is known of the last; until the commit nobody else asks."""
        run = self.unit.connection.execute
        run(_LOCK)
        waits = _LAST_WAITING.where(waiting.c.subject == subject)
        return LastReplay(run(_LAST).scalar(), run(waits).scalar())

    def note_replay(self, due: datetime) -> None:
        """Note when the last replay is due."""
        self.unit.connection.execute(replays.update().values(last_due=due))

    def hurry(self, subject: str, now: datetime) -> None:
        """Make what waits for ``subject`` due now."""
        self.unit.write()
        self.unit.connection.execute(
            waiting.update().where(waiting.c.subject == subject).values(deadline=now)
        )


class SqlParked:
    """Implements ``hub.parked.Parked``."""

    def __init__(self, store: InboxStore) -> None:
        """Look into the database of ``store``."""
        self._store = store

    def listed(self, kind: str, count_max: int) -> Listing:
        """Return the oldest; no body is looked at."""
        statement = _LISTED.order_by(parked.c.parked_at, parked.c.request_id)
        if kind:
            statement = statement.where(parked.c.kind == kind)
        with self._store.database.reading() as connection:
            rows = connection.execute(first(connection, statement, count_max)).all()
            kinds = {row[0]: row[1] for row in connection.execute(_KINDS)}
        return Listing([_kept(row) for row in rows], kinds, more=False)

    @contextmanager
    def writing(self) -> Iterator[SqlRows]:
        """Open a transaction; commit on leaving, undo on any error."""
        with self._store.unit() as unit:
            yield SqlRows(unit)

    @contextmanager
    def reading(self) -> Iterator[SqlRows]:
        """Open a transaction that only reads."""
        with self._store.reading() as unit:
            yield SqlRows(unit)


def _kept(row: sa.Row[tuple[object, ...]]) -> Kept:
    return Kept(
        id=row.request_id,
        place=Place.PARKED,
        reason=Reason.read(row.reason),
        request_id=row.request_id,
        type=row.type,
        transmission=f"{row.origin}.{row.boot}.{row.sequence}",
        kept_at=row.parked_at,
        account=row.origin,
        size_bytes=row.size_bytes or 0,
    )
