"""The database: the inbox in memory, and the tables of the staff's in SQLite beside it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa

import internal_apps
from adapters.database import Database as SqlDatabase
from adapters.database import Migrations
from adapters.database.tables import inbox, outbox
from adapters.memory.books import Books, MemoryDatabase
from adapters.memory.broker import load
from hub.envelope import Message, from_wire
from hub.errors import DatabaseAway
from hub.ports import InboxState, Taken
from tests.simulation.chaos import Chaos
from tests.simulation.world import World

# A disk in memory where there is one.
FAST = Path("/dev/shm")
YIELDS_SECONDS = (0.002, 0.02, 0.2)
_APPLICATIONS = Path(internal_apps.__file__ or "").parent
LINES = [_APPLICATIONS / name / "versions" for name in ("evidence", "parking")]
BOOK_PAGE = "BookPage.1"
NOTE, NOTED = "note", "noted"
ENDS = ("commit", NOTE)
ENDED = ("committed", NOTED)
WRITES = (*ENDS, "lend", "mark")


@dataclass(slots=True)
class Stay:
    """From when until when a request was parked."""

    since: float
    until: float = float("inf")


class Database(MemoryDatabase):
    """The database; remembers when each outcome was committed."""

    def __init__(self, world: World, chaos: Chaos) -> None:
        super().__init__(self._passing)
        self.handled_at: dict[str, float] = {}
        self.stood_in_line: set[str] = set()
        self.parked: dict[str, list[Stay]] = {}
        self.seen_at: dict[str, datetime] = {}
        self.taken_at: dict[int, datetime] = {}
        self.full = False
        self._world = world
        self._chaos = chaos

    def commit(self, books: Books, base: Books, locked: set[str]) -> None:
        """Commit, and note what has its outcome now."""
        super().commit(books, base, locked)
        for number in books.taken.keys() - base.taken.keys():
            self.taken_at[number] = self._world.now()
        for key, entry in books.changed(base).inbox.items():
            self._note_parked(key, base, entry.state)
            self.seen_at.setdefault(key, books.handled_at[key])
            self._world.trace(f"committed {key} {entry.state.value} {entry.outcome_code}")
            if entry.state in (InboxState.BEHIND, InboxState.RETRIED):
                self.stood_in_line.add(key)
            elif entry.state is InboxState.HANDLED:
                self.handled_at.setdefault(key, self._world.seconds)

    def taken(self) -> Iterator[tuple[int, Message, Taken]]:
        """Yield the lines of the inside book, with their numbers."""
        for number, (data, what) in sorted(self.books.taken.items()):
            yield number, from_wire(load(data)), what

    def _note_parked(self, key: str, base: Books, state: InboxState) -> None:
        before, now = base.inbox.get(key), self._world.seconds
        if before is not None and before.state is InboxState.PARKED:
            self.parked[key][-1].until = now
        if state is InboxState.PARKED:
            self.parked.setdefault(key, []).append(Stay(now))

    def is_judged(self) -> bool:
        """Return whether no process is at it, but who judges."""
        return self._world.current is None

    def give_way(self) -> None:
        """Let others go first, perhaps."""
        self._world.passing()
        if self._world.is_in_thread() and self._chaos.happens("database.yields"):
            self._world.sleep(self._world.delay(self._world.random.choice(YIELDS_SECONDS)))

    def go_through(self, step: str) -> None:
        """Break off at a step, perhaps."""
        chaos = self._chaos
        chaos.at(step)
        if self.full and step in WRITES:
            raise DatabaseAway("The disk is full.")
        if step in ENDS and chaos.happens("database.deadlock"):
            raise DatabaseAway("A deadlock.")
        if step in ENDED and chaos.happens("database.commit_lost"):
            raise DatabaseAway("The answer to the commit was lost.")

    def _passing(self, step: str) -> None:
        self.give_way()
        self.go_through(step)


class StaffDatabase(SqlDatabase):
    """The real tables of the staff's work; what breaks the database breaks them too.

    Here nobody gives way in the middle of a transaction, for SQLite has one writer at a time.
    """

    def __init__(self) -> None:
        # In memory where that can be; it goes with the program.
        self._folder = TemporaryDirectory(dir=FAST if FAST.is_dir() else None)
        self._file = Path(self._folder.name) / "staff.sqlite"
        plain = SqlDatabase(f"sqlite:///{self._file}")
        Migrations(plain, LINES).upgrade()
        plain.close()
        self._empty = self._file.read_bytes()
        super().__init__(plain.url, lock_wait_seconds=0)

    @classmethod
    @cache
    def opened(cls) -> "StaffDatabase":
        """Return the one of this program: what SQLAlchemy has prepared serves every run."""
        return cls()

    def of(self, beside: Database) -> "StaffDatabase":
        """Begin a run with nothing in its tables, beside what is in memory."""
        self.close()
        for path in self._file.parent.iterdir():
            path.unlink()
        self._file.write_bytes(self._empty)
        self._beside = beside
        return self

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """Open a transaction; commit on leaving, undo on any error."""
        self._beside.give_way()
        self._beside.reach()
        with super().begin() as connection:
            yield connection
            self._beside.go_through(NOTE)
        self._beside.go_through(NOTED)

    def unsent(self) -> int:
        """Return how many messages have not left the outbox."""
        return self._count(outbox, outbox.c.sent_at.is_(None))

    def pages(self) -> int:
        """Return how many pages of books were handled."""
        return self._count(inbox, inbox.c.type == BOOK_PAGE)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Open a transaction that only reads; the judge's always can."""
        if not self._beside.is_judged():
            self._beside.give_way()
            self._beside.reach()
        with super().reading() as connection:
            yield connection

    def _count(self, table: sa.Table, which: sa.ColumnElement[bool]) -> int:
        with super().reading() as connection:
            found = sa.select(sa.func.count()).select_from(table).where(which)
            return int(connection.execute(found).scalar_one())
