"""The rows of evidence: pages taken in, gateways heard of."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from adapters.database.unit import SqlUnit
from hub.evidence import Ended, Page
from internal_apps.evidence.domain import Checked, Finding, Known
from internal_apps.evidence.entries import Heard
from internal_apps.evidence.tables import (
    DETAIL_CHARACTERS_MAX,
    books,
    findings,
    gateways,
    queues,
    sent,
    stopped,
)


def known(unit: SqlUnit, origin: str, boot: str, part: int) -> Known | None:
    """Return how far a part is known, and lock it."""
    where = _part(origin, boot, part)
    # An update locks a row in the one way every database knows.
    unit.connection.execute(books.update().where(*where).values(pages=books.c.pages))
    row = unit.connection.execute(
        sa.select(books.c.pages, books.c.page_digest, books.c.chain, books.c.closed).where(*where)
    ).first()
    return None if row is None else Known(*row)


def keep(unit: SqlUnit, page: Page, checked: Checked, now: datetime) -> None:
    """Keep what a page says was sent, and how what stood on pages before it ended."""
    name = {"origin": page.gateway, "boot": page.boot}
    for one, ended in checked.sent:
        unit.add(
            sent,
            {
                **name,
                "sequence": one.sequence,
                "request_id": one.request,
                "type": one.type,
                "digest": one.digest,
                "sent_at": one.at,
                "ending": "" if ended is None else ended.ending.value,
                "ended_at": None if ended is None else ended.at,
                "known_at": now,
            },
        )
    unit.write()
    for ended in checked.ended:
        _end(unit, page, ended, now)
    _hear(unit, page.gateway, now)


def turn(unit: SqlUnit, page: Page, checked: Checked, now: datetime, key_id: str) -> None:
    """Note that a part's book is known up to and with this page."""
    values = {
        "pages": page.number,
        "page_digest": page.digest(),
        "chain": checked.chain,
        "made_at": page.made_at,
        "heard_at": now,
        "closed": checked.closed,
        "key_id": key_id,
    }
    where = _part(page.gateway, page.boot, page.part)
    if unit.connection.execute(books.update().where(*where).values(values)).rowcount:
        return
    name = {"origin": page.gateway, "boot": page.boot, "part": page.part}
    unit.add(books, {**name, "begun_at": now, **values})
    unit.write()


def complete(unit: SqlUnit, page: Page) -> None:
    """Note that a start's book is complete with this page, which is kept."""
    start = page.gateway, page.boot
    values = {
        "complete_until": page.made_at,
        "complete_up_to": _highest(unit, books.c.complete_next, *start),
        "complete_next": _highest(unit, sent.c.sequence, *start),
    }
    where = _part(*start, page.part)
    unit.connection.execute(books.update().where(*where).values(values))


def find(unit: SqlUnit, page: Page, found: Sequence[Finding], now: datetime) -> None:
    """Keep what is wrong with a page."""
    for one in found:
        unit.add(
            findings,
            {
                "found_at": now,
                "kind": one.kind.value,
                "origin": page.gateway,
                "boot": page.boot,
                "part": page.part,
                "page": page.number,
                "detail": one.detail[:DETAIL_CHARACTERS_MAX],
            },
        )


def stop(unit: SqlUnit, given: Mapping[str, Any], now: datetime) -> None:
    """Keep what was stopped between the brokers."""
    unit.add(
        stopped,
        {
            "origin": given["Origin"],
            "boot": given["Boot"],
            "sequence": given["Sequence"],
            "request_id": given["Request"],
            "crossed": given["Crossed"],
            "reason": given["Reason"],
            "stopped_at": now,
        },
    )


def heard(connection: sa.Connection) -> list[Heard]:
    """Return every gateway, by name."""
    statement = sa.select(
        gateways.c.origin, gateways.c.first_heard_at, gateways.c.heard_at, gateways.c.retired_at
    ).order_by(gateways.c.origin)
    return [Heard(*row) for row in connection.execute(statement)]


def retire(connection: sa.Connection, origin: str, now: datetime) -> bool:
    """Expect no pages of a gateway any more, until one comes; return whether it is known."""
    statement = gateways.update().where(gateways.c.origin == origin).values(retired_at=now)
    return bool(connection.execute(statement).rowcount)


def look(connection: sa.Connection, queue: str, messages: int, now: datetime) -> None:
    """Keep how many messages lie in a queue."""
    values = {"messages": messages, "looked_at": now}
    if not connection.execute(
        queues.update().where(queues.c.queue == queue).values(values)
    ).rowcount:
        connection.execute(queues.insert().values(queue=queue, **values))


def _hear(unit: SqlUnit, origin: str, now: datetime) -> None:
    values = {"heard_at": now, "retired_at": None}
    statement = gateways.update().where(gateways.c.origin == origin).values(values)
    if not unit.connection.execute(statement).rowcount:
        unit.add(gateways, {"origin": origin, "first_heard_at": now, **values})
        unit.write()


def _highest(unit: SqlUnit, column: sa.Column[Any], origin: str, boot: str) -> int | None:
    of = column.table.c
    statement = sa.select(sa.func.max(column)).where(of.origin == origin, of.boot == boot)
    number: int | None = unit.connection.execute(statement).scalar()
    return number


def _end(unit: SqlUnit, page: Page, ended: Ended, now: datetime) -> None:
    unit.connection.execute(
        sent.update()
        .where(
            sent.c.origin == page.gateway,
            sent.c.boot == page.boot,
            sent.c.sequence == ended.sequence,
        )
        .values(ending=ended.ending.value, ended_at=ended.at, known_at=now)
    )


def _part(origin: str, boot: str, part: int) -> tuple[sa.ColumnElement[bool], ...]:
    return books.c.origin == origin, books.c.boot == boot, books.c.part == part
