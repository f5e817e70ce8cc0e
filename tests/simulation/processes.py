"""The real processes, put together as their own wiring does it, on links of the simulation."""

import itertools
from collections.abc import Callable
from pathlib import Path

from adapters.memory.books import MemoryDatabase
from adapters.memory.sealing import MemoryKeys, MemoryOpener, MemorySealer
from adapters.memory.store import MemoryStore
from adapters.quarantine import QueueQuarantine
from dmz_gateway.agents.faults import Faulted, RefusedInside
from dmz_gateway.agents.forwarding import Answered, Forwarding, Request
from dmz_gateway.links import take_replies
from dmz_gateway.replies import Replies
from dmz_gateway.settings import Gateway
from hub.bridge import Bridge, Hub, Side
from hub.guard import INSIDE, Guard
from hub.inbox import Inbox, Limits
from hub.messages import Direction, Lane, inside_queue, reply_queue
from hub.outbox import Outbox
from hub.places import HUB
from hub.requester import Requester
from hub.sealing import Seals
from hub.worker import Pace, QueryWorker, RequestWorker
from internal_apps.answering import REFUSALS, stored_outcome
from tests.simulation.application import Ticketing, line_of
from tests.simulation.books import Disk, DiskBook
from tests.simulation.broker import Broker
from tests.simulation.documents import DOCUMENTS
from tests.simulation.links import CONFIRM_SECONDS, Consumer, Publisher
from tests.simulation.world import Loop, Process, World
from tests.unit.hub_world import CountedMetrics

APPLICATION = "ticketing"
LIMITS = Limits(
    request_age_seconds_max=7 * 86_400.0,
    wait_seconds_max=120.0,
    attempts_max=3,
    retry_seconds_min=2.0,
    retry_seconds_max=20.0,
    behind_seconds=60.0,
)
PREFETCH_MAX = 10
WAITING_MAX = 8
PROMPT_CONFIRM_SECONDS = 0.8
END_SECONDS = 5.0
NOWHERE = Path("/nowhere")
SETTINGS = Gateway(
    socket=NOWHERE,
    snapshots=NOWHERE,
    replays=NOWHERE,
    books=NOWHERE,
    public_url="https://gateway",
)

Crashed = Callable[[Process], None]


class Site:
    """What every process of a run shares: the two brokers, the database, what may happen."""

    def __init__(
        self,
        world: World,
        outside: Broker,
        inside: Broker,
        database: MemoryDatabase,
        disk: Disk,
    ) -> None:
        self.world = world
        self.outside = outside
        self.inside = inside
        self.database = database
        self.disk = disk
        self.chaos = disk.chaos
        self.metrics = CountedMetrics()
        self.keys = MemoryKeys()

    def consumer(self, process: Process, broker: Broker) -> Consumer:
        """Return a consumer of a process."""
        return Consumer(process, broker, self.chaos)

    def publisher(self, process: Process, broker: Broker) -> Publisher:
        """Return a publisher of a process."""
        return Publisher(process, broker, self.chaos, process.name)


def new_boot(world: World) -> str:
    """Return the name of a start of a gateway, which no other start has."""
    return f"{world.random.getrandbits(48):012x}"


class HubProcess(Process):
    """A hub: the real bridge."""

    def __init__(self, site: Site, name: str, crashed: Crashed) -> None:
        super().__init__(site.world, name, crashed)
        inside, outside = site.inside, site.outside
        chance = site.world.random.random
        prefetch_max = 1 + int(chance() * PREFETCH_MAX)
        self.channels = Bridge(
            place=name,
            outside=Side(site.consumer(self, outside), site.publisher(self, outside)),
            inside=Side(site.consumer(self, inside), site.publisher(self, inside)),
            contracts=DOCUMENTS,
            clock=self,
            metrics=site.metrics,
            later=Loop(self),
            quarantine_on=lambda publisher: QueueQuarantine(publisher, name, self),
            seals=Seals(MemoryOpener(site.keys, name), MemorySealer(site.keys, name), tuple),
            chance=chance,
        ).start(Hub(prefetch_max, prefetch_max, prefetch_max, 1))

    def stop(self) -> None:
        """End as on SIGTERM: what was taken first settles."""
        for channel in self.channels:
            channel.end()
        self._leave(self.world.seconds + END_SECONDS)

    def _leave(self, deadline: float) -> None:
        if all(channel.settled() for channel in self.channels) or self.world.seconds > deadline:
            self.crash()
        else:
            self.world.later(0.05, lambda: self._leave(deadline), self)


