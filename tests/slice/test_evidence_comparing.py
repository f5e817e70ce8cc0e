"""What is lost, altered or injected rings by itself, once."""

import logging
from pathlib import Path

import pytest

from adapters.xml import Schemas
from internal_apps.evidence import store
from internal_apps.evidence.application import QUEUES
from internal_apps.evidence.compare import WRONG
from internal_apps.evidence.comparing import Comparing
from internal_apps.evidence.settings import Evidence
from internal_apps.serving import Surroundings
from tests.slice.evidence_books import Books, troubled
from tests.slice.staff_world import staff_world
from tests.unit.hub_world import CountedMetrics

SETTINGS = Evidence()


class Running:
    """The chore on the books of a gateway."""

    def __init__(self, folder: Path) -> None:
        self.staff = staff_world(folder)
        self.books = Books(self.staff, folder)
        self.metrics = CountedMetrics()
        self.start()

    def start(self) -> None:
        """Start it anew: it remembers nothing."""
        kept, clock = self.books.store, self.staff.clock
        around = Surroundings(kept, Schemas(), clock, self.metrics, "evidence-1")
        self.chore = Comparing(around, SETTINGS)

    def look(self, times: int = 30) -> None:
        """Let it look often enough to come to the end of a day."""
        for _ in range(times):
            self.staff.clock.move(seconds=SETTINGS.compare_seconds)
            self.books.turn(1)
            with self.staff.database.begin() as connection:
                for queue in QUEUES:
                    store.look(connection, queue, 0, self.staff.clock.now())
            self.chore()

    def wrong(self) -> dict[str, int]:
        """Return what it shows."""
        gauges, name = self.metrics.gauges, "lupu_evidence_wrong"
        found = {one.value: int(gauges.get(f"{name} {one.value}", 0)) for one in WRONG}
        return {verdict: count for verdict, count in found.items() if count}


@pytest.fixture
def running(tmp_path: Path) -> Running:
    """Offer the chore on a new database."""
    return Running(tmp_path)


def test_what_is_wrong_is_named_once_and_shown_for_a_day(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    """However often both sides are compared, after a start too."""
    caplog.set_level(logging.ERROR)
    troubled(running.books)
    running.look()
    assert running.wrong() == {"lost": 1, "altered": 1}
    named = [one for one in caplog.records if one.message == "evidence.wrong"]
    assert {vars(one)["verdict"] for one in named} == {"lost", "altered"}
    running.look()
    assert running.wrong() == {"lost": 1, "altered": 1}
    running.start()
    running.look()
    assert running.wrong() == {"lost": 1, "altered": 1}
    running.staff.clock.move(days=1)
    running.look()
    assert running.wrong() == {}


def test_nothing_rings_while_it_may_still_be_on_its_way(running: Running) -> None:
    """What was confirmed a moment ago, and what the books of both sides agree on."""
    running.look()
    running.books.send("fine")
    running.books.send("under way", came=0)
    running.look(5)
    assert running.wrong() == {}
    assert running.metrics.gauges["lupu_evidence_behind_seconds"] <= 2 * SETTINGS.compare_seconds


def test_what_a_silent_gateway_sent_is_compared_once_its_book_is_here(running: Running) -> None:
    """Its pages come late; that they are awaited is shown as how far the comparison is behind."""
    running.look()
    running.books.send("lost", came=0)
    for _ in range(60):
        running.staff.clock.move(minutes=2)
        running.chore()
    assert running.wrong() == {}
    assert running.metrics.gauges["lupu_evidence_behind_seconds"] > 3_600
    running.books.turn()
    running.books.later()
    running.look()
    assert running.wrong() == {"lost": 1}


def test_what_is_not_decided_holds_up_nothing_that_came_later(running: Running) -> None:
    """Hours after a confirmation still waits what was altered rings; and it too, in the end."""
    running.look()
    running.books.send("waits", came=0, operation="ConfirmBooking")
    for _ in range(4):
        running.staff.clock.move(hours=1)
        running.look(5)
    running.books.send("changed", body=b"other")
    running.look(60)
    assert running.wrong() == {"altered": 1}
    assert running.metrics.gauges["lupu_evidence_behind_seconds"] > 3 * 3_600
    running.staff.clock.move(hours=6)
    running.look()
    assert running.wrong() == {"altered": 1, "lost": 1}
