"""Of how many requests ever: a comparison holds what is worth a look, and nothing else."""

import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from adapters.database import Database, Migrations
from adapters.database.tables import inside_book
from hub.ports import Published, Taken
from internal_apps.evidence.application import MIGRATIONS
from internal_apps.evidence.compare import Comparison, Verdict
from internal_apps.evidence.entries import Period
from internal_apps.evidence.reading import compared, read
from internal_apps.evidence.report import Report
from internal_apps.evidence.tables import sent
from tests.unit.hub_world import NOON

HOUR = timedelta(hours=1)
PERIOD = Period(NOON - HOUR, NOON + HOUR)
MANY = 6_000
LOST = range(0, MANY, 1_000)
BOUND_SECONDS = 60.0


def _filled(folder: Path) -> Database:
    """Return a database with many requests of two starts; a few are lost."""
    database = Database(f"sqlite:///{folder / 'inside.sqlite'}")
    Migrations(database, [MIGRATIONS]).upgrade()
    names = [
        {
            "origin": f"gateway-{1 + at % 2}",
            "boot": "b",
            "sequence": at,
            "request_id": f"agent:1001/PlaceBooking/A-{at}",
            "type": "PlaceBooking.1",
        }
        for at in range(MANY)
    ]
    how = {"digest": "d" * 64, "sent_at": NOON, "ending": Published.CONFIRMED.value}
    rows = [{**name, **how, "ended_at": NOON, "known_at": NOON} for name in names]
    came = {"crossed": "d" * 64, "what": Taken.FIRST.value, "taken_at": NOON}
    with database.begin() as connection:
        connection.execute(sent.insert(), rows)
        arrived = [{**name, **came} for name in names if name["sequence"] not in LOST]
        connection.execute(inside_book.insert(), arrived)
    return database


def _peak(compare: Callable[[], Comparison]) -> tuple[Comparison, int]:
    tracemalloc.start()
    try:
        return compare(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_what_is_fine_is_not_held(tmp_path: Path) -> None:
    """It comes to the same as with all in memory, in a small part of the room."""
    database, late = _filled(tmp_path), NOON + 2 * HOUR
    whole, whole_bytes = _peak(
        lambda: Report.of(read(database, PERIOD, late, BOUND_SECONDS), 60.0).comparison
    )
    found, found_bytes = _peak(lambda: compared(database, PERIOD, late, BOUND_SECONDS)[1])
    assert found == whole
    assert [item.key.sequence for item in found.items] == list(LOST)
    assert found.count(Verdict.RECEIVED) == MANY - len(LOST)
    assert found_bytes < whole_bytes / 4
    database.close()
