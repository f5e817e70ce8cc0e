"""What staff look for: bookings found by a few words."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from adapters.database import Database, first
from internal_apps.ticketing import store
from internal_apps.ticketing.catalogue import SHANGHAI
from internal_apps.ticketing.references import normal
from internal_apps.ticketing.tables import booking_lines, bookings

PAGE_MAX = 200
_ESCAPE = "!"
_TELEPHONE = re.compile(r"[+()0-9 -]*[0-9][()0-9 -]*")


@dataclass(frozen=True, slots=True)
class Filter:
    """What to look for; an empty field does not narrow.

    ``words`` is one field for everything: a booking reference in any spelling, the end or any
    piece of a telephone number, or a piece of a name in any script, whether its Latin letters
    are capitals or not. ``visit_day`` is a day of a line, ``placed_day`` the day of placing in
    Shanghai.
    """

    words: str = ""
    state: str = ""
    kind: str = ""
    channel: str = ""
    sender: str = ""
    ticket_type: str = ""
    visit_day: date | None = None
    placed_day: date | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the list, newest first: where the next page goes on, or the one before ends."""

    placed_at: datetime
    reference: str


@dataclass(frozen=True, slots=True)
class Found:
    """One booking in a list."""

    reference: str
    version: int
    state: str
    kind: str
    channel: str
    sender: str
    contact_name: str
    telephone: str
    hold_until: datetime | None
    placed_at: datetime
    changed_at: datetime
    tickets: int
    total_fen: int
    first_day: date


@dataclass(frozen=True, slots=True)
class Page:
    """Bookings, newest first; ``next`` is None on the last page, ``previous`` on the first."""

    found: Sequence[Found]
    next: Place | None
    previous: Place | None = None


def search(
    database: Database,
    wanted: Filter,
    after: Place | None = None,
    page_max: int = 25,
    *,
    before: Place | None = None,
) -> Page:
    """Return a page of bookings, newest first: the first, the one after a place or before it."""
    count = min(page_max, PAGE_MAX)
    if before is not None:
        page = _newer(database, wanted, before, count)
        if page is not None:
            return page
    statement = _listed().where(*_conditions(wanted))
    if after is not None and before is None:
        placed_at, reference = bookings.c.placed_at, bookings.c.reference
        statement = statement.where(
            sa.or_(
                placed_at < after.placed_at,
                sa.and_(placed_at == after.placed_at, reference < after.reference),
            )
        )
    statement = statement.order_by(bookings.c.placed_at.desc(), bookings.c.reference.desc())
    with database.reading() as connection:
        rows = connection.execute(first(connection, statement, count + 1)).all()
        found = _with_totals(connection, rows[:count])
    return Page(
        found,
        next=_place(found[-1]) if len(rows) > count else None,
        previous=_place(found[0]) if found and after is not None and before is None else None,
    )


def _newer(database: Database, wanted: Filter, before: Place, count: int) -> Page | None:
    # None where it would not be full: then it is the first page, which is read as such.
    placed_at, reference = bookings.c.placed_at, bookings.c.reference
    statement = (
        _listed()
        .where(
            *_conditions(wanted),
            sa.or_(
                placed_at > before.placed_at,
                sa.and_(placed_at == before.placed_at, reference > before.reference),
            ),
        )
        .order_by(placed_at, reference)
    )
    with database.reading() as connection:
        rows = connection.execute(first(connection, statement, count + 1)).all()
        if len(rows) <= count:
            return None
        found = _with_totals(connection, rows[count - 1 :: -1])
    return Page(found, next=_place(found[-1]), previous=_place(found[0]))


def _place(found: Found) -> Place:
    return Place(found.placed_at, found.reference)


def _listed() -> sa.Select[Any]:
    return sa.select(
        bookings.c.reference,
        bookings.c.version,
        bookings.c.state,
        bookings.c.kind,
        bookings.c.channel,
        bookings.c.sender,
        bookings.c.contact_name,
        bookings.c.telephone,
        bookings.c.hold_until,
        bookings.c.placed_at,
        bookings.c.changed_at,
    )


def _conditions(wanted: Filter) -> Sequence[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = [
        column == value
        for column, value in (
            (bookings.c.state, wanted.state),
            (bookings.c.kind, wanted.kind),
            (bookings.c.channel, wanted.channel),
            (bookings.c.sender, wanted.sender),
        )
        if value
    ]
    if wanted.words.strip():
        conditions.append(_matching(wanted.words.strip()))
    if wanted.visit_day is not None:
        of_day = sa.select(booking_lines.c.reference).where(
            booking_lines.c.visit_day == wanted.visit_day
        )
        conditions.append(bookings.c.reference.in_(of_day))
    if wanted.ticket_type:
        of_type = sa.select(booking_lines.c.reference).where(
            booking_lines.c.ticket_type == wanted.ticket_type
        )
        conditions.append(bookings.c.reference.in_(of_type))
    if wanted.placed_day is not None:
        start = datetime.combine(wanted.placed_day, datetime.min.time(), SHANGHAI)
        conditions += [
            bookings.c.placed_at >= start,
            bookings.c.placed_at < start + timedelta(days=1),
        ]
    return conditions


def _matching(words: str) -> sa.ColumnElement[bool]:
    # A Chinese input method types letters and digits in full width.
    narrow = unicodedata.normalize("NFKC", words)
    reference = normal(narrow)
    if reference is not None:
        return bookings.c.reference == reference
    if _TELEPHONE.fullmatch(narrow):
        return bookings.c.telephone_digits.like(f"%{store.digits(narrow)}%")
    return sa.or_(*(_named(piece) for piece in sorted({words, narrow})))


def _named(piece: str) -> sa.ColumnElement[bool]:
    for special in (_ESCAPE, "%", "_"):
        piece = piece.replace(special, _ESCAPE + special)
    # The database lowers both sides, for each has its own idea of which letters have a case.
    lowered = sa.func.lower(sa.literal(f"%{piece}%"))
    return sa.func.lower(bookings.c.contact_name).like(lowered, escape=_ESCAPE)


def _with_totals(connection: sa.Connection, rows: Sequence[sa.Row[Any]]) -> list[Found]:
    if not rows:
        return []
    lines = connection.execute(
        sa.select(
            booking_lines.c.reference,
            booking_lines.c.quantity,
            booking_lines.c.unit_price_fen,
            booking_lines.c.visit_day,
        ).where(booking_lines.c.reference.in_([row.reference for row in rows]))
    ).all()
    found = []
    for row in rows:
        own = [line for line in lines if line.reference == row.reference]
        tickets = sum(line.quantity for line in own)
        total_fen = sum(line.quantity * line.unit_price_fen for line in own)
        first_day = min(line.visit_day for line in own)
        values: dict[str, Any] = dict(row._mapping)  # noqa: SLF001  SQLAlchemy's public name
        found.append(Found(**values, tickets=tickets, total_fen=total_fen, first_day=first_day))
    return found
