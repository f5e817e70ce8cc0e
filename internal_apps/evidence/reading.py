"""The entries of both sides for a period, as the database has them."""

import heapq
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from adapters.database import Database
from adapters.database.engine import first
from adapters.database.tables import inside_book
from hub.evidence import Closed
from hub.ports import Taken
from internal_apps.evidence import statements
from internal_apps.evidence.compare import Comparison, compare_all
from internal_apps.evidence.domain import Kind
from internal_apps.evidence.entries import (
    QUEUES,
    Cover,
    Depth,
    Entries,
    FoundWrong,
    Key,
    OneSent,
    Period,
    View,
)
from internal_apps.evidence.store import heard
from internal_apps.evidence.tables import books, findings, queues, sent

LATELY_ROWS = 500
LOOKED_SECONDS_MAX = 120.0
FINDINGS_MAX = 1_000
# So many rows of each statement are held at a time.
ROWS_HELD_MAX = 1_000
_GAPS = (Kind.PAGE_MISSING, Kind.PART_MISSING, Kind.LINE_CHANGED, Kind.BOOK_BROKEN)
_REFERENCE = re.compile(r"([A-Za-z0-9._-]{1,40})\.([0-9]{1,9})\.([0-9]{1,12})")


def read(database: Database, period: Period, now: datetime, bound_seconds: float) -> Entries:
    """Read everything of one moment; it is all held: see ``count``."""
    with database.reading() as connection:
        around, run = _around(connection, period, now, bound_seconds), connection.execute
        return replace(
            around,
            booked=[statements.booked(row) for row in run(statements.booked_in(period))],
            taken=[
                statements.taken(row)
                for statement in statements.taken_in(period)
                for row in run(statement)
            ],
            stopped=[
                statements.stopped_one(row)
                for statement in statements.stopped_in(period)
                for row in run(statement)
            ],
        )


def compared(
    database: Database, period: Period, now: datetime, bound_seconds: float
) -> tuple[Entries, Comparison]:
    """Compare everything of one moment, one transmission after the other.

    Held is what is worth a look, and nothing else: the entries come without those of both books.
    """
    with database.reading() as connection:
        around = _around(connection, period, now, bound_seconds)
        return around, compare_all(partial(_one_by_one, connection, period), around.view)


def count(database: Database, period: Period) -> int:
    """Return how many entries the longer of both books has in a period."""
    with database.reading() as connection:
        counts = statements.counts_in(period)
        return max(int(connection.execute(one).scalar_one()) for one in counts)


def _around(
    connection: sa.Connection, period: Period, now: datetime, bound_seconds: float
) -> Entries:
    """Read all but the entries of both books."""
    gateways = heard(connection)
    view = view_of(connection, now, bound_seconds)
    found = _findings(connection, period)
    return Entries(
        period, view, booked=(), taken=(), stopped=(), findings=found, gateways=gateways
    )


def view_of(connection: sa.Connection, now: datetime, bound_seconds: float) -> View:
    """Return how far each side is known, as one looks now."""
    return View(
        now,
        bound_seconds,
        covers=covers(connection),
        depths=_depths(connection, now),
        passed=_passed(connection),
        queues=QUEUES,
        heard={one.origin: one.heard_at for one in heard(connection)},
    )


def _one_by_one(connection: sa.Connection, period: Period) -> Iterator[OneSent]:
    """Yield what both sides have of each transmission.

    One start of a gateway after the other, and by number: each database sorts numbers alike, and
    texts as it was set up to.
    """
    streaming = connection.execution_options(yield_per=ROWS_HELD_MAX)
    starts = {
        (str(row.origin), str(row.boot))
        for statement in statements.starts_in(period)
        for row in streaming.execute(statement)
    }
    for start in sorted(starts):
        yield from _of_start(streaming, period, *start)


def _of_start(
    connection: sa.Connection, period: Period, origin: str, boot: str
) -> Iterator[OneSent]:
    def rows(read_one: Callable[[sa.Row[Any]], Any], statement: sa.Select[Any]) -> Iterator[Any]:
        found = connection.execute(statements.of_start(statement, origin, boot))
        return map(read_one, found)

    streams = [
        rows(statements.booked, statements.booked_in(period)),
        *(rows(statements.taken, one) for one in statements.taken_in(period)),
        *(rows(statements.stopped_one, one) for one in statements.stopped_in(period)),
    ]
    for key, entries in groupby(heapq.merge(*streams, key=_key), _key):
        one = OneSent(key, [], [], [])
        for entry in entries:
            one.add(entry)
        yield one


