"""One open transaction: inbox marks, outbox rows and the application's own rows together."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from adapters.database.engine import DB2
from adapters.database.errors import Meaning, away, meaning
from adapters.database.inbox_rows import (
    book_row,
    delete_kept,
    inbox_row,
    lock_entry,
    part_rows,
    read_entry,
    update_entry,
)
from adapters.database.line import SqlLine
from adapters.database.parts import bytes_to_text, message_to_text, split
from adapters.database.pending import Pending, RacedError
from adapters.database.reused import reused_row
from adapters.database.tables import (
    ANSWER,
    BODY,
    OUTBOX,
    PARKED,
    PROOF,
    WAITING,
    inbox,
    inbox_parts,
    inside_book,
    message_parts,
    outbox,
    parked,
    reused,
    waiting,
)
from adapters.database.traffic import read_pauses
from hub.envelope import Message, RequestId
from hub.errors import DatabaseAway
from hub.parking import REASON_CHARACTERS_MAX, Reason
from hub.ports import InboxEntry, InboxState, Taken
from hub.traffic import Targets

_OUT_OF_LINE = frozenset({InboxState.HANDLED, InboxState.WAITING})


class SqlUnit:
    """Implements ``hub.ports.Unit``; the application works on ``connection`` beside it.

    ``add`` gathers rows and inserts them in bulk before the commit; call ``write`` before
    reading a table that rows were added to. ``memory`` keeps what was read once in this
    transaction and does not change in it.
    """

    def __init__(
        self,
        connection: sa.Connection,
        opened_at: datetime,
        owner: str = "",
        *,
        read_only: bool = False,
    ) -> None:
        """Work in the transaction that ``connection`` has open; ``read_only`` locks nothing."""
        self.connection = connection
        self.opened_at = opened_at
        self.memory: dict[object, Any] = {}
        self._owner = owner
        self._read_only = read_only
        self._cursor = connection.connection.cursor()
        self._driver_error: type[Exception] = connection.dialect.loaded_dbapi.Error
        self._pending = Pending(connection)
        self.line = SqlLine(connection, self._pending)
        self._fresh: dict[str, InboxEntry] = {}
        self._stored: dict[str, InboxState] = {}
        self._pauses: Targets | None = None
        self._depth = 0
        self._abandoned: Exception | None = None
        # What a journal writes before the commit.
        self.taken: list[tuple[Message, Taken]] = []
        self.decided: list[InboxEntry] = []

    @property
    def pauses(self) -> Targets:
        """What is paused, read once a transaction: it is asked for every message."""
        if self._pauses is None:
            self._pauses = read_pauses(self.connection)
        return self._pauses

    def entry(self, request_id: RequestId) -> InboxEntry | None:
        """Return the inbox entry of a request.

        One that is still open is locked. One that is not there cannot be locked: of two
        workers that race, the second fails at commit, for the request id is unique.
        """
        key = str(request_id)
        fresh = self._fresh.get(key)
        if fresh is not None:
            return fresh
        entry = read_entry(self.connection, request_id)
        if self._read_only or entry is None:
            return entry
        if entry.state is not InboxState.HANDLED:
            lock_entry(self.connection, key)
            entry = read_entry(self.connection, request_id)
        if entry is not None:
            self._stored[key] = entry.state
        return entry

    def record(self, message: Message, entry: InboxEntry, handled_at: datetime) -> None:
        """Insert or replace the inbox entry, with the message's transmission, hops and times."""
        key = str(entry.id)
        self._fresh[key] = entry
        row = inbox_row(message, entry, self.opened_at, handled_at)
        if key in self._stored:
            self.write()
            update_entry(self.connection, key, row)
            delete_kept(self.connection, key, self._stored[key])
        else:
            self.add(inbox, row)
            for part in part_rows(key, BODY, bytes_to_text(message.body), self.opened_at):
                self.add(inbox_parts, part)
            if message.proof:
                for part in part_rows(key, PROOF, bytes_to_text(message.proof), self.opened_at):
                    self.add(inbox_parts, part)
        self._stored[key] = entry.state
        if entry.state is InboxState.HANDLED:
            self.decided.append(entry)
        if entry.state in _OUT_OF_LINE:
            self.line.leave(key)
        if entry.answer is not None:
            text = bytes_to_text(entry.answer.body)
            for part in part_rows(key, ANSWER, text, self.opened_at):
                self.add(inbox_parts, part)

    def wait(self, message: Message, subject: str, deadline: datetime) -> None:
        """Keep the message until its subject is woken or the deadline passes."""
        key = str(message.id)
        self.write()
        delete_kept(self.connection, key, InboxState.WAITING)
        self.add(
            waiting,
            {"request_id": key, "subject": subject, "deadline": deadline, "taken_until": None},
        )
        self._keep(key, WAITING, message)

    def park(self, message: Message, entry: InboxEntry, reason: str) -> None:
        """Record ``entry``, which is PARKED, and keep the message for a person with its reason."""
        key = str(message.id)
        self.entry(message.id)
        self.record(message, entry, self.opened_at)
        self.write()
        delete_kept(self.connection, key, InboxState.PARKED)
        self.add(
            parked,
            {
                "request_id": key,
                "reason": reason[:REASON_CHARACTERS_MAX],
                "kind": Reason.read(reason).kind,
                "size_bytes": len(message.body),
                "parked_at": self.opened_at,
            },
        )
        self._keep(key, PARKED, message)

    def take(self, message: Message, what: Taken) -> None:
        """Write into the inside book that this transmission was taken in."""
        self.taken.append((message, what))
        self.add(inside_book, book_row(message, what, self.opened_at))

    def reused(self, message: Message, digest: str, at: datetime) -> None:
        """Record that a used reference came again with other values, each transmission once."""
        self.write()
        row = reused_row(self.connection, message, digest, at)
        if row is not None:
            self.add(reused, row)

    def send(self, replies: Sequence[Message]) -> None:
        """Add messages to the outbox; they leave only if the transaction commits."""
        for reply in replies:
            (_, text), *rest = split(message_to_text(reply))
            rest_key = secrets.token_hex(16) if rest else ""
            self.add(
                outbox,
                {
                    "owner": self._owner,
                    "stored_at": self.opened_at,
                    "sent_at": None,
                    "rest_key": rest_key,
                    "text": text,
                    "request_id": str(reply.id) if self._is_outcome(reply) else "",
                },
            )
            for number, more in rest:
                self._part(rest_key, OUTBOX, number, more)

    def _is_outcome(self, reply: Message) -> bool:
        """Whether this is what was just recorded, and not an answer to a repeat of it."""
        entry = self._fresh.get(str(reply.id))
        answer = None if entry is None else entry.answer
        return answer is not None and (answer.type, answer.body) == (reply.type, reply.body)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what happens inside if it raises."""
        marks, known = self._pending.marks(), (dict(self._fresh), dict(self._stored))
        name = f"m{self._depth}"
        self._run(f"SAVEPOINT {name}")
        self._depth += 1
        try:
            yield
        except BaseException as error:
            self._depth -= 1
            self._pending.undo(marks)
            self._fresh, self._stored = known
            self._undo(name, error)
            raise
        self._depth -= 1
        self._run(f"RELEASE SAVEPOINT {name}")

    def add(self, table: sa.Table, row: Mapping[str, Any]) -> None:
        """Insert a row of the application's own before the transaction ends."""
        self._pending.add(table, row)

    def write(self) -> None:
        """Insert what was added; a request that another worker recorded is a DatabaseAway."""
        try:
            self._pending.write()
        except RacedError as error:
            self._abandoned = DatabaseAway("Another worker handled it first.")
            raise self._abandoned from error

    def finish(self) -> None:
        """Write what is left; raises the error that has spoiled the transaction, if any."""
        if self._abandoned is not None:
            raise self._abandoned
        self.write()

    def _keep(self, key: str, kind: str, message: Message) -> None:
        for number, text in split(message_to_text(message)):
            self._part(key, kind, number, text)

    def _part(self, key: str, kind: str, number: int, text: str) -> None:
        row = {"kept_for": key, "kind": kind, "number": number, "text": text}
        self.add(message_parts, row)

    def _undo(self, name: str, error: BaseException) -> None:
        if isinstance(error, sa.exc.SQLAlchemyError):
            kind = meaning(error)
            if kind is Meaning.AWAY:
                self._abandoned = away(error)
                raise self._abandoned from error
            if kind is Meaning.FAULT:
                self._abandoned = error
        if isinstance(error, DatabaseAway):
            self._abandoned = error
        if self._abandoned is None:
            self._run(f"ROLLBACK TO SAVEPOINT {name}")
            self._run(f"RELEASE SAVEPOINT {name}")

    def _run(self, statement: str) -> None:
        if statement.startswith("SAVEPOINT") and self.connection.dialect.name == DB2:
            statement += " ON ROLLBACK RETAIN CURSORS"
        # Twice for every message: on the driver's own cursor it costs a tenth.
        try:
            self._cursor.execute(statement)
        except self._driver_error as error:
            self._abandoned = DatabaseAway(f"A savepoint failed ({type(error).__name__}).")
            raise self._abandoned from error
