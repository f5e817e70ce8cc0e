"""The database of one application, as the inbox and outbox see it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

import sqlalchemy as sa

from adapters.database.engine import Database, first
from adapters.database.inbox_rows import read_kept, read_message
from adapters.database.journal import Journal
from adapters.database.parts import text_to_message
from adapters.database.tables import OUTBOX, WAITING, inbox, message_parts, outbox, waiting
from adapters.database.unit import SqlUnit
from hub.envelope import Message
from hub.ports import Clock, Waiting

TAKEOVER_SECONDS = 30
LEASE_SECONDS = 60
FORGET_MAX = 500

_SENT = outbox.update().where(outbox.c.number == sa.bindparam("row"))
# Only the reply with the outcome names its request: those to repeats say it again, or PENDING.
_REPLIED = inbox.update().where(
    inbox.c.request_id
    == sa.select(outbox.c.request_id)
    .where(outbox.c.number == sa.bindparam("row"))
    .scalar_subquery(),
    inbox.c.replied_at.is_(None),
)
_FORGET = outbox.delete().where(outbox.c.number == sa.bindparam("row"))
_FORGET_REST = message_parts.delete().where(
    message_parts.c.kept_for == sa.bindparam("key"), message_parts.c.kind == OUTBOX
)


class InboxStore:
    """Implements ``hub.ports.Store``.

    ``owner`` is the worker's name: of several workers each sends its own outbox rows, and
    another's only when they have lain for TAKEOVER_SECONDS. Applications may share a database:
    of what waits, only requests for ``operations`` are woken; empty is all.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        owner: str = "",
        *,
        operations: Sequence[str] = (),
        journal: Journal | None = None,
    ) -> None:
        """Keep inbox and outbox in ``database``; ``journal``: told of each commit before it."""
        self.database = database
        self._operations = operations
        self._clock = clock
        self._owner = owner
        self._journal = journal

    @contextmanager
    def unit(self) -> Iterator[SqlUnit]:
        """Open a transaction; commit on leaving, undo on any error."""
        with self.database.begin() as connection:
            unit = SqlUnit(connection, self._clock.now(), self._owner)
            yield unit
            unit.finish()
            if self._journal is not None:
                self._journal.ahead(unit.taken, unit.decided)

    @contextmanager
    def reading(self) -> Iterator[SqlUnit]:
        """Open a transaction that only reads and waits for no writer."""
        with self.database.reading() as connection:
            yield SqlUnit(connection, self._clock.now(), self._owner, read_only=True)

    def woken(self, subjects: Sequence[str], now: datetime, limit: int) -> Sequence[Waiting]:
        """Take waiting messages whose subject is named or whose deadline has passed.

        A message taken is lent for LEASE_SECONDS: it is gone only when it is recorded as
        handled, and comes again if its taker dies.
        """
        due: sa.ColumnElement[bool] = waiting.c.deadline <= now
        if subjects:
            due = sa.or_(waiting.c.subject.in_(subjects), due)
        free = sa.or_(waiting.c.taken_until.is_(None), waiting.c.taken_until <= now)
        statement = (
            sa.select(waiting.c.request_id, waiting.c.deadline)
            .where(due, free)
            .order_by(waiting.c.deadline, waiting.c.request_id)
        )
        if self._operations:
            own = (waiting.c.request_id.like(f"%/{name}/%") for name in self._operations)
            statement = statement.where(sa.or_(*own))
        with self.database.reading() as connection:
            rows = connection.execute(first(connection, statement, limit)).all()
        if not rows:
            return []
        with self.database.begin() as connection:
            return [
                Waiting(read_message(connection, key, WAITING), deadline)
                for key, deadline in rows
                if _lend(connection, key, now)
            ]

    def unsent(self, limit: int) -> Sequence[tuple[int, Message]]:
        """Return outbox rows not yet marked as sent, oldest first, each with its number."""
        left_lying = self._clock.now() - timedelta(seconds=TAKEOVER_SECONDS)
        statement = (
            sa.select(outbox.c.number, outbox.c.text, outbox.c.rest_key)
            .where(
                outbox.c.sent_at.is_(None),
                sa.or_(outbox.c.owner == self._owner, outbox.c.stored_at < left_lying),
            )
            .order_by(outbox.c.number)
        )
        with self.database.reading() as connection:
            rows = connection.execute(first(connection, statement, limit)).all()
            return [
                (number, text_to_message(text + _rest(connection, key)))
                for number, text, key in rows
            ]

    def mark_sent(self, numbers: Sequence[int], at: datetime) -> None:
        """Mark outbox rows as sent, and the requests that they answer as replied to."""
        if not numbers:
            return
        rows = [{"row": number} for number in numbers]
        with self.database.begin() as connection:
            connection.execute(_SENT.values(sent_at=at), rows)
            connection.execute(_REPLIED.values(replied_at=at), rows)

    def forget_sent(self, before: datetime) -> None:
        """Delete some outbox rows that were sent before a time; call it again and again."""
        statement = sa.select(outbox.c.number, outbox.c.rest_key).where(outbox.c.sent_at < before)
        with self.database.reading() as connection:
            rows = connection.execute(first(connection, statement, FORGET_MAX)).all()
        if not rows:
            return
        rest = [{"key": row.rest_key} for row in rows if row.rest_key]
        with self.database.begin() as connection:
            if rest:
                connection.execute(_FORGET_REST, rest)
            connection.execute(_FORGET, [{"row": row.number} for row in rows])


def _lend(connection: sa.Connection, key: str, now: datetime) -> bool:
    free = sa.or_(waiting.c.taken_until.is_(None), waiting.c.taken_until <= now)
    lent = connection.execute(
        waiting.update()
        .where(waiting.c.request_id == key, free)
        .values(taken_until=now + timedelta(seconds=LEASE_SECONDS))
    )
    return lent.rowcount == 1


def _rest(connection: sa.Connection, key: str) -> str:
    return read_kept(connection, key, OUTBOX) if key else ""
