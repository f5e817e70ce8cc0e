"""The entries of both sides for a period, as the database has them."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from adapters.database import Database
from adapters.database.engine import first
from adapters.database.tables import inside_book
from hub.evidence import Closed
from hub.messages import Lane, inside_queue
from hub.ports import Taken
from internal_apps.evidence.domain import Kind
from internal_apps.evidence.entries import (
    APPLICATIONS,
    Booked,
    Cover,
    Depth,
    Entries,
    FoundWrong,
    Key,
    Period,
    Stopped,
    TakenIn,
    View,
)
from internal_apps.evidence.store import heard
from internal_apps.evidence.tables import books, findings, queues, sent, stopped

LATELY_ROWS = 500
LOOKED_SECONDS_MAX = 120.0
FINDINGS_MAX = 1_000
# Requests of the staff never cross the outside broker: no gateway's book has them.
_CROSSED = "gateway-%"
_GAPS = (Kind.PAGE_MISSING, Kind.PART_MISSING, Kind.LINE_CHANGED, Kind.BOOK_BROKEN)
_REFERENCE = re.compile(r"([A-Za-z0-9._-]{1,40})\.([0-9]{1,9})\.([0-9]{1,12})")


def read(database: Database, period: Period, now: datetime, bound_seconds: float) -> Entries:
    """Read everything of one moment."""
    with database.reading() as connection:
        gateways = heard(connection)
        view = View(
            now,
            bound_seconds,
            covers=covers(connection),
            depths=_depths(connection, now),
            passed=_passed(connection),
            applications=APPLICATIONS,
            heard={one.origin: one.heard_at for one in gateways},
        )
        return Entries(
            period,
            view,
            booked=[_booked(row) for row in connection.execute(_sent_in(period))],
            taken=[_taken(row) for row in _taken_rows(connection, period)],
            stopped=[_stopped(row) for row in _stopped_rows(connection, period)],
            findings=_findings(connection, period),
            gateways=gateways,
        )


def count(database: Database, period: Period) -> int:
    """Return how many entries of the gateways' books a period has."""
    within = _within(period, sent.c.sent_at, sent.c.origin, sent.c.type)
    with database.reading() as connection:
        found = connection.execute(sa.select(sa.func.count()).select_from(sent).where(*within))
        return int(found.scalar_one())


def _sent_in(period: Period) -> sa.Select[Any]:
    return sa.select(
        sent.c.origin,
        sent.c.boot,
        sent.c.sequence,
        sent.c.request_id,
        sent.c.type,
        sent.c.digest,
        sent.c.sent_at,
        sent.c.ending,
        sent.c.ended_at,
        sent.c.known_at,
    ).where(*_within(period, sent.c.sent_at, sent.c.origin, sent.c.type))


def _taken_rows(connection: sa.Connection, period: Period) -> Iterable[sa.Row[Any]]:
    """Yield what was taken in of what was sent then, whenever; and what nobody sent, then."""
    book = inside_book
    columns = (
        *(book.c.origin, book.c.boot, book.c.sequence, book.c.request_id),
        *(book.c.type, book.c.crossed, book.c.what, book.c.taken_at),
    )
    together = sa.and_(
        sent.c.origin == book.c.origin,
        sent.c.boot == book.c.boot,
        sent.c.sequence == book.c.sequence,
    )
    within = _within(period, sent.c.sent_at, sent.c.origin, sent.c.type)
    # Once each, also where a gateway wrote the same transmission twice.
    is_sent = sa.exists().where(together, *within)
    yield from connection.execute(sa.select(*columns).where(is_sent))
    alone = (
        *_within(period, book.c.taken_at, book.c.origin, book.c.type),
        book.c.origin.like(_CROSSED),
        ~sa.exists().where(together),
    )
    yield from connection.execute(sa.select(*columns).where(*alone))


def _stopped_rows(connection: sa.Connection, period: Period) -> Iterable[sa.Row[Any]]:
    together = sa.and_(
        sent.c.origin == stopped.c.origin,
        sent.c.boot == stopped.c.boot,
        sent.c.sequence == stopped.c.sequence,
    )
    columns = (
        *(stopped.c.origin, stopped.c.boot, stopped.c.sequence, stopped.c.request_id),
        *(stopped.c.crossed, stopped.c.reason, stopped.c.stopped_at),
    )
    within = _within(period, sent.c.sent_at, sent.c.origin, sent.c.type)
    yield from connection.execute(sa.select(*columns).where(sa.exists().where(together, *within)))
    if period.types is not None:
        return  # of what was sent by nobody the type is nobody's word
    alone = (
        *_within(period, stopped.c.stopped_at, stopped.c.origin, None),
        ~sa.exists().where(together),
    )
    yield from connection.execute(sa.select(*columns).where(*alone))


def _within(
    period: Period,
    at: sa.ColumnElement[datetime],
    origin: sa.ColumnElement[str],
    type_: sa.ColumnElement[str] | None,
) -> list[sa.ColumnElement[bool]]:
    conditions = [at >= period.since, at < period.until]
    if period.origin:
        conditions.append(origin == period.origin)
    if period.types is not None and type_ is not None:
        conditions.append(type_.in_(list(period.types)))
    return conditions


def _booked(row: sa.Row[Any]) -> Booked:
    return Booked(Key(*row[:3]), *row[3:])


def _taken(row: sa.Row[Any]) -> TakenIn:
    return TakenIn(Key(*row[:3]), *row[3:])


def _stopped(row: sa.Row[Any]) -> Stopped:
    return Stopped(Key(*row[:3]), *row[3:])


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
    fresh = {
        row.queue: Depth(row.messages, row.looked_at)
        for row in rows
        if (now - row.looked_at).total_seconds() <= LOOKED_SECONDS_MAX
    }
    owners = {inside_queue(name, Lane.REQUESTS): name for name in APPLICATIONS.values()}
    return {owners[queue]: depth for queue, depth in fresh.items() if queue in owners}


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
        application = APPLICATIONS.get(type_, "")
        passed[application] = max(at, passed.get(application, at))
    return passed


def _findings(connection: sa.Connection, period: Period) -> Sequence[FoundWrong]:
    statement = (
        sa.select(
            *(findings.c.found_at, findings.c.kind, findings.c.origin, findings.c.boot),
            *(findings.c.part, findings.c.page, findings.c.detail),
        )
        .where(*_within(period, findings.c.found_at, findings.c.origin, None))
        .order_by(findings.c.number)
    )
    rows = connection.execute(first(connection, statement, FINDINGS_MAX)).all()
    return [*(FoundWrong(*row) for row in rows), *_rewritten(connection, period)]


def _rewritten(connection: sa.Connection, period: Period) -> Iterable[FoundWrong]:
    """Yield the pages that came a second time and said something else: the inbox refused them."""
    book = inside_book
    statement = sa.select(book.c.taken_at, book.c.origin, book.c.request_id).where(
        *_within(period, book.c.taken_at, book.c.origin, None),
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