def _key(entry: Any) -> Key:
    key: Key = entry.key
    return key


def covers(connection: sa.Connection) -> Mapping[tuple[str, str], Cover]:
    """Return how far the book of each start is here."""
    rows = connection.execute(
        sa.select(
            *(books.c.origin, books.c.boot, books.c.part, books.c.pages, books.c.closed),
            *(books.c.complete_until, books.c.complete_up_to, books.c.begun_at, books.c.heard_at),
        )
    ).all()
    torn = _torn(connection)
    found: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        found.setdefault((row.origin, row.boot), []).append(row)
    return {key: _cover(parts, whole=key not in torn) for key, parts in found.items()}


def _cover(parts: Sequence[Any], *, whole: bool) -> Cover:
    last = max(parts, key=lambda row: row.part)
    has_all = {row.part for row in parts} == set(range(1, last.part + 1))
    numbers = [row.complete_up_to for row in parts if row.complete_up_to is not None]
    times = [row.complete_until for row in parts if row.complete_until is not None]
    begun = [row.begun_at for row in parts if row.begun_at is not None]
    return Cover(
        max(numbers, default=0),
        has_all and all(row.closed for row in parts) and last.closed != Closed.NEXT,
        whole,
        max(times, default=None),
        min(begun, default=None),
        max(row.heard_at for row in parts),
        last.part,
        last.pages,
    )


def _torn(connection: sa.Connection) -> Collection[tuple[str, str]]:
    """Return the starts of whose book a piece is missing or unreadable."""
    statement = sa.select(findings.c.origin, findings.c.boot).where(findings.c.kind.in_(_GAPS))
    return {(origin, boot) for origin, boot in connection.execute(statement.distinct())}


def _depths(connection: sa.Connection, now: datetime) -> Mapping[str, Depth]:
    """Return how many messages lie in each application's queue, as far as it is known now."""
    rows = connection.execute(sa.select(queues.c.queue, queues.c.messages, queues.c.looked_at))
    return {
        row.queue: Depth(row.messages, row.looked_at)
        for row in rows
        if (now - row.looked_at).total_seconds() <= LOOKED_SECONDS_MAX
    }


def _passed(connection: sa.Connection) -> Mapping[str, datetime]:
    lately = first(
        connection,
        sa.select(inside_book.c.origin, inside_book.c.boot, inside_book.c.sequence).order_by(
            inside_book.c.number.desc()
        ),
        LATELY_ROWS,
    ).subquery()
    rows = connection.execute(
        sa.select(sent.c.type, sa.func.max(sent.c.sent_at))
        .join(
            lately,
            sa.and_(
                sent.c.origin == lately.c.origin,
                sent.c.boot == lately.c.boot,
                sent.c.sequence == lately.c.sequence,
            ),
        )
        .group_by(sent.c.type)
    )
    passed: dict[str, datetime] = {}
    for type_, at in rows:
        # It came by its own lane or by a slower one: its own is as far at the least.
        queue = next(iter(QUEUES.get(type_, ())), "")
        passed[queue] = max(at, passed.get(queue, at))
    return passed


def _findings(connection: sa.Connection, period: Period) -> Sequence[FoundWrong]:
    statement = (
        sa.select(
            *(findings.c.found_at, findings.c.kind, findings.c.origin, findings.c.boot),
            *(findings.c.part, findings.c.page, findings.c.detail),
        )
        .where(*statements.within(period, findings.c.found_at, findings.c.origin, None))
        .order_by(findings.c.number)
    )
    rows = connection.execute(first(connection, statement, FINDINGS_MAX)).all()
    return [*(FoundWrong(*row) for row in rows), *_rewritten(connection, period)]


def _rewritten(connection: sa.Connection, period: Period) -> Iterable[FoundWrong]:
    """Yield the pages that came a second time and said something else: the inbox refused them."""
    book = inside_book
    statement = sa.select(book.c.taken_at, book.c.origin, book.c.request_id).where(
        *statements.within(period, book.c.taken_at, book.c.origin, None),
        book.c.type.like("BookPage.%"),
        book.c.what == Taken.REUSED.value,
    )
    for at, origin, request in connection.execute(first(connection, statement, FINDINGS_MAX)):
        reference = request.rpartition("/")[2]
        match = _REFERENCE.fullmatch(reference)
        # Whoever has a gateway's keys gives its pages any reference.
        boot, part, page = match.groups() if match else (reference, 0, 0)
        detail = "the page came again and said something else"
        kind = Kind.PAGE_REWRITTEN.value
        yield FoundWrong(at, kind, origin, boot, int(part), int(page), detail)
