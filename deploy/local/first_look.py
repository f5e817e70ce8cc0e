"""``make try``: the same wiring in one process, on brokers in memory and SQLite. Proves nothing.

No root, no broker, no TLS: for a first look, in under a minute.
"""

import secrets
import shutil
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from rich.console import Console
from werkzeug.serving import make_server

from adapters import logs
from adapters.admission import known_agents
from adapters.clock import SystemClock
from adapters.database import Database, InboxStore, Migrations
from adapters.memory.broker import MemoryBroker, inside_broker, outside_broker
from adapters.memory.links import MemoryConsumer, MemoryPublisher
from adapters.memory.loop import MemoryLoop
from adapters.memory.sealing import MemoryKeys, MemoryOpener, MemorySealer
from adapters.metrics import PrometheusMetrics
from adapters.quarantine import QueueQuarantine
from adapters.soap.wsdl import PATH
from adapters.xml import Schemas
from deploy.local import showing
from deploy.local.agency import Agency, Asked, Scripted
from deploy.local.ports import LOOPBACK, POLL_SECONDS, free_port
from deploy.local.process import ProcessFailed
from dmz_gateway.served import Parts, Served
from dmz_gateway.settings import Gateway
from hub.bridge import Bridge, Hub, Side
from hub.errors import LupuError
from hub.rates import AcceptedRates
from hub.requester import Requester
from hub.sealing import Seals
from internal_apps.serving import Links, Serving, Surroundings
from internal_apps.settings import Worker
from internal_apps.ticketing.agents import Agents, NewAgent
from internal_apps.ticketing.application import MIGRATIONS, application
from internal_apps.ticketing.history import history
from internal_apps.ticketing.loading import Sample
from internal_apps.ticketing.settings import Ticketing

FOLDER = Path("run/try")
AGENT = "1001"
AGENCY = "Sunny Travel"
DAYS_TO_OPENING = 30
READY_SECONDS_MAX = 20.0
CONFIRM_SECONDS = 1.0


