"""What waits in the database, and what a gateway's books lack, are numbers to be woken by."""

from datetime import timedelta
from pathlib import Path

from adapters.database import RowsWatch
from adapters.database.watching import LOOK_SECONDS
from hub.ports import InboxState
from internal_apps.answering import values
from internal_apps.evidence import store
from internal_apps.evidence.domain import Finding, Kind
from internal_apps.evidence.handlers import read_page
from internal_apps.evidence.settings import Evidence
from internal_apps.evidence.silence import BrokenOff
from tests.slice.evidence_books import Books
from tests.slice.night import Night
from tests.slice.staff_world import staff_world
from tests.unit.evidence.books import SCHEMAS
from tests.unit.hub_world import CountedMetrics
from tests.unit.ticketing.world import booking_values


def test_what_has_not_left_and_what_is_open_is_counted_with_the_age_of_the_oldest(
    tmp_path: Path,
) -> None:
    """Replies that wait to leave; requests tried again; nothing once they are done."""
    night, metrics = Night(tmp_path), CountedMetrics()
    worker, clock = night.parking.worker, night.parking.clock
    watch = RowsWatch(worker.store, clock, metrics)
    watch()
    assert set(metrics.gauges.values()) == {0}
    night.parking.taking.broken = True
    worker.inbox.handle([worker.message("PlaceBooking", booking_values())])
    night.parking.taking.broken = False
    worker.inbox.handle([worker.message("PlaceBooking", booking_values())])
    clock.at += timedelta(seconds=LOOK_SECONDS)
    watch()
    retried = InboxState.RETRIED.value.lower()
    assert metrics.gauges[f"lupu_inbox_open_messages {retried}"] == 1
    assert metrics.gauges[f"lupu_inbox_open_oldest_seconds {retried}"] >= LOOK_SECONDS
    unsent = worker.store.unsent(99)
    assert metrics.gauges["lupu_outbox_messages"] == len(unsent) > 0
    assert metrics.gauges["lupu_outbox_oldest_seconds"] == LOOK_SECONDS
    worker.store.mark_sent([number for number, _ in unsent], clock.now())
    night.parking.later(600)
    worker.store.mark_sent([number for number, _ in worker.store.unsent(99)], clock.now())
    watch()
    assert set(metrics.gauges.values()) == {0}


def test_a_piece_that_a_book_lacks_is_a_gap_of_its_gateway(tmp_path: Path) -> None:
    """None while all pages are here; one for a book of which a page is missing."""
    books, metrics = Books(staff_world(tmp_path), tmp_path), CountedMetrics()
    watch = BrokenOff(books.store, books.staff.clock, metrics, Evidence())
    books.send("fine")
    books.turn()
    watch()
    assert metrics.gauges["lupu_evidence_gaps gateway-1"] == 0
    page = read_page(values(SCHEMAS, books.world.asking.sent[0]))
    with books.store.unit() as unit:
        found = [Finding(Kind.PAGE_MISSING, "pages 3 to 4 have not come")]
        store.find(unit, page, found, books.staff.clock.now())
    books.staff.clock.move(minutes=5)
    watch()
    assert metrics.gauges["lupu_evidence_gaps gateway-1"] == 1
