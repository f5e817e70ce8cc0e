"""Parked messages: looked at, and released to be handled again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from adapters.database.engine import first
from adapters.database.inbox_rows import read_message
from adapters.database.store import InboxStore
from adapters.database.tables import PARKED, inbox, parked
from hub.envelope import Message, RequestId
from hub.errors import NotAllowed
from hub.ports import InboxEntry, InboxState


@dataclass(frozen=True, slots=True)
class Parked:
    """A message that failed by itself, since when, and why."""

    request_id: str
    type: str
    parked_at: datetime
    reason: str


class ParkedMessages:
    """The parked messages of one application."""

    def __init__(self, store: InboxStore) -> None:
        """Look into ``store``."""
        self._store = store

    def all(self, count_max: int = 100) -> Sequence[Parked]:
        """Return parked messages, the oldest first."""
        statement = (
            sa.select(parked.c.request_id, inbox.c.type, parked.c.parked_at, parked.c.reason)
            .join(inbox, inbox.c.request_id == parked.c.request_id)
            .order_by(parked.c.parked_at, parked.c.request_id)
        )
        with self._store.database.reading() as connection:
            rows = connection.execute(first(connection, statement, count_max)).all()
        return [Parked(*row) for row in rows]

    def message(self, request_id: str) -> Message:
        """Return a parked message as it arrived; NotAllowed where none of this id is parked."""
        with self._store.reading() as unit:
            _parked_entry(unit.entry(RequestId.parse(request_id)), request_id)
            return read_message(unit.connection, request_id, PARKED)

    def release(self, request_id: str) -> None:
        """Have a parked message handled again, at most once like any other.

        It is due at once, so the worker takes it up at its next look; if it fails again it is
        parked again.
        """
        with self._store.unit() as unit:
            entry = _parked_entry(unit.entry(RequestId.parse(request_id)), request_id)
            message = read_message(unit.connection, request_id, PARKED)
            now = unit.opened_at
            unit.record(message, replace(entry, state=InboxState.RETRIED), now)
            unit.wait(message, "", now)


def _parked_entry(entry: InboxEntry | None, request_id: str) -> InboxEntry:
    if entry is None or entry.state is not InboxState.PARKED:
        raise NotAllowed(f"No request {request_id} is parked; 'lupu parked list' shows all.")
    return entry
