"""What parking tells of a request: that it is kept, why, and what people did about it."""

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa

from adapters.clock import SystemClock
from adapters.database import Database
from adapters.database.tables import parked
from hub.parking import Place
from internal_apps.parking.audit import AuditTrail
from internal_apps.parking.domain import Entry, sentence
from internal_apps.parking.tables import corrections
from internal_apps.parking.web import words
from internal_apps.parking.web.desk import SEE
from internal_apps.telling import BAD, Event, Fact, Source, Told

ENTRIES_MAX = 500
KEPT = sentence("Kept messages")
PARKED = sentence("parked: %(kind)s")


def source() -> Source:
    """Return what parking tells, to whoever may see what is kept."""
    return Source(SEE, _tell)


def _tell(database: Database, request: str, _now: datetime) -> Told:
    with database.reading() as connection:
        row = connection.execute(sa.select(parked).where(parked.c.request_id == request)).first()
        # A correction names the request of what lay in a quarantine under a digest.
        named = sa.select(corrections.c.name).where(corrections.c.request_id == request)
        names = {request, *connection.execute(named).scalars()}
    trail = AuditTrail(database, SystemClock())
    events = [
        _event(entry) for name in sorted(names) for entry in trail.entries(ENTRIES_MAX, name=name)
    ]
    facts = list[Fact]()
    if row is not None:
        events += _parked(row)
        place = Place.PARKED
        values = {"place": place.value, "name": request}
        facts.append(Fact(KEPT, row.reason, "kept.one", values))
    return Told(events, facts)


def _parked(row: sa.Row[tuple[object, ...]]) -> Iterator[Event]:
    kind = {"kind": str(row.kind)}
    yield Event(row.parked_at, "", PARKED, kind, mark=BAD, detail=row.reason)


def _event(entry: Entry) -> Event:
    return Event(entry.at, "", words.step(entry), by=entry.who, detail=entry.why)
