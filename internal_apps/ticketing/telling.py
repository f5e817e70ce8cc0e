"""What ticketing tells of a request: the booking that it is about, and how bookings are named."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from adapters.database import Database, SqlUnit
from adapters.database.tables import inbox
from internal_apps.telling import Fact, Source, Told
from internal_apps.ticketing import store
from internal_apps.ticketing.catalogue import SHANGHAI
from internal_apps.ticketing.history import history
from internal_apps.ticketing.references import normal
from internal_apps.ticketing.tables import agents
from internal_apps.ticketing.web.desk import SEE
from internal_apps.ticketing.web.forms import sentence

BOOKING = sentence("Booking")


def source() -> Source:
    """Return what ticketing tells, to whoever may see bookings."""
    return Source(SEE, _tell, named=_named, senders=_senders)


def _tell(database: Database, request: str, _now: datetime) -> Told:
    with database.reading() as connection:
        subject = connection.execute(
            sa.select(inbox.c.subject).where(inbox.c.request_id == request)
        ).scalar()
        plain = normal(subject or "")
        if plain is None:
            return Told()
        unit = SqlUnit(connection, datetime.now(SHANGHAI), read_only=True)
        booking = store.find(unit, plain)
    if booking is None:
        return Told()
    values = {"reference": plain}
    return Told(facts=[Fact(BOOKING, plain, "bookings.one", values)])


def _named(database: Database, text: str) -> Sequence[str]:
    """Return every message about the booking of this reference, the oldest first."""
    found = history(database, text)
    return [] if found is None else [str(step.request_id) for step in found.steps]


def _senders(database: Database) -> Sequence[str]:
    with database.reading() as connection:
        numbers = connection.execute(sa.select(agents.c.number).order_by(agents.c.number))
        return [f"agent:{number}" for number in numbers.scalars()]
