"""The inside in a test: evidence's worker on a database, and books that come across to it."""

from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from adapters.memory.broker import dump, load
from hub.envelope import Message, RequestId, Transmission, Wire, from_wire, to_wire
from hub.messages import inside_queue, lanes
from hub.notices import stopped
from hub.ports import Answer, Taken, Unit
from hub.sealing import Signatures
from hub.settings import Configuration
from internal_apps.evidence import store
from internal_apps.evidence.application import application
from internal_apps.evidence.compare import Comparison, Verdict, compare
from internal_apps.evidence.entries import Entries, Period
from internal_apps.evidence.reading import read
from internal_apps.evidence.settings import Evidence
from internal_apps.serving import Application, Surroundings
from tests.unit.evidence.books import World
from tests.unit.worker import Worker

Change = Callable[[Message], Message]


class Inside:
    """Evidence's worker, to which gateways send the pages of their books."""

    def __init__(self, folder: Path, signatures: Signatures | None = None) -> None:
        self.folder = folder
        self.settings = Evidence()

        def build(around: Surroundings, _configuration: Configuration) -> Application:
            self.application = application(around, self.settings, signatures)
            return self.application

        inside = folder / "inside"
        inside.mkdir()
        self.worker = Worker(build, inside)
        self.clock = self.worker.clock
        self.change: Change = lambda message: message
        self._store = self.worker.store

    def gateway(self, boot: str = "b00t", **how: Any) -> World:
        """Start a gateway whose pages come here."""
        world = World(self.folder / "books", boot, clock=self.clock, **how)
        world.asking.inside = self.take
        return world

    def take(self, message: Message) -> Answer | None:
        """Have a page handled as it comes out of the queue; return its answer."""
        came = self.change(from_wire(load(dump(to_wire(message)))))
        self.worker.inbox.handle([came])
        rows = self._store.unsent(100)
        self._store.mark_sent([number for number, _ in rows], self.clock.now())
        if not rows:
            return None
        said = rows[-1][1]
        return Answer(said.type, said.body)

    def receive(self, message: Message, crossed: str, what: Taken = Taken.FIRST) -> None:
        """Write into the inside book, as another application's worker on this database."""
        with self._store.unit() as unit:
            taken: Unit = unit
            taken.take(message._replace(crossed=crossed), what)

    def stop(self, wire: Wire, body: bytes, reason: str, ago: timedelta = timedelta()) -> None:
        """Have evidence told, as a hub tells it, that a message with this body was stopped."""
        document = stopped(wire._replace(body=body), reason)
        notice = Message(
            type="Stopped.1",
            id=RequestId("hub:hub-1", "Stopped", sha256(document).hexdigest()),
            transmission=Transmission("hub-1", "b", 1),
            accepted_at=self.clock.now() - ago,
            body=document,
        )
        self.worker.inbox.handle([notice])

    def look(self, depth: int | None) -> None:
        """Note how many messages lie in the queue of ticketing; None is not known."""
        if depth is not None:
            with self.worker.database.begin() as connection:
                for lane in lanes("ticketing"):
                    queue = inside_queue("ticketing", lane)
                    store.look(connection, queue, depth, self.clock.now())

    def entries(self, route: str = "", bound_seconds: float = 60.0) -> Entries:
        """Return all entries up to now."""
        now = self.clock.now()
        period = Period(now.replace(year=2000), now.replace(year=2100), route)
        return read(self.worker.database, period, now, bound_seconds)

    def compared(self, route: str = "ticketing", bound_seconds: float = 60.0) -> Comparison:
        """Compare both sides as they are now."""
        entries = self.entries(route, bound_seconds)
        return compare(entries.booked, entries.taken, entries.stopped, entries.view)

    def verdicts(self, route: str = "ticketing") -> dict[str, Verdict]:
        """Return what is worth a look, by the sender's own reference."""
        return {
            item.request.rpartition("/")[2]: item.verdict for item in self.compared(route).items
        }

    def found(self) -> list[str]:
        """Return what was found wrong with pages, in order."""
        return [one.kind for one in self.entries().findings]
