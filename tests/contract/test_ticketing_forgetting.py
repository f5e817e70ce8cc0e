"""Whom a booking was for is forgotten in time, on all three databases; all else stays."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from adapters.database import Database
from hub.errors import SettingsError
from internal_apps.ticketing.forgetting import Forgetting
from internal_apps.ticketing.settings import Ticketing
from internal_apps.ticketing.tables import bookings
from tests.unit.hub_world import CountedMetrics
from tests.unit.ticketing.world import STANDARD_DAY, World, booking_values, lines_values, prepared

KEPT_DAYS = 30
LATER = STANDARD_DAY + timedelta(days=20)


def placed(world: World, *days: date) -> str:
    """Place a booking for these days; return its reference."""
    values = booking_values() | lines_values(*(("STANDARD", day, 1) for day in days))
    return str(world.ask("PlaceBooking", values).booking["BookingReference"])


def rows(database: Database) -> dict[str, dict[str, Any]]:
    """Return every booking's row by its reference."""
    with database.reading() as connection:
        found = connection.execute(sa.select(bookings)).all()
    return {row.reference: dict(row._mapping) for row in found}


def test_a_booking_outlives_whom_it_was_for(database_url: str) -> None:
    """Name, telephone and e-mail go after the last of its days, and nothing else; once."""
    database = prepared(database_url)
    world, metrics = World(database), CountedMetrics()
    past, both = placed(world, STANDARD_DAY), placed(world, STANDARD_DAY, LATER)
    before = rows(database)
    to_end = STANDARD_DAY - world.clock.now().date()
    world.clock.move(days=to_end.days + KEPT_DAYS)
    chore = Forgetting(database, world.clock, metrics, kept_days=KEPT_DAYS)
    chore()
    assert rows(database) == before
    world.clock.move(days=1)
    chore()
    after = rows(database)
    assert after[both] == before[both]
    changed = {name for name, value in after[past].items() if value != before[past][name]}
    assert changed >= {"contact_name", "telephone", "telephone_digits"}
    assert changed <= {"contact_name", "telephone", "telephone_digits", "email"}
    said = world.get({"BookingReference": past}).booking
    assert said["Contact"] == {"Name": "-", "Telephone": "0000"}
    world.clock.move(days=(LATER - STANDARD_DAY).days)
    chore()
    assert rows(database)[both]["contact_name"] == "-"
    chore()
    assert metrics.counts["lupu_ticketing_forgotten_total"] == 2
    database.close()


def test_nobody_is_forgotten_where_that_is_not_wished(tmp_path: Path) -> None:
    """0 is for ever, and less than that is a mistake that is named."""
    database = prepared(f"sqlite:///{tmp_path / 'a.sqlite'}")
    world = World(database)
    reference = placed(world, STANDARD_DAY)
    world.clock.move(days=10_000)
    Forgetting(database, world.clock, CountedMetrics(), kept_days=0)()
    assert rows(database)[reference]["contact_name"] != "-"
    with pytest.raises(SettingsError, match="contacts_kept_days cannot be below 0"):
        Ticketing(contacts_kept_days=-1).check()
    database.close()
