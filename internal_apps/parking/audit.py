"""The audit trail: append-only, each entry's hash covers the one before.

Nobody who changes, removes or inserts a row stays unnoticed: ``verify`` reads the whole chain.
Who could write the whole chain anew is found out by the head, noted elsewhere.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

import sqlalchemy as sa

from adapters.database import Database, first
from hub.ports import Clock
from internal_apps.parking.domain import NO_HASH, Entry, Head, What
from internal_apps.parking.tables import (
    FACTS_CHARACTERS_MAX,
    HEAD,
    WHY_CHARACTERS_MAX,
    audit,
    audit_head,
)

FAULTS_MAX = 20
READ_MAX = 1_000

_LOCK = audit_head.update().where(audit_head.c.id == HEAD).values(number=audit_head.c.number)
_READ = sa.select(audit_head.c.number, audit_head.c.hash).where(audit_head.c.id == HEAD)


@dataclass(frozen=True, slots=True)
class Note:
    """What is to be written down."""

    who: str
    what: What
    place: str = ""
    name: str = ""
    why: str = ""
    facts: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What reading the whole chain found; no faults: it is whole."""

    entries: int
    head: Head
    faults: Sequence[str]


class AuditTrail:
    """The audit trail in the database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Keep it in ``database``."""
        self._database = database
        self._clock = clock

    def append(self, note: Note, connection: sa.Connection | None = None) -> Entry:
        """Write an entry at the end; in the transaction of ``connection`` if there is one."""
        if connection is not None:
            return self._append(note, connection)
        with self._database.begin() as own:
            return self._append(note, own)

    def head(self) -> Head:
        """Return the end of the trail, to be noted elsewhere."""
        with self._database.reading() as connection:
            return _head(connection)

    def entries(self, count: int, *, before: int | None = None, name: str = "") -> Sequence[Entry]:
        """Return entries, the last first; those before a number; those about one message."""
        statement = sa.select(audit).order_by(audit.c.number.desc())
        if before is not None:
            statement = statement.where(audit.c.number < before)
        if name:
            statement = statement.where(audit.c.name == name)
        with self._database.reading() as connection:
            return [_entry(row) for row in connection.execute(first(connection, statement, count))]

    def exported(self, connection: sa.Connection | None = None, after: int = 0) -> Iterator[Entry]:
        """Return every entry after a number, the first first; so many are read at a time."""
        while True:
            statement = sa.select(audit).where(audit.c.number > after).order_by(audit.c.number)
            with self._reading(connection) as reading:
                rows = reading.execute(first(reading, statement, READ_MAX)).all()
            yield from (_entry(row) for row in rows)
            if len(rows) < READ_MAX:
                return
            after = rows[-1].number

    def verify(
        self, noted: Sequence[Head] = (), connection: sa.Connection | None = None
    ) -> Verdict:
        """Read the whole chain; ``noted`` are heads that were written down elsewhere."""
        with self._reading(connection) as reading:
            return self._verified(noted, reading)

    def verify_since(self, noted: Head) -> Verdict:
        """Read what was written since a head was noted, with the entry that it names."""
        with self._database.reading() as reading:
            return self._verified([noted], reading, max(noted.number - 1, 0))

    def _verified(self, noted: Sequence[Head], reading: sa.Connection, after: int = 0) -> Verdict:
        stored = _head(reading)
        wanted: dict[int, set[str]] = {}
        for head in noted:
            wanted.setdefault(head.number, set()).add(head.hash)
        last, faults, count = Head(after, NO_HASH), list[str](), 0
        for entry in self.exported(reading, after):
            count += 1
            if after and entry.number == after + 1:
                last = Head(after, entry.previous)  # what is before it is not read
            faults += _faults(entry, last)
            if wanted.pop(entry.number, {entry.hash}) != {entry.hash}:
                faults.append(f"Entry {entry.number} is not the one that was noted elsewhere.")
            if entry.number == stored.number and entry.hash != stored.hash:
                faults.append(f"Entry {entry.number} is not the one that was written last.")
            last = Head(entry.number, entry.hash)
            if len(faults) >= FAULTS_MAX:
                return Verdict(count, last, faults)
        faults += [
            f"Entry {number} was noted elsewhere and is gone." for number in wanted if number
        ]
        if stored.number > last.number:
            faults.append(f"The entries after {last.number} are gone, up to {stored.number}.")
        # Where not all is read of one moment, one may have been written meanwhile.
        now = _head(reading)
        if now.number < last.number:
            faults.append(f"The end is said to be entry {now.number}, and {last.number} follows.")
        if reading.execute(_READ).first() is None:
            faults.append("The row that says where the trail ends is gone.")
        return Verdict(count, last, faults)

    def _reading(self, connection: sa.Connection | None) -> AbstractContextManager[sa.Connection]:
        return self._database.reading() if connection is None else nullcontext(connection)

    def _append(self, note: Note, connection: sa.Connection) -> Entry:
        connection.execute(_LOCK)
        head = _head(connection)
        facts = json.dumps(note.facts or {}, ensure_ascii=True, sort_keys=True)
        entry = Entry(
            head.number + 1,
            self._clock.now(),
            note.who,
            note.what.value,
            note.place,
            note.name,
            note.why[:WHY_CHARACTERS_MAX],
            facts[:FACTS_CHARACTERS_MAX],
            head.hash,
        )
        entry = replace(entry, hash=entry.hashed())
        row = {name: getattr(entry, name) for name in audit.columns.keys()}  # noqa: SIM118
        connection.execute(audit.insert().values(row))
        connection.execute(
            audit_head.update()
            .where(audit_head.c.id == HEAD)
            .values(number=entry.number, hash=entry.hash)
        )
        return entry


def _faults(entry: Entry, last: Head) -> Iterator[str]:
    if entry.number != last.number + 1:
        yield f"Entries {last.number + 1} to {entry.number - 1} are gone."
    elif entry.previous != last.hash:
        yield f"Entry {entry.number} does not follow the one before it: one was put in or changed."
    if entry.hash != entry.hashed():
        yield f"Entry {entry.number} was changed."


def _head(connection: sa.Connection) -> Head:
    row = connection.execute(_READ).first()
    return Head(0, NO_HASH) if row is None else Head(row.number, row.hash)


def _entry(row: sa.Row[tuple[object, ...]]) -> Entry:
    return Entry(**row._mapping)  # noqa: SLF001
