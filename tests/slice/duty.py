"""A bridge in memory and whoever is on duty at it: real hub, workers, keys and database.

Everything runs but the brokers are in memory, and so is the operator's hand at their quarantines.
What is upgraded, brought or set right by hand is so by the test.
"""

import shlex
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

from click.testing import CliRunner

from adapters.admission import AGENTS, KnownAgents, agents_snapshot
from adapters.clock import SystemClock
from adapters.database import Database, InboxStore, Migrations
from adapters.memory.broker import MemoryBroker, inside_broker, outside_broker
from adapters.memory.hand import hand
from adapters.memory.links import MemoryConsumer, MemoryPublisher
from adapters.memory.loop import MemoryLoop
from adapters.published import listen
from adapters.quarantine import QueueQuarantine
from adapters.xml import Schemas
from hub.bridge import Bridge, Hub, Side
from hub.errors import InvalidBody
from hub.inbox import Handler
from hub.messages import QUARANTINE_QUEUE, message_type, operations, published_stream
from hub.ports import Delivery
from hub.rates import AcceptedRates
from hub.sealing import Seals
from hub.settings import Broker, Configuration, OutsideBroker
from internal_apps.evidence import application as evidence
from internal_apps.serving import Application, Build, Links, Serving, Surroundings
from internal_apps.settings import Worker
from internal_apps.staff.accounts import Accounts
from internal_apps.staff.passwords import Passwords
from internal_apps.staff.roles import Role
from internal_apps.ticketing import application as ticketing
from internal_apps.ticketing.agents import Agents, NewAgent
from internal_apps.ticketing.loading import Sample
from lupu import opened
from lupu.commands import lupu
from tests.contract.transports import until
from tests.servers.components import write_toml
from tests.servers.keys import NAMES, Keys
from tests.unit.hub_world import CountedMetrics

OPENING = datetime.now(UTC).date() + timedelta(days=30)
PEOPLE, PASSWORD = ("wang", "li"), "a password of its own"
WAIT_SECONDS = 10.0
# Of one agent in any ten seconds: its rate times 0.12, but one always; and as many altogether.
RATE_TIMES = 0.01
BACKLOG_SECONDS = 1_000_000
UNREADABLE = "9999-12-31"
PLACE_BOOKING = message_type("PlaceBooking.1").element


class Upgraded(Schemas):
    """The contracts of a program that is upgraded later: until then PlaceBooking is ``trouble``.

    ``digests``: only when two requests are compared, and not when one is checked. It takes
    UNREADABLE for a day, and cannot read it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trouble: Exception | None = None
        self.digests = False

    def check(self, element: str, body: bytes) -> None:
        """Check, or raise the trouble."""
        if self.trouble is not None and not self.digests and element == PLACE_BOOKING:
            raise self.trouble
        super().check(element, body)

    def digest(self, element: str, body: bytes) -> str:
        """Return the digest, or raise the trouble."""
        if self.trouble is not None and self.digests:
            raise self.trouble
        if UNREADABLE.encode() in body:
            raise InvalidBody("No calendar holds this day.")
        return super().digest(element, body)


class WrongClock(SystemClock):
    """The machine's clock, or so much behind it."""

    def __init__(self, behind: timedelta = timedelta()) -> None:
        self.behind = behind

    def now(self) -> datetime:
        """Return the time that it shows."""
        return super().now() - self.behind


