"""Whom a booking was for is forgotten on request: nowhere in the database, and provably so."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from adapters.clock import SystemClock
from adapters.database import Database, Migrations, requests_about
from adapters.database.tables import inbox, parked
from hub.errors import NotAllowed
from hub.parking import Place
from hub.ports import InboxState
from internal_apps.parking.audit import AuditTrail
from internal_apps.parking.domain import digest_of
from internal_apps.parking.store import Corrections, NewCorrection
from internal_apps.staff.accounts import Accounts
from internal_apps.staff.roles import Role
from lupu import opened
from lupu.commands import lupu
from lupu.forgetting import NotForgotten
from tests.slice.staff_world import PASSWORD, cheap_passwords
from tests.unit.ticketing.world import JUNE, NAME, World, prepared

Forget = Callable[..., str]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Offer a database with an operator and an auditor."""
    found = prepared(f"sqlite:///{tmp_path / 'inside.sqlite'}")
    Migrations(found, opened.lines()).upgrade()
    accounts, stored = Accounts(found, SystemClock()), cheap_passwords().hash(PASSWORD)
    accounts.add("wang", "wang", Role.OPERATOR, stored)
    accounts.add("zhou", "zhou", Role.AUDITOR, stored)
    yield found
    found.close()


@pytest.fixture
def booking(database: Database) -> str:
    """Offer the reference of a booking that was placed, and corrected on the way."""
    reference = str(World(database).place().booking["BookingReference"])
    with database.begin() as connection:
        (key,) = requests_about(connection, reference)
        body = f"<Name>{NAME}</Name>".encode()
        new = NewCorrection(
            *(Place.PARKED, key, "PlaceBooking.1", key, "name was cut"),
            *(body, digest_of(body), body, digest_of(body), "wang"),
        )
        Corrections(database).add(connection, new, JUNE)
    return reference


@pytest.fixture
def forget(database: Database, tmp_path: Path) -> Forget:
    """Offer the command at a terminal, with the right password."""
    toml = tmp_path / "inside.toml"
    toml.write_text(f'[database]\nurl = "{database.url}"\n', "utf-8")

    def run(reference: str, account: str = "wang") -> str:
        line = ["requests", "forget", reference, "--why", "by letter", "--as", account]
        given = {"input": f"{PASSWORD}\n", "catch_exceptions": False, "standalone_mode": False}
        whole = [*line, "--config", str(toml)]
        return CliRunner().invoke(lupu, whole, **given).stdout  # type: ignore[arg-type]

    return run


def everything(database: Database) -> dict[str, list[Any]]:
    """Return every row of every table, as text and by table."""
    tables = sa.MetaData()
    tables.reflect(database.engine)
    with database.reading() as connection:
        return {
            table.name: [str(tuple(row)) for row in connection.execute(sa.select(table))]
            for table in tables.sorted_tables
        }


def named(database: Database) -> set[str]:
    """Return the tables in which the name still is."""
    return {
        name
        for name, rows in everything(database).items()
        if any(NAME[:20] in row for row in rows)
    }


def test_the_name_is_nowhere_any_more(database: Database, booking: str, forget: Forget) -> None:
    """It is in no table; request ids, digests, outcomes and all else of the booking stay."""
    assert {"bookings", "inbox_parts", "correction_parts"} <= named(database)
    before = everything(database)
    assert "1 requests" in forget(booking)
    assert named(database) <= {"outbox", "message_parts"}
    after = everything(database)
    for table in ("inbox", "booking_lines", "booking_draws", "quota", "corrections"):
        assert after[table] == before[table]
    trail = AuditTrail(database, SystemClock())
    (entry,) = trail.entries(5)
    assert (entry.who, entry.what, entry.name) == ("wang", "forgotten", booking)
    assert trail.verify().faults == []


def test_whoever_asks_is_told_of_the_booking_without_the_name(
    database: Database, booking: str, forget: Forget
) -> None:
    """The booking is still found, and its answer keeps the contract."""
    forget(booking)
    said = World(database, name="A").get({"BookingReference": booking})
    assert said.booking["Contact"] == {"Name": "-", "Telephone": "0000"}


def test_nothing_is_forgotten_by_halves(database: Database, booking: str, forget: Forget) -> None:
    """Not while a request of it is kept, not without a booking, not by one who may not."""
    with database.begin() as connection:
        (key,) = requests_about(connection, booking)
        connection.execute(inbox.update().values(state=InboxState.PARKED.value))
        connection.execute(
            parked.insert().values(request_id=key, reason="KeyError", parked_at=JUNE)
        )
    before = everything(database)["bookings"]
    with pytest.raises(NotForgotten, match=r"replay or discard first agent:1001/PlaceBooking"):
        forget(booking)
    with pytest.raises(NotForgotten, match="There is no booking"):
        forget("NOSUCHBOOKING")
    with pytest.raises(NotAllowed):
        forget(booking, "zhou")
    assert everything(database)["bookings"] == before
    assert AuditTrail(database, SystemClock()).entries(5) == []