class FirstLook:
    """Both brokers, the hub, ticketing and one gateway, all in this process."""

    def __init__(self, folder: Path, opening: date) -> None:
        self._folder = folder
        self._port = free_port()
        self._clock, self._metrics, self._schemas = SystemClock(), PrometheusMetrics(), Schemas()
        self._loop = MemoryLoop()
        self._keys = MemoryKeys()
        self._outside, self._inside = outside_broker(), inside_broker()
        self.database = Database(f"sqlite:///{folder / 'lupu.sqlite'}")
        self.password = self._fill(opening)

    @property
    def url(self) -> str:
        """The WSDL's address."""
        return f"http://{LOOPBACK}:{self._port}{PATH}?wsdl"

    def start(self) -> Callable[[], None]:
        """Start everything and wait until an agency can sign in; return what ends it."""
        self._bridge()
        serving = self._ticketing()
        gateway = self._gateway()
        self._loop.start_thread("brokers")
        working = threading.Thread(target=serving.run, daemon=True)
        working.start()
        server = make_server(LOOPBACK, self._port, gateway.wsgi, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()

        def end() -> None:
            server.shutdown()
            server.server_close()
            serving.stop()
            working.join()
            self._loop.stop()
            self.database.close()

        try:
            _wait(
                lambda: gateway.agents.edition is not None and gateway.offers.edition is not None
            )
        except LupuError:
            end()
            raise
        return end

    def _fill(self, opening: date) -> str:
        Migrations(self.database, [MIGRATIONS]).upgrade()
        with self.database.begin() as connection:
            Sample(opening=opening).load(connection)
        return Agents(self.database, self._clock).add(
            NewAgent(AGENT, AGENCY, "阳光旅行社", "AGENCY", group_allowed=True)
        )

    def _side(self, broker: MemoryBroker, account: str) -> Side:
        return Side(MemoryConsumer(self._loop, broker), MemoryPublisher(broker, account))

    def _bridge(self) -> None:
        hub = Hub()
        Bridge(
            place="hub-1",
            outside=self._side(self._outside, "hub-1"),
            inside=self._side(self._inside, "hub-1"),
            contracts=self._schemas,
            clock=self._clock,
            metrics=self._metrics,
            later=self._loop,
            seals=Seals(
                MemoryOpener(self._keys, "hub-1"),
                MemorySealer(self._keys, "hub-1"),
                lambda: ("gateway-1",),
            ),
            quarantine_on=lambda publisher: QueueQuarantine(publisher, "hub-1", self._clock),
            agents=known_agents(
                MemoryConsumer(self._loop, self._inside),
                self._schemas,
                self._clock,
                self._metrics,
                rates=AcceptedRates(hub.agent_rate_times, hub.agent_backlog_seconds),
            ),
        ).start(hub)

    def _ticketing(self) -> Serving:
        name = "ticketing-1"
        side = self._side(self._inside, name)
        around = Surroundings(
            InboxStore(self.database, self._clock, name),
            self._schemas,
            self._clock,
            self._metrics,
            name,
        )
        quarantine = QueueQuarantine(side.publisher, name, self._clock)
        links = Links(side.consumer, side.publisher, self._loop.call, quarantine)
        serving = Serving(application(around, Ticketing()), around, links, Worker())
        serving.subscribe()
        return serving

    def _gateway(self) -> Served:
        name = "gateway-1"
        publisher = MemoryPublisher(self._outside, name)
        opener = MemoryOpener(self._keys, name)
        requester = Requester(self._loop, publisher, self._metrics, CONFIRM_SECONDS, opener=opener)
        settings = Gateway(
            socket=self._folder / "unused.sock",
            snapshots=self._folder,
            replays=self._folder,
            public_url=f"http://{LOOPBACK}:{self._port}",
        )
        served = Served(
            Parts(
                name=name,
                boot=secrets.token_hex(8),
                settings=settings,
                schemas=self._schemas,
                clock=self._clock,
                metrics=self._metrics,
                requests=requester,
                sealer=MemorySealer(self._keys, name),
                opener=opener,
                readers=lambda: ("hub",),
            )
        )
        served.subscribe(MemoryConsumer(self._loop, self._outside), requester.deliver)
        return served


def ways(database: Database, asked: list[Asked]) -> dict[str, showing.Way]:
    """Return the way of each request by operation and reference, as the database has it."""
    found: dict[str, showing.Way] = {}
    for reference in {str(one.booking["BookingReference"]) for one in asked if one.booking}:
        known = history(database, reference)
        for step in known.steps if known else ():
            way = [(hop.place, hop.at) for hop in step.hops] + [("handled", step.handled_at)]
            found[f"{step.request_id.operation}/{step.request_id.reference}"] = way
    return found


def main() -> int:
    """Look once; return the exit status."""
    shown = showing.console()
    try:
        _look(FOLDER.resolve(), shown)
    except LupuError as error:
        print(f"try: {error}", file=sys.stderr)  # noqa: T201  this is a command line
        return 1
    return 0


def _look(folder: Path, shown: Console) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with (folder / "lupu.log").open("w", encoding="utf-8") as log:
        logs.configure("INFO", log)
        _book(folder, shown)


def _book(folder: Path, shown: Console) -> None:
    opening = datetime.now(UTC).date() + timedelta(days=DAYS_TO_OPENING)
    with showing.step(shown, "database and Expo 2010's catalogue"):
        look = FirstLook(folder, opening)
    with showing.step(shown, "gateway, hub and ticketing in one process, brokers in memory"):
        end = look.start()
    try:
        with showing.step(shown, f"{AGENCY} books through SOAP"):
            scripted = Scripted(Agency(AGENT, look.password), look.url, opening)
            asked = list(scripted.run())
            scripted.close()
        shown.print()
        shown.print(showing.bookings(shown, asked, ways(look.database, asked), AGENCY))
        shown.print(
            "[yellow]This proves nothing[/]: no broker, no TLS, nothing that can fail. "
            "[bold]make demo[/] starts the real thing."
        )
    finally:
        end()


def _wait(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + READY_SECONDS_MAX
    while not ready():
        if time.monotonic() > deadline:
            raise ProcessFailed("Nothing was published to the gateway in time.")
        time.sleep(POLL_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