class Duty:
    """The bridge, its operator's terminal, and what is known afterwards."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keys = Keys(folder / "sealing").make((*NAMES, "evidence-1"))
        self.outside, self.inside = outside_broker(), inside_broker()
        self.loop = MemoryLoop()
        self.hub_clock = WrongClock()
        self.hub_contracts, self.worker_contracts = Upgraded(), Upgraded()
        self.mistaken = False
        self.path = folder / "inside.sqlite"
        self.database = _database(self.path)
        self.config = _config(folder, self.path, self.keys.section)
        self.agents = agents_snapshot(Schemas(), SystemClock(), CountedMetrics())
        self._workers = [self._worker(build) for build in (ticketing.build, evidence.build)]
        self._start_hub()

    def keyring_of(self, name: str) -> Path:
        """Return where a worker's own keyring lies; what is not there yet is that of all."""
        path = self.folder / f"keyring-{name}.json"
        if not path.exists():
            self.keys.keyring.write(path)
        return path

    def hand(self, broker: Broker, account: str) -> Any:
        """Take the quarantine of a broker in memory in hand."""
        outside = isinstance(broker, OutsideBroker)
        return hand(self.outside if outside else self.inside, account)

    def run(self, line: str) -> str:
        """Type a line at the terminal of the inside, and the password; return what it printed."""
        words = shlex.split(line)
        words, file = (words[:-2], words[-1]) if ">" in words else (words, "")
        done = CliRunner().invoke(
            *(lupu, words[1:], f"{PASSWORD}\n"),
            env={"LUPU_CONFIG": str(self.config)},
            catch_exceptions=False,
        )
        assert done.exit_code == 0, (line, done.output)
        if file:
            (self.folder / file).write_bytes(done.stdout_bytes)
        return done.output

    def outcome(self, request: str) -> str:
        """Return the outcome that is stored of a request; empty where none is."""
        found = self.rows("SELECT outcome_code FROM inbox WHERE request_id = ?", request)
        return str(found[0][0] or "") if found else ""

    def rows(self, query: str, *given: object) -> list[tuple[object, ...]]:
        """Return what a query finds."""
        with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as connection:
            return list(connection.execute(query, given))

    def kept(self) -> int:
        """Return how many messages are kept, wherever."""
        quarantined = sum(side.depth(QUARANTINE_QUEUE) for side in (self.outside, self.inside))
        return quarantined + len(self.rows("SELECT * FROM parked"))

    def forget(self) -> None:
        """Leave nothing kept for the next trial."""
        for side in (self.outside, self.inside):
            side.take_all(QUARANTINE_QUEUE)
        for (name,) in self.rows("SELECT request_id FROM parked"):
            self.run(f"lupu parked discard {name} --why over --as wang")

    def agents_are_known(self, change: Callable[[], object]) -> None:
        """Change agents, and wait until the hub knows it."""
        before = self.agents.edition
        change()
        assert until(lambda: self.agents.edition is not before, WAIT_SECONDS), "never published"

    def start(self) -> None:
        """Begin to work."""
        self.loop.start_thread("brokers")
        for worker in self._workers:
            worker.subscribe()
            Thread(target=worker.run, daemon=True).start()
        assert until(lambda: self.agents.edition is not None, WAIT_SECONDS)

    def stop(self) -> None:
        """End."""
        for worker in self._workers:
            worker.stop()
        self.loop.stop()
        self.database.close()

    def _start_hub(self) -> None:
        def take(delivery: Delivery) -> None:
            self.agents.offer(delivery.wire.body)

        listen(MemoryConsumer(self.loop, self.inside), published_stream(AGENTS), take)
        sealed, metrics = self.keys.of("hub-1"), CountedMetrics()
        rates = AcceptedRates(RATE_TIMES, BACKLOG_SECONDS)
        Bridge(
            place="hub-1",
            outside=self._side(self.outside),
            inside=self._side(self.inside),
            contracts=self.hub_contracts,
            clock=self.hub_clock,
            metrics=metrics,
            later=self.loop,
            seals=Seals(sealed.opener, sealed.sealer, sealed.editions_for),
            quarantine_on=lambda publisher: QueueQuarantine(publisher, "hub-1", self.hub_clock),
            agents=KnownAgents(self.agents, Schemas(), metrics, rates=rates),
        ).start(Hub())

    def _side(self, broker: MemoryBroker) -> Side:
        return Side(MemoryConsumer(self.loop, broker), MemoryPublisher(broker, "hub-1"))

    def _worker(self, build: Build) -> Serving:
        name = "evidence-1" if build is evidence.build else "ticketing-1"
        handled = operations(name.partition("-")[0])
        store = InboxStore(self.database, SystemClock(), name, operations=handled)
        around = Surroundings(store, self.worker_contracts, SystemClock(), CountedMetrics(), name)
        publisher = MemoryPublisher(self.inside, name)
        links = Links(
            MemoryConsumer(self.loop, self.inside),
            publisher,
            self.loop.call,
            QueueQuarantine(publisher, name, SystemClock()),
        )
        sealing = self.keys.section | {"keyring": str(self.keyring_of(name))}
        configuration = Configuration(_config(self.folder, self.path, sealing, name), name)
        application = self._with_mistakes(build(around, configuration))
        return Serving(application, around, links, Worker(attempts_max=1, chore_seconds=0.05))

    def _with_mistakes(self, application: Application) -> Application:
        def handled(handler: Handler, *given: Any) -> Any:
            if self.mistaken:
                raise KeyError("a mistake of ours")
            return handler(*given)

        handlers = {
            key: partial(handled, handler) for key, handler in application.handlers.items()
        }
        return replace(application, handlers=handlers)


@contextmanager
def on_duty(folder: Path) -> Iterator[Duty]:
    """Offer a bridge at work."""
    duty = Duty(folder)
    duty.start()
    try:
        yield duty
    finally:
        duty.stop()


def _database(path: Path) -> Database:
    database = Database(f"sqlite:///{path}")
    Migrations(database, opened.lines()).upgrade()
    with database.begin() as connection:
        Sample(opening=OPENING).load(connection)
    agents = Agents(database, SystemClock())
    agents.add(NewAgent("1001", "Harbour", "海港", "AGENCY", requests_per_second=1_000_000))
    accounts = Accounts(database, SystemClock())
    for account in PEOPLE:
        accounts.add(account, account, Role.OPERATOR, Passwords().hash(PASSWORD))
    return database


def _config(folder: Path, path: Path, sealing: dict[str, str], name: str = "") -> Path:
    """Write a zone's file; a worker of this test needs no broker in it."""
    broker = {"host": "localhost", "port": 1, "authority": "a", "certificate": "c", "key": "k"}
    sections: dict[str, dict[str, Any]] = {
        "database": {"file": str(path)},
        "sealing": {**sealing, "reload_seconds": 0},
        "ticketing": {"publish_seconds": 0.05},
        "evidence": {"look_seconds": 0.05},
        "parking": {"replays_per_second": 1_000},
    }
    if not name:
        sections |= {"outside_broker": broker, "inside_broker": broker}
    return write_toml(folder / f"inside{name}.toml", sections)
