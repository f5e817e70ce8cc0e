"""What a comparison asks of the database: the entries of each side for a period, as statements.

Of what was sent in the period all that became of it is asked, whenever that was; of what nobody
had sent, what came in the period.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from adapters.database.tables import inside_book
from internal_apps.evidence.entries import Booked, Key, Period, Stopped, TakenIn
from internal_apps.evidence.tables import sent, stopped

# Requests of the staff never cross the outside broker: no gateway's book has them.
_CROSSED = "gateway-%"
_NAME = ("origin", "boot", "sequence")
_SENT = ("request_id", "type", "digest", "sent_at", "ending", "ended_at", "known_at")
_TAKEN = ("request_id", "type", "crossed", "what", "taken_at")
_STOPPED = ("request_id", "crossed", "reason", "stopped_at")


def all_booked() -> sa.Select[Any]:
    """Return what gateways' books have, of all time: to be narrowed."""
    return _columns(sent, _SENT)


def all_taken() -> sa.Select[Any]:
    """Return what the inside book has, of all time: to be narrowed."""
    return _columns(inside_book, _TAKEN)


def all_stopped() -> sa.Select[Any]:
    """Return what guards stopped, of all time: to be narrowed."""
    return _columns(stopped, _STOPPED)


def booked_in(period: Period) -> sa.Select[Any]:
    """Return what gateways sent."""
    return _columns(sent, _SENT).where(*_sent_within(period))


def taken_in(period: Period) -> Sequence[sa.Select[Any]]:
    """Return what was taken in of what gateways sent, and what was although none had sent it."""
    alone = (
        *within(period, inside_book.c.taken_at, inside_book.c.origin, inside_book.c.type),
        inside_book.c.origin.like(_CROSSED),
        ~sa.exists().where(_same(inside_book)),
    )
    # Once each, also where a gateway wrote the same transmission twice.
    of_sent = sa.exists().where(_same(inside_book), *_sent_within(period))
    taken = _columns(inside_book, _TAKEN)
    return taken.where(of_sent), taken.where(*alone)


def stopped_in(period: Period) -> Sequence[sa.Select[Any]]:
    """Return what was stopped of what gateways sent, and what was although none had sent it."""
    rows = _columns(stopped, _STOPPED)
    of_sent = rows.where(sa.exists().where(_same(stopped), *_sent_within(period)))
    if period.types is not None:
        return (of_sent,)  # of what was sent by nobody the type is nobody's word
    alone = within(period, stopped.c.stopped_at, stopped.c.origin, None)
    return of_sent, rows.where(*alone, ~sa.exists().where(_same(stopped)))


def starts_in(period: Period) -> Sequence[sa.Select[Any]]:
    """Return the starts of gateways, by origin and boot, of which there may be entries."""
    book = inside_book.c
    return (
        _starts(sent, *_sent_within(period)),
        _starts(
            inside_book,
            *within(period, book.taken_at, book.origin, book.type),
            book.origin.like(_CROSSED),
        ),
        _starts(stopped, *within(period, stopped.c.stopped_at, stopped.c.origin, None)),
    )


def counts_in(period: Period) -> Sequence[sa.Select[Any]]:
    """Return how many entries each side's book has."""
    book, counted = inside_book.c, sa.select(sa.func.count())
    return (
        counted.select_from(sent).where(*_sent_within(period)),
        counted.select_from(inside_book).where(
            *within(period, book.taken_at, book.origin, book.type), book.origin.like(_CROSSED)
        ),
    )


def of_start(statement: sa.Select[Any], origin: str, boot: str) -> sa.Select[Any]:
    """Return what is of one start, by sequence."""
    table = statement.get_final_froms()[0]
    return statement.where(table.c.origin == origin, table.c.boot == boot).order_by(
        table.c.sequence, table.c.number
    )


def booked(row: sa.Row[Any]) -> Booked:
    """Read a row."""
    return Booked(Key(*row[:3]), *row[3:])


def taken(row: sa.Row[Any]) -> TakenIn:
    """Read a row."""
    return TakenIn(Key(*row[:3]), *row[3:])


def stopped_one(row: sa.Row[Any]) -> Stopped:
    """Read a row."""
    return Stopped(Key(*row[:3]), *row[3:])


def within(
    period: Period,
    at: sa.ColumnElement[datetime],
    origin: sa.ColumnElement[str],
    type_: sa.ColumnElement[str] | None,
) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of a period."""
    conditions = [at >= period.since, at < period.until]
    if period.origin:
        conditions.append(origin == period.origin)
    if period.types is not None and type_ is not None:
        conditions.append(type_.in_(list(period.types)))
    return conditions


def _sent_within(period: Period) -> list[sa.ColumnElement[bool]]:
    return within(period, sent.c.sent_at, sent.c.origin, sent.c.type)


def _columns(table: sa.Table, names: Sequence[str]) -> sa.Select[Any]:
    return sa.select(*(table.c[name] for name in (*_NAME, *names)))


def _starts(table: sa.Table, *conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return sa.select(table.c.origin, table.c.boot).where(*conditions).distinct()


def _same(table: sa.Table) -> sa.ColumnElement[bool]:
    return sa.and_(*(sent.c[name] == table.c[name] for name in _NAME))
