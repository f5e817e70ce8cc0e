"""Books in a test: a folder, a moved clock, lines to write, and an inside that acknowledges."""

import itertools
from collections.abc import Callable
from pathlib import Path

from adapters.xml import Schemas
from dmz_gateway.books.book import Book
from dmz_gateway.books.pages import Pages, Signs
from dmz_gateway.replies import Asked
from hub.envelope import Message, Wire, to_wire
from hub.evidence import Page
from hub.inbox import reply
from hub.messages import Lane
from hub.ports import Answer, Published
from internal_apps.answering import answer, values
from internal_apps.evidence.handlers import read_page
from tests.unit.hub_world import CountedMetrics, MovedClock, booking

GATEWAY = "gateway-1"
SCHEMAS = Schemas()
Inside = Callable[[Message], Answer | None]


def taken(message: Message) -> Answer:
    """Answer as evidence does."""
    number = values(SCHEMAS, message)["Number"]
    return answer(SCHEMAS, "BookPageResponse.1", Number=number)


class Asking:
    """Stands for the way inside: books and confirms what is sent, and has it answered."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self.inside: Inside = taken
        self.published = Published.CONFIRMED
        self.sent: list[Message] = []
        self.asked: list[Message] = []

    def ask(self, message: Message, lane: Lane, wait_seconds: float) -> Asked:
        """Send, and return the answer of the test's inside."""
        del wait_seconds
        if self.published is Published.NOT_SENT:
            return Asked(self.published)
        if lane is Lane.QUERIES:
            self.asked.append(message)
        else:
            self._book.ahead(message, to_wire(message))(self.published)
            self.sent.append(message)
        said = self.inside(message)
        return Asked(self.published, None if said is None else reply(message, said))

    def pages(self) -> list[Page]:
        """Return the pages that were sent."""
        return [read_page(values(SCHEMAS, message)) for message in self.sent]


class World:
    """One start of a gateway with its book and its pages."""

    def __init__(
        self,
        folder: Path,
        boot: str = "b00t",
        *,
        bytes_max: int = 1_000_000,
        signs: Signs | None = None,
        clock: MovedClock | None = None,
    ) -> None:
        self.folder = folder
        self.clock = clock or MovedClock()
        self.metrics = CountedMetrics()
        self.book = Book(
            folder, GATEWAY, boot, clock=self.clock, metrics=self.metrics, bytes_max=bytes_max
        )
        self.numbers = itertools.count(1)
        self.asking = Asking(self.book)
        self.pages = Pages(
            self.book,
            self.asking,
            schemas=SCHEMAS,
            clock=self.clock,
            metrics=self.metrics,
            sequence=self.numbers.__next__,
            wait_seconds=0.0,
            kept_days=30.0,
            signs=signs,
        )

    def request(self, reference: str = "A-1", body: bytes = b"<PlaceBooking/>") -> Message:
        """Return a request of this gateway's."""
        made = booking(reference, body=body)
        sent = made.transmission._replace(boot=self.book.boot, sequence=next(self.numbers))
        return made._replace(transmission=sent, accepted_at=self.clock.now())

    def send(self, ending: Published | None = Published.CONFIRMED, **what: str | bytes) -> Wire:
        """Write a request ahead, and how it ended unless that is None; return it."""
        message = self.request(**what)  # type: ignore[arg-type]
        wire = to_wire(message)
        ended = self.book.ahead(message, wire)
        if ending is not None:
            ended(ending)
        return wire

    def die(self) -> None:
        """End as a process that is killed: nothing is said, the locks are gone."""
        for file in self.book.files:
            file.close()

    def files(self, suffix: str = ".book") -> list[Path]:
        """Return the files of the books."""
        return sorted(self.folder.glob(f"*{suffix}"))
