"""Reading and writing the rows of one inbox entry."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from adapters.database.parts import join, split, text_to_bytes, text_to_message
from adapters.database.tables import (
    ANSWER,
    PARKED,
    WAITING,
    inbox,
    inbox_parts,
    message_parts,
    parked,
    waiting,
)
from hub.envelope import Message, RequestId, write_hops
from hub.ports import Answer, InboxEntry, InboxState, Taken
from hub.trace import trace_id_of

TYPE_CHARACTERS_MAX = 60

_ENTRY = sa.select(
    inbox.c.digest,
    inbox.c.state,
    inbox.c.outcome_code,
    inbox.c.answer_type,
    inbox.c.subject,
    inbox.c.attempts,
).where(inbox.c.request_id == sa.bindparam("key"))
_PARTS = sa.select(inbox_parts.c.number, inbox_parts.c.text).where(
    inbox_parts.c.request_id == sa.bindparam("key"), inbox_parts.c.kind == sa.bindparam("part")
)
_LOCK = inbox.update().where(inbox.c.request_id == sa.bindparam("key")).values(state=inbox.c.state)
_DIGEST, _STATE, _OUTCOME, _ANSWER_TYPE, _SUBJECT, _ATTEMPTS = range(6)


def read_entry(connection: sa.Connection, request_id: RequestId) -> InboxEntry | None:
    """Return the stored entry of a request, with its answer where there is one."""
    key = str(request_id)
    row = connection.execute(_ENTRY, {"key": key}).first()
    if row is None:
        return None
    answer = None
    if row[_ANSWER_TYPE]:
        parts = connection.execute(_PARTS, {"key": key, "part": ANSWER}).all()
        # An empty body has a part too: none at all is one that was pruned.
        if parts:
            text = join((part[0], part[1]) for part in parts)
            answer = Answer(row[_ANSWER_TYPE], text_to_bytes(text))
    return InboxEntry(
        request_id,
        row[_DIGEST],
        InboxState(row[_STATE]),
        answer,
        row[_OUTCOME],
        subject=row[_SUBJECT],
        attempts=row[_ATTEMPTS] or 0,
    )


def read_part(connection: sa.Connection, key: str, kind: str) -> str:
    """Return a body or an answer as text; empty where it has been pruned."""
    rows = connection.execute(_PARTS, {"key": key, "part": kind})
    return join((row[0], row[1]) for row in rows)


def read_kept(connection: sa.Connection, key: str, kind: str) -> str:
    """Return a text that is kept in parts beside inbox and outbox."""
    statement = sa.select(message_parts.c.number, message_parts.c.text).where(
        message_parts.c.kept_for == key, message_parts.c.kind == kind
    )
    return join((row[0], row[1]) for row in connection.execute(statement))


def read_message(connection: sa.Connection, key: str, kind: str) -> Message:
    """Return a message that is kept in the waiting room (WAITING) or PARKED."""
    return text_to_message(read_kept(connection, key, kind))


def lock_entry(connection: sa.Connection, key: str) -> None:
    """Lock an entry until the transaction ends, in the one way every database knows."""
    connection.execute(_LOCK, {"key": key})


def inbox_row(
    message: Message, entry: InboxEntry, taken_at: datetime, handled_at: datetime
) -> dict[str, Any]:
    """Return the row that stands for an entry."""
    return {
        "request_id": str(entry.id),
        "type": message.type,
        "digest": entry.digest,
        "state": entry.state.value,
        "outcome_code": entry.outcome_code,
        "answer_type": "" if entry.answer is None else entry.answer.type,
        "subject": entry.subject,
        "attempts": entry.attempts,
        "accepted_at": message.accepted_at,
        "taken_at": taken_at,
        "handled_at": handled_at,
        "origin": message.transmission.origin,
        "boot": message.transmission.boot,
        "sequence": message.transmission.sequence,
        "hops": write_hops(message.hops),
        "sign_in": message.sign_in,
        "operator": message.operator,
    }


def book_row(message: Message, what: Taken, taken_at: datetime) -> dict[str, Any]:
    """Return a line of the inside book."""
    return {
        "origin": message.transmission.origin,
        "boot": message.transmission.boot,
        "sequence": message.transmission.sequence,
        "request_id": str(message.id),
        # Of what was refused the type may be anything.
        "type": message.type[:TYPE_CHARACTERS_MAX].encode("ascii", "replace").decode(),
        "crossed": message.crossed,
        "what": what.value,
        "taken_at": taken_at,
        "trace": trace_id_of(message.trace) or None,
    }


def part_rows(key: str, kind: str, text: str, stored_at: datetime) -> Iterator[dict[str, Any]]:
    """Return the rows that hold a body or an answer."""
    for number, part in split(text):
        row = {"request_id": key, "kind": kind, "number": number, "text": part}
        yield {**row, "stored_at": stored_at}


def update_entry(connection: sa.Connection, key: str, row: dict[str, Any]) -> None:
    """Replace an entry that is open or parked: it has no answer yet."""
    connection.execute(inbox.update().where(inbox.c.request_id == key).values(row))


def delete_kept(connection: sa.Connection, key: str, state: InboxState) -> None:
    """Let go of the message that was kept while its entry was in this state."""
    if state is InboxState.HANDLED:
        return
    table, kind = (parked, PARKED) if state is InboxState.PARKED else (waiting, WAITING)
    connection.execute(table.delete().where(table.c.request_id == key))
    connection.execute(
        message_parts.delete().where(message_parts.c.kept_for == key, message_parts.c.kind == kind)
    )
