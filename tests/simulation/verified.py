"""What evidence says of both sides, held against what really became of each transmission."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cached_property

import sqlalchemy as sa

from adapters.database.inbox_rows import book_row
from adapters.database.tables import inside_book
from adapters.quarantine import restored
from hub.envelope import Wire, transmission_of
from hub.errors import MalformedEnvelope
from hub.messages import QUARANTINE_QUEUE, Lane, message_type
from hub.notices import STOPPED
from hub.ports import Published
from internal_apps.evidence.compare import Item, Verdict, compare
from internal_apps.evidence.entries import (
    ASIDE_TIMES,
    Booked,
    Entries,
    Key,
    Period,
    Stopped,
    TakenIn,
)
from internal_apps.evidence.reading import read
from tests.simulation.books import Written, all_stopped, comparison
from tests.simulation.documents import DOCUMENTS
from tests.simulation.system import System
from tests.simulation.world import START, Instant

BOUND_SECONDS = 30.0
# As often evidence looks into the queues.
LOOK_SECONDS = 10.0
# Longer than any trouble lasts.
PATIENT_SECONDS = 200.0
ALL = Period(START - timedelta(days=1), START + timedelta(days=100_000))
_CONFIRMED = Published.CONFIRMED.value


class Verified:
    """Looks at both books of one run, as they lie there and as evidence took them in."""

    def __init__(self, system: System, corrected: set[str]) -> None:
        """``corrected``: requests that two people brought in with another body."""
        self._system = system
        self._corrected = corrected
        self._now = system.world.now()

    def too_early(self) -> Iterator[str]:
        """Yield what evidence calls lost while it may still be under way, and is not lost."""
        entries = self._read(PATIENT_SECONDS)
        found = compare(entries.booked, entries.taken, entries.stopped, entries.view)
        lost = {Key(*transmission_of(wire)) for wire in self._lost_wires() if _is_a_message(wire)}
        for item in found.items:
            if item.verdict is Verdict.LOST and item.key not in lost | self._untold:
                yield f"by evidence {item.key} is lost, and it is only under way"

    def faults(self) -> Iterator[str]:
        """Yield whatever is said otherwise than it was."""
        booked = [one for book in self._books for one in book.booked()]
        found = comparison(booked, self._taken, self._stopped, self._now)
        yield from self._wrong(found.items, {one.key for one in booked})
        confirmed = {one.key for one in booked if one.ending == _CONFIRMED}
        named = {item.key for item in found.items if item.verdict is Verdict.LOST}
        for key in (named ^ (confirmed & self._lost)) - self._untold:
            yield f"{key} was {'' if key in self._lost else 'not '}lost; the books say otherwise"
        yield from self._in_no_book(booked)
        if self._system.site.has_evidence:
            yield from self._as_evidence_has_it(booked)

    @cached_property
    def _books(self) -> Sequence[Written]:
        return list(self._system.disk.books())

    @cached_property
    def _entries(self) -> Entries:
        """What evidence has, of the moment in which all is at rest."""
        return self._read(BOUND_SECONDS)

    def _read(self, bound_seconds: float) -> Entries:
        self._mirror()
        return read(self._system.staff, ALL, self._now, bound_seconds)

    @cached_property
    def _taken(self) -> Sequence[TakenIn]:
        return self._entries.taken

    @cached_property
    def _stopped(self) -> Sequence[Stopped]:
        untaken = all_stopped(self._system.inside.notices(), Instant(self._system.world))
        return [*self._entries.stopped, *untaken]

    @cached_property
    def _lost(self) -> set[Key]:
        """What a broker lost and nobody else has."""
        lost = {Key(*transmission_of(wire)) for wire in self._lost_wires() if _is_a_message(wire)}
        there = {one.key for one in self._taken} | {one.key for one in self._stopped}
        return lost - there

    @cached_property
    def _untold(self) -> set[Key]:
        """What hubs stopped where their telling of it is lost, or lies in the quarantine."""
        refused = (wire for key, wire in self._system.inside.took if key == QUARANTINE_QUEUE)
        wires = (*self._lost_wires(), *(restored([wire]) for wire in refused))
        told = (DOCUMENTS.values(wire.body) for wire in wires if wire.type == STOPPED.key)
        return {Key(said["Origin"], said["Boot"], said["Sequence"]) for said in told}

    def _lost_wires(self) -> Iterator[Wire]:
        yield from self._system.outside.lost
        yield from self._system.inside.lost

    def _mirror(self) -> None:
        """Write the inside book in memory where it would be: beside the tables of evidence.

        What is written there is written once.
        """
        database = self._system.database
        rows = [
            book_row(message, what, database.taken_at.pop(number))
            for number, message, what in database.taken()
            if number in database.taken_at
        ]
        if rows:
            with self._system.staff.engine.begin() as connection:
                connection.execute(sa.insert(inside_book), rows)

    def _wrong(self, items: Sequence[Item], booked: set[Key]) -> Iterator[str]:
        """Nothing is named that is not so."""
        for item in items:
            known = item.key in self._untold or item.request in self._corrected
            if item.verdict in (Verdict.ALTERED, Verdict.INJECTED) and not known:
                yield f"by the books {item.key} was {item.verdict.value}: {item.detail}"
            if item.verdict is Verdict.CORRECTED and item.request not in self._corrected:
                yield f"by the books {item.key} was corrected, and nobody did"
            if item.verdict in (Verdict.AWAITED, Verdict.UNBOOKED) and item.key in booked:
                yield f"{item.key} is {item.verdict.value}, and its book is here"

    def _in_no_book(self, booked: Sequence[Booked]) -> Iterator[str]:
        known = {one.key for one in booked}
        for wire in self._system.taken_outside():
            if Key(*transmission_of(wire)) not in known:
                yield f"{transmission_of(wire)} was sent and stands in no book"
        for path in self._system.disk.broken():
            yield f"the book {path.name} was found changed"

    def _as_evidence_has_it(self, booked: Sequence[Booked]) -> Iterator[str]:
        entries, truth = self._entries, {one.key: one for one in booked}
        for found in entries.findings:
            yield f"evidence found {found.kind} in {found.boot}.{found.part}: {found.detail}"
        has = {one.key: one for one in entries.booked}
        for one in entries.booked:
            if one[:5] != truth[one.key][:5]:
                yield f"evidence has {one.key} otherwise than its book"
        must = [one for book in self._books for one in book.booked(book.acknowledged())]
        for one in must:
            if one.key not in has:
                yield f"{one.key} is on a page that was acknowledged, and evidence has it not"
            elif one.ending and has[one.key].ending != one.ending:
                yield f"evidence says that {one.key} ended {has[one.key].ending}: {one.ending}"
        for path in self._system.disk.left_behind(self._system.boots()):
            yield f"the book {path.name} of a start that has ended was never taken in"
        items = compare(entries.booked, entries.taken, entries.stopped, entries.view).items
        yield from self._wrong(items, set(has))
        yield from self._lost_by_evidence(items, has)

    def _lost_by_evidence(self, items: Sequence[Item], has: Mapping[Key, Booked]) -> Iterator[str]:
        """What is lost is named; what lies somewhere, is kept or has come is not."""
        for item in items:
            if item.key in self._untold or item.key in self._lost:
                continue
            if item.verdict in (Verdict.LOST, Verdict.IN_FLIGHT):
                yield f"by evidence {item.key} is {item.verdict.value}, and it has arrived"
        named = {item.key for item in items if item.verdict is Verdict.LOST}
        for key in self._lost & has.keys() - named:
            one = has[key]
            # By the clock of its gateway, too: one that was ahead lets us wait.
            since = max(one.known_at or one.at, one.ended_at or one.at)
            if one.ending == _CONFIRMED and self._now - since > _bound(one):
                yield f"{key} was lost and evidence does not say so"


def _bound(one: Booked) -> timedelta:
    """Return after how long it must be named: on another lane than the pages' it takes longer."""
    times = 1 if message_type(one.type).lane is Lane.REQUESTS else ASIDE_TIMES
    return timedelta(seconds=times * BOUND_SECONDS + LOOK_SECONDS)


def _is_a_message(wire: Wire) -> bool:
    try:
        transmission_of(wire)
    except MalformedEnvelope:
        return False
    return True
