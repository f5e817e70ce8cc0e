"""The tables of a database in memory: copied for a transaction, merged after it."""

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from hub.envelope import Message, Transmission
from hub.errors import DatabaseAway
from hub.ports import InboxEntry, Taken
from hub.traffic import Target

# Told of each step before and after which a process may end, or the database may go.
Passing = Callable[[str], None]


def unhindered(_step: str) -> None:
    """Let every step pass."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A message that waits, as bytes."""

    subject: str
    deadline: datetime
    data: bytes
    taken_until: datetime | None = None

    def is_free(self, now: datetime) -> bool:
        """Return whether nobody has it on loan."""
        return self.taken_until is None or self.taken_until <= now


@dataclass(frozen=True, slots=True)
class Unsent:
    """A message in the outbox, as bytes, with the worker that is to send it and since when."""

    owner: str
    stored_at: datetime
    data: bytes


@dataclass(frozen=True, slots=True)
class Parked:
    """A parked message, as bytes."""

    reason: str
    at: datetime
    data: bytes


@dataclass(frozen=True, slots=True)
class Recorded:
    """The message of an inbox entry, its place in the order, and the body first sent."""

    number: int
    message: Message
    original: bytes


@dataclass(slots=True)
class Books:
    """The tables; messages as bytes. ``rows`` are an application's own, never changed in place."""

    inbox: dict[str, InboxEntry] = field(default_factory=dict)
    recorded: dict[str, Recorded] = field(default_factory=dict)
    waiting: dict[str, Kept] = field(default_factory=dict)
    parked: dict[str, Parked] = field(default_factory=dict)
    outbox: dict[int, Unsent] = field(default_factory=dict)
    taken: dict[int, tuple[bytes, Taken]] = field(default_factory=dict)
    reused: dict[tuple[str, Transmission], str] = field(default_factory=dict)
    handled_at: dict[str, datetime] = field(default_factory=dict)
    standing: dict[str, tuple[int, str]] = field(default_factory=dict)
    replays: dict[str, datetime] = field(default_factory=dict)
    pauses: dict[Target, bool] = field(default_factory=dict)
    rows: dict[str, Any] = field(default_factory=dict)
    effects: dict[int, str] = field(default_factory=dict)

    def marks(self) -> list[str]:
        """Return the marks of effects, in their order."""
        return [mark for _, mark in sorted(self.effects.items())]

    def copy(self) -> "Books":
        """Return tables of their own with the same rows."""
        return Books(*(dict(getattr(self, table.name)) for table in fields(self)))

    def changed(self, base: "Books") -> "Books":
        """Return these tables with the rows that differ from ``base``; None where one is gone."""
        differing = []
        for table in fields(self):
            new, old = getattr(self, table.name), getattr(base, table.name)
            rows = {key: row for key, row in new.items() if old.get(key) is not row}
            rows.update({key: None for key in old if key not in new})
            differing.append(rows)
        return Books(*differing)

    def take_on(self, changed: "Books") -> None:
        """Write what another transaction changed."""
        for table in fields(self):
            rows = getattr(self, table.name)
            for key, row in getattr(changed, table.name).items():
                if row is None:
                    rows.pop(key, None)
                else:
                    rows[key] = row


class MemoryDatabase:
    """Tables that several stores share, as workers share a database.

    ``away`` makes it one that cannot be reached, ``parks`` false one that refuses a parked
    message. ``passing`` may raise, to break off there, or let others go first.
    """

    def __init__(self, passing: Passing = unhindered) -> None:
        self.books = Books()
        self.away = False
        self.parks = True
        self.passing = passing
        self.lock = threading.RLock()
        self.numbers = itertools.count(1)

    def reach(self) -> None:
        """DatabaseAway while it is away."""
        if self.away:
            raise DatabaseAway("The database in memory has been switched off.")

    def commit(self, books: Books, base: Books, locked: set[str]) -> None:
        """Take on a transaction that began at ``base`` and read what it ``locked`` for itself.

        DatabaseAway where another that has committed meanwhile wrote one of the same rows: a
        request recorded twice, a row locked by both.
        """
        self.reach()
        if self.books is base:
            self.books = books
            return
        ours, theirs = books.changed(base), self.books.changed(base)
        for table in ("inbox", "rows", "replays"):
            wrote, written = getattr(ours, table).keys(), getattr(theirs, table).keys()
            if not (wrote | locked).isdisjoint(written):
                raise DatabaseAway("Another worker handled it first.")
        merged = self.books.copy()
        merged.take_on(ours)
        self.books = merged

    def change(self, table: str, rows: dict[Any, Any]) -> None:
        """Write rows of one table in a transaction of their own; None deletes."""
        changed = Books(**{table: rows})
        merged = self.books.copy()
        merged.take_on(changed)
        self.books = merged
