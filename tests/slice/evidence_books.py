"""A gateway's book beside the staff's pages, and what may go wrong with what it sends."""

from pathlib import Path

from adapters.database import InboxStore
from hub.envelope import Message, to_wire
from hub.ports import Answer, Published, Taken
from internal_apps.answering import values
from internal_apps.evidence import store
from internal_apps.evidence.domain import Finding, Kind
from internal_apps.evidence.handlers import Handlers, read_page
from tests.slice.staff_world import StaffWorld
from tests.unit.evidence.books import SCHEMAS, World
from tests.unit.evidence.test_verdicts import crossed
from tests.unit.hub_world import CountedMetrics


class Books:
    """A gateway's book and its pages, taken in on the database of the staff's pages."""

    def __init__(self, staff: StaffWorld, folder: Path) -> None:
        self.staff = staff
        self.folder = folder / "books"
        self.store = InboxStore(staff.database, staff.clock, "evidence-1")
        self.handlers = Handlers(SCHEMAS, CountedMetrics())
        self.starts("b00t")

    def starts(self, boot: str) -> None:
        """Let the gateway start, anew if it has died."""
        self.world = World(self.folder, boot, clock=self.staff.clock)
        self.world.asking.inside = self.take

    def take(self, message: Message) -> Answer:
        """Take a page in."""
        with self.store.unit() as unit:
            unit.take(message._replace(crossed=crossed(message.body)), Taken.FIRST)
            return self.handlers.page(message, unit, self.staff.clock.now()).answer

    def send(
        self,
        reference: str,
        came: int = 1,
        body: bytes | None = None,
        operation: str = "PlaceBooking",
    ) -> None:
        """Have a booking sent, or another request, and taken in so many times."""
        message = self.world.request(reference, reference.encode())
        id_ = message.id._replace(operation=operation)
        message = message._replace(id=id_, type=f"{operation}.1")
        self.world.book.ahead(message, to_wire(message))(Published.CONFIRMED)
        for _ in range(came):
            with self.store.unit() as unit:
                digest = crossed(message.body if body is None else body)
                unit.take(message._replace(crossed=digest), Taken.FIRST)

    def turn(self, count: int = 2) -> None:
        """Have pages sent, ten seconds apart."""
        for _ in range(count):
            self.world.pages.turn()
            self.staff.clock.move(seconds=10)

    def later(self) -> None:
        """Let what is absent have its time; the gateway is heard, and the queues are empty."""
        self.staff.clock.move(minutes=50)
        self.turn()
        with self.staff.database.begin() as connection:
            store.look(connection, "ticketing.requests", 0, self.staff.clock.now())


def troubled(books: Books) -> None:
    """Have something of everything go wrong, an hour ago."""
    books.send("fine")
    books.send("lost", came=0)
    books.send("twice", came=2)
    books.send("changed", body=b"other")
    books.turn()
    books.later()
    page = read_page(values(SCHEMAS, books.world.asking.sent[0]))
    with books.store.unit() as unit:
        found = [Finding(Kind.PAGE_MISSING, "pages 3 to 4 have not come")]
        store.find(unit, page, found, books.staff.clock.now())
    books.staff.clock.move(seconds=1)
