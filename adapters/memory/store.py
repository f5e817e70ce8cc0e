"""Inbox and outbox in memory: a transaction works on a copy that replaces the whole at commit."""

import copy
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.memory.broker import dump, load
from hub.envelope import Message, RequestId, from_wire, to_wire
from hub.errors import DatabaseAway
from hub.ports import InboxEntry, InboxState, Waiting

LEASE_SECONDS = 60


@dataclass(slots=True)
class _Waiting:
    subject: str
    deadline: datetime
    data: bytes
    taken_until: datetime | None = None

    def is_free(self, now: datetime) -> bool:
        return self.taken_until is None or self.taken_until <= now


@dataclass(slots=True)
class Books:
    """What a memory store holds; messages as bytes."""

    inbox: dict[str, InboxEntry] = field(default_factory=dict)
    waiting: dict[str, "_Waiting"] = field(default_factory=dict)
    parked: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    outbox: dict[int, bytes] = field(default_factory=dict)
    next_number: int = 1


class MemoryUnit:
    """Implements ``hub.ports.Unit``. ``effects`` is where a test's handler leaves its mark."""

    def __init__(self, books: Books, effects: list[str], *, parks: bool = True) -> None:
        self._parks = parks
        self.books = books
        self.effects = effects

    def entry(self, request_id: RequestId) -> InboxEntry | None:
        """Return the inbox entry of a request."""
        return self.books.inbox.get(str(request_id))

    def record(self, message: Message, entry: InboxEntry, handled_at: datetime) -> None:  # noqa: ARG002
        """Insert or replace the inbox entry; one that no longer waits leaves the waiting room."""
        self.books.inbox[str(message.id)] = entry
        if entry.state is not InboxState.WAITING:
            self.books.waiting.pop(str(message.id), None)

    def wait(self, message: Message, subject: str, deadline: datetime) -> None:
        """Keep the message until its subject is woken or the deadline passes."""
        self.books.waiting[str(message.id)] = _Waiting(subject, deadline, dump(to_wire(message)))

    def park(self, message: Message, digest: str, reason: str) -> None:
        """Keep the original bytes with the reason."""
        if not self._parks:
            raise ValueError("A row does not fit.")
        self.books.parked[str(message.id)] = (reason, dump(to_wire(message)))
        self.record(
            message,
            InboxEntry(message.id, digest, InboxState.PARKED, None, ""),
            message.accepted_at,
        )

    def send(self, replies: Sequence[Message]) -> None:
        """Add messages to the outbox."""
        for message in replies:
            self.books.outbox[self.books.next_number] = dump(to_wire(message))
            self.books.next_number += 1

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what happens inside if it raises."""
        books, effects = copy.deepcopy(self.books), list(self.effects)
        try:
            yield
        except BaseException:
            self.books, self.effects = books, effects
            raise


class MemoryStore:
    """Implements ``hub.ports.Store``.

    ``away`` makes it a database that cannot be reached, ``parks`` false one that refuses a parked
    message.
    """

    def __init__(self) -> None:
        self.books = Books()
        self.effects: list[str] = []
        self.away = False
        self.parks = True
        self._lock = threading.RLock()

    @contextmanager
    def unit(self) -> Iterator[MemoryUnit]:
        """Open a transaction; the copy replaces the whole on leaving without an error."""
        with self._lock:
            self._reach()
            unit = MemoryUnit(copy.deepcopy(self.books), list(self.effects), parks=self.parks)
            yield unit
            self._reach()
            self.books, self.effects = unit.books, unit.effects

    def woken(self, subjects: Sequence[str], now: datetime, limit: int) -> Sequence[Waiting]:
        """Lend waiting messages whose subject is named or whose deadline has passed."""
        with self._lock:
            self._reach()
            chosen = [
                one
                for one in self.books.waiting.values()
                if (one.subject in subjects or one.deadline <= now) and one.is_free(now)
            ][:limit]
            for one in chosen:
                one.taken_until = now + timedelta(seconds=LEASE_SECONDS)
        return [Waiting(from_wire(load(one.data)), one.deadline) for one in chosen]

    def unsent(self, limit: int) -> Sequence[tuple[int, Message]]:
        """Return outbox rows not yet sent, oldest first."""
        self._reach()
        with self._lock:
            rows = sorted(self.books.outbox.items())[:limit]
        return [(number, from_wire(load(data))) for number, data in rows]

    def mark_sent(self, numbers: Sequence[int], at: datetime) -> None:  # noqa: ARG002
        """Forget outbox rows that were sent."""
        self._reach()
        with self._lock:
            for number in numbers:
                self.books.outbox.pop(number, None)

    def _reach(self) -> None:
        if self.away:
            raise DatabaseAway("The database in memory has been switched off.")
