"""Evidence's rows on SQLite, PostgreSQL and Db2's driver: taken in, read back, compared."""

import itertools
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from adapters.database import Database, InboxStore, Migrations
from hub.envelope import Message, to_wire
from hub.messages import inside_queue, lanes
from hub.notices import stopped
from hub.ports import Answer, Published, Taken
from internal_apps.evidence import store
from internal_apps.evidence.application import MIGRATIONS
from internal_apps.evidence.compare import Verdict
from internal_apps.evidence.entries import Period
from internal_apps.evidence.exported import again, written
from internal_apps.evidence.handlers import Handlers
from internal_apps.evidence.reading import compared, read
from internal_apps.evidence.report import Report
from tests.unit.evidence.books import SCHEMAS, World, taken
from tests.unit.hub_world import CountedMetrics

HOUR = timedelta(hours=1)
STOPPED = "{urn:lupu:evidence:1}Stopped"


class Inside:
    """Evidence's handlers on one database."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.world = World(folder)
        self.clock = self.world.clock
        self.store = InboxStore(database, self.clock, "evidence-1")
        self.handlers = Handlers(SCHEMAS, CountedMetrics())
        self.world.asking.inside = self.take

    def take(self, message: Message) -> Answer:
        """Take a page in."""
        with self.store.unit() as unit:
            return self.handlers.page(message, unit, self.clock.now()).answer

    def receive(self, message: Message, body: bytes | None = None) -> None:
        """Write into the inside book."""
        crossed = sha256(message.body if body is None else body).hexdigest()
        with self.store.unit() as unit:
            unit.take(message._replace(crossed=crossed), Taken.FIRST)

    def report(self, route: str = "") -> Report:
        """Compare all there is, held as a whole and one by one: it comes to the same."""
        now = self.clock.now()
        period = Period(now - 24 * HOUR, now + HOUR, route, "gateway-1")
        whole = Report.of(read(self.database, period, now, 60.0), 120.0)
        entries, comparison = compared(self.database, period, now, 60.0)
        assert Report.of(entries, 120.0, comparison).summary() == whole.summary()
        return whole


@pytest.fixture
def inside(database_url: str, tmp_path: Path) -> Iterator[Inside]:
    """Offer evidence on a new database of each kind."""
    database = Database(database_url)
    Migrations(database, [MIGRATIONS]).upgrade()
    yield Inside(database, tmp_path)
    database.close()


def _send(inside: Inside, reference: str) -> Message:
    message = inside.world.request(reference, reference.encode())
    inside.world.book.ahead(message, to_wire(message))(Published.CONFIRMED)
    return message


def test_books_compare_alike_on_every_database(inside: Inside) -> None:
    """Each verdict, a finding, silence, queues and the report, by the same statements."""
    _send(inside, "lost")
    inside.receive(_send(inside, "fine"))
    twice = _send(inside, "twice")
    inside.receive(twice)
    inside.receive(twice)
    inside.receive(_send(inside, "altered"), b"other")
    inside.receive(inside.world.request("injected", b"injected"))
    halted = _send(inside, "halted")
    with inside.store.unit() as unit:
        given = SCHEMAS.values(SCHEMAS.read(STOPPED, stopped(to_wire(halted), "NotAuthentic: 不")))
        store.stop(unit, given, inside.clock.now())
    for _ in range(3):
        inside.world.pages.turn()
        inside.clock.move(seconds=70)
    with inside.database.begin() as connection:
        for depth, lane in itertools.product((7, 0), lanes("ticketing")):
            store.look(connection, inside_queue("ticketing", lane), depth, inside.clock.now())
    inside.clock.move(seconds=100)
    report = inside.report("ticketing")
    items = {item.request.rpartition("/")[2]: item.verdict for item in report.comparison.items}
    assert items == {
        "lost": Verdict.LOST,
        "twice": Verdict.DOUBLED,
        "altered": Verdict.ALTERED,
        "injected": Verdict.INJECTED,
        "halted": Verdict.QUARANTINED,
    }
    assert [one.origin for one in report.silent] == ["gateway-1"]
    assert report.comparison.count(Verdict.RECEIVED) == 1
    assert again(written(report, "evidence-1")).summary() == report.summary()


def test_what_is_wrong_with_a_page_is_kept_and_read_back(inside: Inside) -> None:
    """A gap is found, and so is a page that was written anew, by the inside book's word."""
    inside.world.pages.turn()
    inside.world.asking.inside = taken
    inside.world.pages.turn()
    inside.world.asking.inside = inside.take
    inside.world.pages.turn()
    with inside.store.unit() as unit:
        unit.take(inside.world.asking.sent[0], Taken.REUSED)
    found = [(one.kind, one.page) for one in inside.report().entries.findings]
    assert found == [("PAGE_MISSING", 3), ("PAGE_REWRITTEN", 1)]
    assert not inside.report().fine


def test_a_gateway_that_is_retired_is_not_missed_until_it_comes_again(inside: Inside) -> None:
    """Only one that is known can be retired."""
    inside.world.pages.turn()
    inside.clock.move(days=1)
    with inside.database.begin() as connection:
        assert not store.retire(connection, "gateway-9", inside.clock.now())
        assert store.retire(connection, "gateway-1", inside.clock.now())
    assert inside.report().silent == []
    inside.world.pages.turn()
    inside.clock.move(days=1)
    assert [one.origin for one in inside.report().silent] == ["gateway-1"]
