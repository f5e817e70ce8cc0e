"""What evidence tells of a request: what its gateways' books say, and how that compares."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from adapters.database import Database, first
from adapters.database.tables import inside_book
from internal_apps.evidence import statements
from internal_apps.evidence.compare import Verdict, compare
from internal_apps.evidence.entries import Booked, Key, OneSent, Stopped, TakenIn, View
from internal_apps.evidence.reading import view_of
from internal_apps.evidence.tables import sent, stopped
from internal_apps.evidence.web.desk import SEE
from internal_apps.evidence.web.words import VERDICTS, detail, sentence
from internal_apps.telling import BAD, GOOD, WAITS, Event, Source, Told

LINES_MAX = 1_000
WRITTEN = sentence("written into the gateway's book, then sent")
ENDED = sentence("the outside broker's word: %(ending)s")
STOPPED = sentence("stopped by the hub's guard")
COMPARED = sentence("both books compared: %(verdict)s")
_MARKS = {
    Verdict.RECEIVED: GOOD,
    Verdict.ARRIVED: GOOD,
    Verdict.DOUBLED: GOOD,
    Verdict.CORRECTED: GOOD,
    Verdict.IN_FLIGHT: WAITS,
    Verdict.AWAITED: WAITS,
    Verdict.NOT_SENT: WAITS,
    Verdict.ABSENT: WAITS,
}
_GATEWAY = "gateway-"


def source(bound_seconds: float) -> Source:
    """Return what evidence tells, to whoever may see it."""

    def tell(database: Database, request: str, now: datetime) -> Told:
        return Told(list(_events(database, request, now, bound_seconds)))

    return Source(SEE, tell, named=_named, known=_known)


def _events(
    database: Database, request: str, now: datetime, bound_seconds: float
) -> Iterator[Event]:
    with database.reading() as connection:
        view = view_of(connection, now, bound_seconds)
        both = _of_request(connection, request)
    for one in both:
        yield from _of_one(one, view)


def _of_request(connection: sa.Connection, request: str) -> Sequence[OneSent]:
    """Return both sides' entries of the request, one for each transmission."""
    found: dict[Key, OneSent] = {}
    of = "request_id"
    asked: tuple[tuple[sa.Select[Any], Any], ...] = (
        (statements.all_booked().where(sent.c[of] == request), statements.booked),
        (statements.all_taken().where(inside_book.c[of] == request), statements.taken),
        (statements.all_stopped().where(stopped.c[of] == request), statements.stopped_one),
    )
    for statement, read in asked:
        for row in connection.execute(first(connection, statement, LINES_MAX)):
            entry: Booked | TakenIn | Stopped = read(row)
            if entry.key.origin.startswith(_GATEWAY):
                found.setdefault(entry.key, OneSent(entry.key, [], [], [])).add(entry)
    return [found[key] for key in sorted(found)]


def _of_one(one: OneSent, view: View) -> Iterator[Event]:
    name, origin = str(one.key), one.key.origin
    for booked in one.booked:
        yield Event(booked.at, origin, WRITTEN, transmission=name)
        if booked.ended_at is not None:
            ending = {"ending": booked.ending}
            yield Event(booked.ended_at, origin, ENDED, ending, transmission=name)
    for each in one.stopped:
        yield Event(each.at, "hub", STOPPED, mark=BAD, transmission=name, detail=each.reason)
    compared = compare(one.booked, one.taken, one.stopped, view)
    (verdict,) = (found for total in compared.totals.values() for found in total)
    more = detail(next((item.detail for item in compared.items), ""))
    mark, values = _MARKS.get(verdict, BAD), {"verdict": VERDICTS[verdict]}
    event = Event(_last(one), "evidence", COMPARED, values, mark=mark, transmission=name)
    if more.known:
        yield replace(event, detail=more.text, detail_values=more.values)
    else:
        yield replace(event, detail=more.values["said"])


def _last(one: OneSent) -> datetime:
    """Return when the last happened that is compared."""
    times = [entry.at for side in (one.booked, one.taken, one.stopped) for entry in side]
    return max([*times, *(entry.ended_at for entry in one.booked if entry.ended_at)])


def _named(database: Database, text: str) -> Sequence[str]:
    """Return the request of a transmission that may never have come in."""
    origin, _, rest = text.partition(".")
    boot, _, sequence = rest.rpartition(".")
    if not (boot and sequence.isascii() and sequence.isdigit() and len(sequence) <= 18):  # noqa: PLR2004
        return []
    return [
        request
        for table in (sent, stopped)
        for request in _ask(
            database,
            sa.select(table.c.request_id).where(
                table.c.origin == origin, table.c.boot == boot, table.c.sequence == int(sequence)
            ),
        )
    ]


def _known(database: Database, ids: Sequence[str]) -> Collection[str]:
    return {
        request
        for table in (sent, stopped)
        for request in _ask(
            database, sa.select(table.c.request_id).where(table.c.request_id.in_(ids))
        )
    }


def _ask(database: Database, statement: sa.Select[tuple[Any]]) -> Sequence[str]:
    with database.reading() as connection:
        rows = connection.execute(first(connection, statement, LINES_MAX))
        return [str(row[0]) for row in rows]