class WorkerProcess(Process):
    """A worker of the application: the real loops, inbox and outbox."""

    def __init__(self, site: Site, name: str, crashed: Crashed) -> None:
        super().__init__(site.world, name, crashed)
        self.store = MemoryStore(site.database, owner=name, clock=self)
        self._site = site
        self._stopping = False
        self._loop = Loop(self)
        self._publisher = site.publisher(self, site.inside)
        self._application = Ticketing(self.store)
        self.requests = self._requests()
        self.queries = self._queries()
        consumer = site.consumer(self, site.inside)
        self.requests.start(consumer, inside_queue(APPLICATION, Lane.REQUESTS), PREFETCH_MAX)
        self.queries.start(consumer, inside_queue(APPLICATION, Lane.QUERIES), PREFETCH_MAX)
        self.spawn(self._handle)
        self.spawn(self._answer)

    def stop(self) -> None:
        """End as on SIGTERM, after the batch under way."""
        self._stopping = True

    def _requests(self) -> RequestWorker:
        machine, metrics = self.machine(), self._site.metrics
        inbox = Inbox(
            self.store,
            self._application.handlers(),
            contracts=DOCUMENTS,
            refusals=REFUSALS,
            clock=self,
            metrics=metrics,
            line_of=line_of,
            limits=LIMITS,
        )
        outbox = Outbox(
            self.store,
            self._publisher,
            self._loop.call,
            account=self.name,
            clock=self,
            metrics=metrics,
            chance=machine.chance,
        )
        return RequestWorker(
            inbox,
            outbox,
            Guard(Direction.INWARD, Lane.REQUESTS, DOCUMENTS, self, INSIDE),
            run=self._loop.call,
            quarantine=QueueQuarantine(self._publisher, self.name, self),
            metrics=metrics,
            pace=Pace(batch_max=5, idle_seconds=0.5),
            chores=lambda: None,
            machine=machine,
        )

    def _queries(self) -> QueryWorker:
        outcome = stored_outcome(self.store, DOCUMENTS.schemas)
        return QueryWorker(
            {"GetOutcome.1": outcome, **self._application.queries()},
            Guard(Direction.INWARD, Lane.QUERIES, DOCUMENTS, self, INSIDE),
            self._publisher,
            run=self._loop.call,
            account=self.name,
            clock=self,
            metrics=self._site.metrics,
            machine=self.machine(patience=50.0),
        )

    def _handle(self) -> None:
        while not self._stopping:
            if seconds := self.requests.step():
                self.world.sleep(seconds)
        self.requests.settle()
        self.world.soon(self.crash, self)

    def _answer(self) -> None:
        while True:
            self.queries.step()


class GatewayProcess(Process):
    """A gateway behind its SOAP endpoint: forwarding, replies, requester."""

    def __init__(self, site: Site, name: str, crashed: Crashed) -> None:
        super().__init__(site.world, name, crashed)
        self._site = site
        boot = new_boot(site.world)
        self.book = DiskBook(site.disk, self, boot)
        requester = Requester(
            Loop(self),
            site.publisher(self, site.outside),
            site.metrics,
            PROMPT_CONFIRM_SECONDS,
            self.machine(),
            opener=MemoryOpener(site.keys, name),
        )
        self.forwarding = self._forwarding(boot, requester)
        take_replies(site.consumer(self, site.outside), reply_queue(name, boot), requester.deliver)

    def _forwarding(self, boot: str, requester: Requester) -> Forwarding:
        site = self._site
        replies = Replies(
            requester,
            self.book,
            site.metrics,
            account=self.name,
            sealer=MemorySealer(site.keys, self.name),
            readers=lambda: (HUB,),
            waiting_max=WAITING_MAX,
        )
        return Forwarding(
            self.name,
            boot,
            itertools.count(1).__next__,
            settings=SETTINGS,
            replies=replies,
            contracts=DOCUMENTS,
            clock=self,
            metrics=site.metrics,
        )

    def ask(self, request: Request, told: Callable[[str, bytes], None]) -> None:
        """Answer a request on a thread of its own, as the endpoint does."""

        def answer() -> None:
            code, document = self._answered(request)
            self.world.soon(lambda: told(code, document), self)

        self.spawn(answer)

    def end(self) -> None:
        """Leave the book behind as it is."""
        super().end()
        self.book.abandon()

    def _answered(self, request: Request) -> tuple[str, bytes]:
        try:
            answered: Answered = self.forwarding.answer(request, lambda _: None)
        except RefusedInside as refused:
            return refused.refusal.code, b""
        except Faulted as faulted:
            return f"FAULT {faulted.refused.refusal.code}", b""
        return answered.code, answered.document


assert CONFIRM_SECONDS > PROMPT_CONFIRM_SECONDS
