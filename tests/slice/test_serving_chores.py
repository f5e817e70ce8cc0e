"""A chore that fails: the bookings go on, and it is said once a failure, without its data."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.clock import SystemClock
from adapters.database import Database, InboxStore
from hub.errors import DatabaseAway
from hub.messages import INWARD_EXCHANGE
from hub.ports import Address, Published
from internal_apps.serving import Serving, Surroundings
from internal_apps.settings import Worker
from internal_apps.ticketing.application import application
from internal_apps.ticketing.settings import Ticketing
from tests.contract.transports import until
from tests.slice.test_serving_admission import (
    AT_STAFF,
    REQUESTS,
    SCHEMAS,
    STAFF,
    WORKER,
    in_memory,
)
from tests.unit.hub_world import CountedMetrics
from tests.unit.ticketing.world import prepared

PERSONAL = "王小明 021 5888 1234"


class Broken:
    """A chore that cannot be done; another one comes after it."""

    def __init__(self, error: Exception) -> None:
        self.times = self.others = 0
        self._error = error

    def fail(self) -> None:
        """Fail."""
        self.times += 1
        raise self._error

    def go_on(self) -> None:
        """Be the next chore."""
        self.others += 1


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Offer a database with the rules of Expo 2010."""
    made = prepared(f"sqlite:///{tmp_path / 'lupu.sqlite'}")
    yield made
    made.close()


@pytest.mark.parametrize(
    "error", [KeyError(PERSONAL), DatabaseAway("A lock was not to be had.")], ids=["row", "lock"]
)
def test_a_failing_chore_stops_no_booking(
    database: Database, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    """Each failure is one line and one count, the next chore and a booking are done after it.

    Be it a row that holds somebody's name, or a lock that another holds for long.
    """
    side, links, _ = in_memory()
    metrics, chores, clock = CountedMetrics(), Broken(error), SystemClock()
    around = Surroundings(InboxStore(database, clock, WORKER), SCHEMAS, clock, metrics, WORKER)
    made = replace(application(around, Ticketing()), chores=(chores.fail, chores.go_on))
    serving = Serving(made, around, links, Worker(chore_seconds=0.01))
    serving.subscribe()
    replies = side.consume("staff-1", AT_STAFF, "exclusive")
    running = threading.Thread(target=serving.run)
    running.start()
    try:
        assert until(lambda: chores.others >= 1)
        to = Address(INWARD_EXCHANGE, REQUESTS)
        assert side.send("staff-1", to, STAFF) is Published.CONFIRMED
        assert until(lambda: len(replies.deliveries) == 1)
        before = chores.others
        assert until(lambda: chores.others > before)
    finally:
        serving.stop()
        running.join()
        side.close()
    lines = [record for record in caplog.records if record.message == "chore.failed"]
    assert chores.others == chores.times == len(lines)
    assert metrics.counts["lupu_chores_failed_total"] == chores.times
    assert {vars(line)["error"] for line in lines} == {type(error).__name__}
    for line in lines:
        assert "王小明" not in str(vars(line))
        assert __file__ in vars(line)["place"]
