"""The whole walk, from an agency's SOAP to the row and back, on all three databases."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.servers.agency import PlainAgency, Told
from tests.servers.databases import KINDS, Databases
from tests.servers.promises import Shows
from tests.servers.system import System, running

# The longest name the contract takes: 100 characters, each of four bytes in UTF-8.
LONGEST_NAME = "𠮷" * 100
# On this every other test of a running system runs.
SHARED = KINDS[0]


def section(url: str, folder: Path) -> dict[str, Any]:
    """Return the [database] section of a URL; its password goes into a file of its own."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return {"file": str(parsed.database)}
    secret = folder / "database.password"
    secret.touch(mode=0o600)
    secret.write_text(str(parsed.password), "utf-8")
    plain = parsed.set(password=None)
    return {"url": plain.render_as_string(hide_password=False), "password": str(secret)}


@pytest.fixture(params=KINDS)
def system(
    request: pytest.FixtureRequest, database_servers: Databases, tmp_path: Path
) -> Iterator[System]:
    """Offer the whole system on a database of each kind."""
    if request.param == SHARED:
        yield request.getfixturevalue("running_system")
        return
    database = section(database_servers.url(request.param), tmp_path)
    with running(tmp_path, database, ("gateway-1", "hub-1", "ticketing-1", "operator-1")) as made:
        yield made


def place(agency: PlainAgency, system: System, reference: str) -> Told:
    """Place a booking in the longest name."""
    day = system.opening + timedelta(days=10)
    return agency.place(reference, "STANDARD", day, name=LONGEST_NAME)


@pytest.mark.promise(6)
def test_a_booking_goes_all_the_way_and_back(system: System, shows: Shows) -> None:
    """Placed, repeated, confirmed, changed too late, read back: each answer is right."""
    agency = PlainAgency(system.port, system.ca_file, system.agent_number, system.password)
    placed = place(agency, system, "W-1")
    assert placed.code == "DONE", placed.text
    assert LONGEST_NAME in placed.text
    assert place(agency, system, "W-1") == placed
    confirmed = agency.versioned("ConfirmBooking", "W-2", placed.booking, 1)
    assert (confirmed.code, confirmed.version) == ("DONE", 2)
    late = agency.versioned("CancelBooking", "W-3", placed.booking, 1)
    assert late.code == "VERSION_CONFLICT"
    cancelled = agency.versioned("CancelBooking", "W-4", placed.booking, 2)
    assert (cancelled.code, cancelled.version) == ("DONE", 3)
    read = agency.booking(placed.booking)
    assert (read.code, read.version) == ("DONE", 3)
    assert LONGEST_NAME in read.text
    assert agency.answer_to("CancelBooking", "W-3").code == "VERSION_CONFLICT"
    assert agency.answer_to("PlaceBooking", "W-9").code == "NOT_KNOWN_YET"
    agency.close()
    way = json.loads(system.stack.lupu("inside", "follow", placed.booking, "--json"))
    places = [place for place, _ in way[0]["way"]]
    assert len(way) == 4
    assert places[0].startswith("gateway-")
    assert "hub-1" in places
    shows(requests_of_a_booking_followed=len(way), places_each_passed=" > ".join(places))
