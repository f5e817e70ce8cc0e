"""What was not compared is never called fine: silent gateways, books that broke off, no books."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.envelope import to_wire
from hub.ports import Published
from internal_apps.evidence import store
from internal_apps.evidence.entries import Period
from internal_apps.evidence.exported import NotAReport, again, written
from internal_apps.evidence.reading import read
from internal_apps.evidence.report import Report
from tests.unit.evidence.inside import Inside
from tests.unit.evidence.test_verdicts import crossed
from tests.unit.hub_world import NOON

HOUR = timedelta(hours=1)


@pytest.fixture
def inside(tmp_path: Path) -> Iterator[Inside]:
    """Offer evidence's worker."""
    made = Inside(tmp_path)
    yield made
    made.worker.close()


def report(
    inside: Inside, since: datetime = NOON - HOUR, until: datetime | None = None, origin: str = ""
) -> Report:
    """Return the report of a time."""
    now = inside.clock.now()
    period = Period(since, until or now + HOUR, "", origin)
    bound_seconds = inside.settings.bound_seconds
    return Report.of(
        read(inside.worker.database, period, now, bound_seconds), inside.settings.silent_seconds
    )


def test_a_silent_gateway_is_said_in_the_sentence_and_is_not_fine(inside: Inside) -> None:
    """Of a time that ended before it fell silent, of other gateways, or retired: it is fine."""
    world = inside.gateway()
    for _ in range(2):
        world.pages.turn()
        heard_at = inside.clock.now()
        assert report(inside).fine
        inside.clock.move(seconds=10)
    inside.clock.move(seconds=inside.settings.silent_seconds + 1)
    found = report(inside)
    assert not found.fine
    assert not found.is_wrong
    assert found.sentence() == "NOT COMPARED: gateway-1 is silent since 2010-05-01 04:00:10Z."
    assert report(inside, until=heard_at).fine
    assert not report(inside, origin="gateway-2").silent
    with inside.worker.database.begin() as connection:
        store.retire(connection, "gateway-1", inside.clock.now())
    assert report(inside).fine


def test_where_no_book_has_come_nothing_was_compared(inside: Inside) -> None:
    """Neither with no gateway at all, nor in a time before the first was heard."""
    assert report(inside).sentence() == "NOT COMPARED: no gateway's book of this time is here."
    world = inside.gateway()
    world.pages.turn()
    before = report(inside, since=NOON - 2 * HOUR, until=NOON - HOUR)
    assert not before.fine
    assert before.sentence() == "NOT COMPARED: no gateway's book of this time is here."
    assert report(inside).fine


def broken_off(inside: Inside) -> tuple[Path, bytes]:
    """Have a gateway die with a request that is on no page; its next start finds no book."""
    first = inside.gateway("first")
    first.pages.turn()
    message = first.request("A-1")
    first.book.ahead(message, to_wire(message))(Published.CONFIRMED)
    first.book.flush()
    inside.receive(message, crossed())
    first.die()
    (path,) = first.files()
    book = path.read_bytes()
    path.unlink()
    return path, book


def test_a_book_that_broke_off_is_found_until_it_is_taken_in(inside: Inside) -> None:
    """With since when, which book and which page was the last; once it comes, nothing is wrong."""
    path, book = broken_off(inside)
    inside.clock.move(seconds=60)
    second = inside.gateway("second")
    second.pages.turn()
    assert report(inside).findings == []
    inside.clock.move(seconds=61)
    second.pages.turn()
    (found,) = report(inside).findings
    assert (found.kind, found.found_at, found.boot) == ("BOOK_UNFINISHED", NOON, "first")
    assert (found.part, found.page) == (1, 1)
    assert report(inside).sentence() == "NOT FINE: 1 wrong with books."
    path.write_bytes(book)
    second.pages.turn()
    second.pages.turn()
    assert report(inside).fine
    assert report(inside).comparison.totals["PlaceBooking.1"].total() == 1


def test_a_book_that_broke_off_is_wrong_with_the_time_it_lacks_and_no_other(
    inside: Inside,
) -> None:
    """A disk that is gone for good does not spoil every day that follows."""
    broken_off(inside)
    inside.clock.move(minutes=10)
    second = inside.gateway("second")
    second.pages.turn()
    begun_at = inside.clock.now()
    inside.clock.move(minutes=10)
    second.pages.turn()
    assert not report(inside, until=NOON + timedelta(minutes=5)).fine
    assert not report(inside, since=NOON + timedelta(minutes=5)).fine
    assert report(inside, since=begun_at).fine
    assert report(inside, since=begun_at, origin="gateway-1").findings == []


def test_a_book_that_broke_off_is_logged_once(
    inside: Inside, caplog: pytest.LogCaptureFixture
) -> None:
    """With its gateway, its name, and since when."""
    broken_off(inside)
    inside.clock.move(minutes=10)
    inside.gateway("second").pages.turn()
    for _ in range(3):
        for chore in inside.application.chores:
            chore()
        inside.clock.move(seconds=inside.settings.look_seconds)
    (said,) = [record for record in caplog.records if record.message == "evidence.found"]
    facts = said.__dict__
    assert (facts["kind"], facts["origin"]) == ("BOOK_UNFINISHED", "gateway-1")
    assert (facts["book"], facts["since"]) == ("first.1", "2010-05-01T04:00:00+00:00")


def _no_silence(given: dict[str, Any]) -> None:
    given["silent"] = []


def _all_compared(given: dict[str, Any]) -> None:
    given["compared"] = True


def _whole_books(given: dict[str, Any]) -> None:
    given["findings"] = []


def _nice_words(given: dict[str, Any]) -> None:
    given["sentence"] = "Nothing was lost, altered or injected, and every book is whole."


@pytest.mark.parametrize("how", [_no_silence, _all_compared, _whole_books, _nice_words])
def test_a_report_that_hides_what_was_not_compared_is_refused(
    inside: Inside, how: Callable[[dict[str, Any]], None]
) -> None:
    """Whoever has the file finds silence and broken books anew."""
    broken_off(inside)
    inside.clock.move(minutes=10)
    inside.gateway("second").pages.turn()
    inside.clock.move(minutes=10)
    made = report(inside)
    assert (len(made.findings), len(made.silent)) == (1, 1)
    given = json.loads(written(made, "evidence-1"))
    assert again(json.dumps(given).encode()).summary() == made.summary()
    how(given)
    with pytest.raises(NotAReport):
        again(json.dumps(given).encode())
