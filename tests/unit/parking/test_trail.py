"""The audit trail: nothing of an entry can be changed, nor what follows be adapted to it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.database import Database, Migrations
from internal_apps.parking.audit import AuditTrail, Note
from internal_apps.parking.domain import What
from internal_apps.parking.tables import audit
from tests.unit.hub_world import NOON, MovedClock
from tests.unit.parking.world import PARKING

SECOND = 2


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Offer a database with three entries of one message."""
    made = Database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    Migrations(made, [PARKING]).upgrade()
    trail = AuditTrail(made, MovedClock())
    for _ in range(3):
        trail.append(Note("wang", What.REPLAY, "parked", "A-1", "because", {"sha256": "a" * 64}))
    yield made
    made.close()


def change(database: Database, number: int, **values: Any) -> None:
    """Change an entry, as whoever may write in the database can."""
    with database.begin() as connection:
        connection.execute(audit.update().where(audit.c.number == number).values(values))


def faults(database: Database) -> list[str]:
    """Return what is found."""
    return list(AuditTrail(database, MovedClock()).verify().faults)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", NOON + timedelta(microseconds=1)),
        ("who", "li"),
        ("what", "discard"),
        ("place", "outside"),
        ("name", "A-2"),
        ("why", "because of another"),
        ("facts", "{}"),
        ("previous", "f" * 64),
        ("hash", "f" * 64),
    ],
)
def test_whatever_is_changed_of_an_entry_is_found(
    database: Database, column: str, value: object
) -> None:
    """All that it says is in its hash."""
    assert faults(database) == []
    change(database, SECOND, **{column: value})
    assert f"Entry {SECOND} was changed." in faults(database)


def test_an_entry_and_what_the_next_says_of_it_are_not_changed_together(
    database: Database,
) -> None:
    """What is before an entry is in its hash too: all up to the end would have to be new."""
    (entry,) = AuditTrail(database, MovedClock()).entries(1, before=SECOND + 1)
    forged = replace(entry, why="because of another")
    change(database, SECOND, why=forged.why, hash=forged.hashed())
    (found,) = faults(database)
    assert f"Entry {SECOND + 1} does not follow" in found
    change(database, SECOND + 1, previous=forged.hashed())
    assert faults(database) == [f"Entry {SECOND + 1} was changed."]
