"""Inbox and outbox in memory: a transaction works on a copy that is merged at its commit."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from adapters.memory.books import Books, Kept, MemoryDatabase, Parked, Recorded, Unsent
from adapters.memory.broker import dump, load
from hub.envelope import Message, RequestId, from_wire, to_wire
from hub.ports import Clock, InboxEntry, InboxState, Taken, Waiting
from hub.traffic import Target, Targets

LEASE_SECONDS = 60
TAKEOVER_SECONDS = 30
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class MemoryLine:
    """Implements ``hub.line.Line``."""

    def __init__(self, unit: "MemoryUnit", database: MemoryDatabase) -> None:
        self._unit = unit
        self._database = database

    def is_empty(self) -> bool:
        """Return whether nobody stands in any line."""
        return not self._unit.books.standing

    def ahead(self, request_id: RequestId, line: str) -> str:
        """Return the nearest request before this one in a line; empty where there is none."""
        standing = self._unit.books.standing
        own = standing.get(str(request_id))
        before = [
            (number, key)
            for key, (number, of) in standing.items()
            if of == line and (own is None or number < own[0])
        ]
        return max(before)[1] if before else ""

    def join(self, request_id: RequestId, line: str) -> None:
        """Give a request the last place of a line; one that has a place keeps it."""
        standing = self._unit.books.standing
        if str(request_id) not in standing:
            standing[str(request_id)] = next(self._database.numbers), line


class MemoryUnit:
    """Implements ``hub.ports.Unit``. A test's handler leaves its mark with ``effect``, and its
    rows in ``books.rows``.
    """

    def __init__(self, database: MemoryDatabase, owner: str, opened_at: datetime) -> None:
        self.base = database.books
        self.books = self.base.copy()
        self.locked: set[str] = set()
        self.line = MemoryLine(self, database)
        self._database = database
        self._owner = owner
        self.opened_at = opened_at

    @property
    def pauses(self) -> Targets:
        """What is paused."""
        return Targets(self.books.pauses)

    def entry(self, request_id: RequestId) -> InboxEntry | None:
        """Return the inbox entry of a request."""
        self._database.passing("entry")
        entry = self.books.inbox.get(str(request_id))
        if entry is not None and entry.state is not InboxState.HANDLED:
            self.locked.add(str(request_id))
        return entry

    def record(self, message: Message, entry: InboxEntry, handled_at: datetime) -> None:
        """Insert or replace the inbox entry; what was kept of it before goes."""
        key = str(message.id)
        self.books.inbox[key] = entry
        self.books.handled_at[key] = handled_at
        before = self.books.recorded.get(key)
        original = message.body if before is None else before.original
        self.books.recorded[key] = Recorded(next(self._database.numbers), message, original)
        self.books.waiting.pop(key, None)
        self.books.parked.pop(key, None)
        if entry.state in {InboxState.HANDLED, InboxState.WAITING}:
            self.books.standing.pop(key, None)

    def wait(self, message: Message, subject: str, deadline: datetime) -> None:
        """Keep the message until its subject is woken or the deadline passes."""
        self.books.waiting[str(message.id)] = Kept(subject, deadline, dump(to_wire(message)))

    def park(self, message: Message, entry: InboxEntry, reason: str) -> None:
        """Record the entry, and keep the message with the reason."""
        if not self._database.parks:
            raise ValueError("A row does not fit.")
        self.record(message, entry, message.accepted_at)
        kept = Parked(reason, self.opened_at, dump(to_wire(message)))
        self.books.parked[str(message.id)] = kept

    def take(self, message: Message, what: Taken) -> None:
        """Write a line into the inside book."""
        self.books.taken[next(self._database.numbers)] = (dump(to_wire(message)), what)

    def reused(self, message: Message, digest: str, at: datetime) -> None:  # noqa: ARG002
        """Record that a used reference came again with other values, each transmission once."""
        self.books.reused.setdefault((str(message.id), message.transmission), digest)

    def send(self, replies: Sequence[Message]) -> None:
        """Add messages to the outbox."""
        for message in replies:
            row = Unsent(self._owner, self.opened_at, dump(to_wire(message)))
            self.books.outbox[next(self._database.numbers)] = row

    def write(self) -> None:
        """Write what is gathered: here nothing ever is."""

    def hold(self, row: str) -> None:
        """Keep others from writing a row of the application's, there or not, until the end."""
        self.locked.add(row)

    def effect(self, mark: str) -> None:
        """Leave the mark of an effect."""
        self.books.effects[next(self._database.numbers)] = mark

    @property
    def effects(self) -> list[str]:
        """The marks as this transaction sees them, in their order."""
        return self.books.marks()

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what happens inside if it raises."""
        books = self.books.copy()
        try:
            yield
        except BaseException:
            self.books = books
            raise


class MemoryStore:
    """Implements ``hub.ports.Store``, as one worker of a database that several may share.

    Without a ``clock`` it is the only one, and every outbox row is its own. ``away`` makes the
    database one that cannot be reached, ``parks`` false one that refuses a parked message.
    """

    def __init__(
        self,
        database: MemoryDatabase | None = None,
        *,
        owner: str = "",
        clock: Clock | None = None,
    ) -> None:
        self.database = database or MemoryDatabase()
        self._owner = owner
        self._clock = clock

    @property
    def books(self) -> Books:
        """What is committed."""
        return self.database.books

    @property
    def effects(self) -> list[str]:
        """The marks of the effects that are committed, in their order."""
        return self.books.marks()

    @property
    def away(self) -> bool:
        """Whether the database cannot be reached."""
        return self.database.away

    @away.setter
    def away(self, away: bool) -> None:
        self.database.away = away

    @property
    def parks(self) -> bool:
        """Whether the database takes parked messages."""
        return self.database.parks

    @parks.setter
    def parks(self, parks: bool) -> None:
        self.database.parks = parks

    @contextmanager
    def unit(self) -> Iterator[MemoryUnit]:
        """Open a transaction; what it wrote is merged on leaving without an error."""
        database = self.database
        with database.lock:
            database.passing("begin")
            database.reach()
            unit = MemoryUnit(database, self._owner, self._now())
            yield unit
            database.passing("commit")
            database.commit(unit.books, unit.base, unit.locked)
            database.passing("committed")

    @contextmanager
    def reading(self) -> Iterator[MemoryUnit]:
        """Open a transaction that only reads."""
        self.database.passing("read")
        self.database.reach()
        yield MemoryUnit(self.database, self._owner, self._now())

    def woken(self, subjects: Sequence[str], now: datetime, limit: int) -> Sequence[Waiting]:
        """Lend waiting messages whose subject is named or whose deadline has passed."""
        database = self.database
        with database.lock:
            database.passing("lend")
            database.reach()
            chosen = {
                key: replace(one, taken_until=now + timedelta(seconds=LEASE_SECONDS))
                for key, one in self.books.waiting.items()
                if (one.subject in subjects or one.deadline <= now) and one.is_free(now)
            }
            chosen = dict(list(chosen.items())[:limit])
            if chosen:
                database.change("waiting", chosen)
            database.passing("lent")
        return [Waiting(from_wire(load(one.data)), one.deadline) for one in chosen.values()]

    def taken(self) -> Sequence[tuple[Message, Taken]]:
        """Return the lines of the inside book, oldest first."""
        lines = sorted(self.books.taken.items())
        return [(from_wire(load(data)), what) for _, (data, what) in lines]

    def unsent(self, limit: int) -> Sequence[tuple[int, Message]]:
        """Return outbox rows not yet sent, oldest first: one's own, and others' left lying."""
        database = self.database
        with database.lock:
            database.passing("unsent")
            database.reach()
            left_lying = self._now() - timedelta(seconds=TAKEOVER_SECONDS)
            rows = [
                (number, row.data)
                for number, row in sorted(self.books.outbox.items())
                if row.owner == self._owner or row.stored_at < left_lying
            ][:limit]
        return [(number, from_wire(load(data))) for number, data in rows]

    def mark_sent(self, numbers: Sequence[int], at: datetime) -> None:  # noqa: ARG002
        """Forget outbox rows that were sent."""
        database = self.database
        with database.lock:
            database.passing("mark")
            database.reach()
            database.change("outbox", dict.fromkeys(numbers))
            database.passing("marked")

    def pause(self, pause: Target) -> None:
        """Pause, as a person does."""
        with self.database.lock:
            self.database.reach()
            self.database.change("pauses", {pause: True})

    def resume(self, pause: Target) -> None:
        """End a pause and make due what it keeps, as a person does."""
        database = self.database
        with database.lock:
            database.reach()
            kept = {
                key: replace(one, deadline=self._now())
                for key, one in self.books.waiting.items()
                if one.subject == pause.subject
            }
            database.change("pauses", {pause: None})
            database.change("waiting", kept)

    def forget_answers(self, before: datetime) -> None:
        """Prune the answers of what was handled before a time."""
        database = self.database
        with database.lock:
            database.reach()
            books = database.books
            old = {
                key: replace(entry, answer=None)
                for key, entry in books.inbox.items()
                if entry.state is InboxState.HANDLED and books.handled_at[key] < before
            }
            database.change("inbox", old)

    def _now(self) -> datetime:
        return _LONG_AGO if self._clock is None else self._clock.now()
