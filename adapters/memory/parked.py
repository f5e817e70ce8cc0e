"""The parked messages of a database in memory, for the shelf of them."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from adapters.memory.books import Books
from adapters.memory.broker import load
from adapters.memory.store import MemoryStore, MemoryUnit
from hub.envelope import from_wire
from hub.parked import LastReplay, Row
from hub.parking import Kept, Listing, Place, Reason
from hub.ports import InboxEntry

LAST = "last"


class MemoryRows:
    """Implements ``hub.parked.Rows``."""

    def __init__(self, unit: MemoryUnit) -> None:
        self.unit = unit
        self.opened_at = unit.opened_at

    def row(self, entry: InboxEntry) -> Row | None:
        """Return the parked message of an entry, None where it is not parked."""
        name, books = str(entry.id), self.unit.books
        parked = books.parked.get(name)
        if parked is None:
            return None
        message = from_wire(load(parked.data))
        return Row(_kept(books, name), message, books.recorded[name].original)

    def last_replay(self, subject: str) -> LastReplay:
        """Return what is known of the last; of two who ask at once the second fails."""
        books = self.unit.books
        self.unit.locked.add(LAST)
        waiting = (one.deadline for one in books.waiting.values() if one.subject == subject)
        return LastReplay(books.replays.get(LAST), max(waiting, default=None))

    def note_replay(self, due: datetime) -> None:
        """Note when the last replay is due."""
        self.unit.books.replays[LAST] = due

    def hurry(self, subject: str, now: datetime) -> None:
        """Make what waits for ``subject`` due now; whoever handles one meanwhile was first."""
        for key, one in list(self.unit.books.waiting.items()):
            if one.subject == subject:
                self.unit.books.waiting[key] = replace(one, deadline=now)
                self.unit.locked.add(key)


class MemoryParked:
    """Implements ``hub.parked.Parked``."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def listed(self, kind: str, count_max: int) -> Listing:
        """Return the oldest."""
        with self._store.reading() as unit:
            kept = [_kept(unit.books, name) for name in unit.books.parked]
        kinds = Counter(one.reason.kind for one in kept)
        asked = [one for one in kept if kind in ("", one.reason.kind)]
        return Listing(sorted(asked, key=_age)[:count_max], kinds, more=False)

    @contextmanager
    def writing(self) -> Iterator[MemoryRows]:
        """Open a transaction; commit on leaving, undo on any error."""
        with self._store.unit() as unit:
            yield MemoryRows(unit)

    @contextmanager
    def reading(self) -> Iterator[MemoryRows]:
        """Open a transaction that only reads."""
        with self._store.reading() as unit:
            yield MemoryRows(unit)


def _kept(books: Books, name: str) -> Kept:
    parked, message = books.parked[name], books.recorded[name].message
    return Kept(
        id=name,
        place=Place.PARKED,
        reason=Reason.read(parked.reason),
        request_id=name,
        type=message.type,
        transmission=str(message.transmission),
        kept_at=parked.at,
        account=message.transmission.origin,
        size_bytes=len(message.body),
    )


def _age(kept: Kept) -> tuple[float, str]:
    return (kept.kept_at.timestamp() if kept.kept_at else 0.0, kept.id)
