"""The real processes, put together as their own wiring does it, on links of the simulation."""

import itertools
from collections.abc import Callable
from math import ceil
from pathlib import Path

from adapters.admission import KnownAgents
from adapters.database import Database
from adapters.memory.books import MemoryDatabase
from adapters.memory.sealing import MemoryKeys, MemoryOpener, MemorySealer
from adapters.published import listen
from adapters.quarantine import QueueQuarantine
from dmz_gateway.agents.faults import Faulted, RefusedInside
from dmz_gateway.agents.forwarding import Answered, Forwarding, Request
from dmz_gateway.books.pages import Pages
from dmz_gateway.links import Opening, take_replies
from dmz_gateway.patience import PAUSE_SECONDS
from dmz_gateway.replies import Replies
from dmz_gateway.settings import Gateway
from hub.bridge import Bridge, Hub, Side
from hub.inbox import Limits
from hub.messages import reply_queue
from hub.places import GATEWAY, HUB, OPERATOR
from hub.requester import Requester
from hub.sealing import Seals
from hub.traffic import Targets
from tests.simulation.books import Disk, DiskBook
from tests.simulation.broker import Broker
from tests.simulation.documents import DOCUMENTS
from tests.simulation.editions import STREAM, Learnt, Use, known_agents
from tests.simulation.links import CONFIRM_SECONDS, Consumer, Publisher
from tests.simulation.world import Loop, Process, World
from tests.unit.hub_world import CountedMetrics

APPLICATION = "ticketing"
PREFETCH_MAX = 10
WAITING_MAX = 8
PATIENT = ("gateway-2",)
PATIENCE_SECONDS = 3.0
PAGES_SECONDS = 20.0
# Longer than any run, so that the judge can read all of them.
KEPT_DAYS = 100_000.0
PROMPT_CONFIRM_SECONDS = 0.8
END_SECONDS = 5.0
NOWHERE = Path("/nowhere")
LIMITS = Limits(
    request_age_seconds_max=7 * 86_400.0,
    wait_seconds_max=120.0,
    attempts_max=3,
    retry_seconds_min=2.0,
    retry_seconds_max=20.0,
    behind_seconds=60.0,
)
SETTINGS = Gateway(
    socket=NOWHERE,
    snapshots=NOWHERE,
    replays=NOWHERE,
    books=NOWHERE,
    public_url="https://gateway",
)

Crashed = Callable[[Process], None]


class Site:
    """What every process of a run shares: the two brokers, the database, what may happen.

    ``approvals``: which correction somebody approved, and who. ``used``: which edition each
    process began to use. ``staff``: the tables of the
    staff's work and of evidence.
    """

    def __init__(
        self,
        world: World,
        brokers: tuple[Broker, Broker],
        *,
        database: MemoryDatabase,
        disk: Disk,
        staff: Database,
        has_evidence: bool,
        has_editions: bool,
    ) -> None:
        self.world = world
        self.outside, self.inside = brokers
        self.database = database
        self.disk = disk
        self.staff = staff
        self.has_evidence = has_evidence
        self.has_editions = has_editions
        self.used: list[Use] = []
        # What is sent again and again would be under way whenever one looks.
        self.is_ending = False
        self.chaos = disk.chaos
        self.approvals: list[tuple[int, str]] = []
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
            seals=Seals(
                MemoryOpener(site.keys, name), MemorySealer(site.keys, name), lambda: (GATEWAY,)
            ),
            chance=chance,
            agents=self._agents(site) if site.has_editions else None,
        ).start(Hub(prefetch_max, prefetch_max, 5, prefetch_max, prefetch_max, 1))

    def _agents(self, site: Site) -> KnownAgents:
        learnt = Learnt(self, site.chaos, site.used, None)
        listen(site.consumer(self, site.inside), STREAM, learnt.deliver)
        return known_agents(learnt)

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


class GatewayProcess(Process):
    """A gateway behind its SOAP endpoint: forwarding, replies, requester."""

    def __init__(self, site: Site, name: str, crashed: Crashed) -> None:
        super().__init__(site.world, name, crashed)
        self._site = site
        # As those that have a broker of several nodes.
        self.patience_seconds = PATIENCE_SECONDS if name in PATIENT else 0.0
        boot = new_boot(site.world)
        self.book = DiskBook(site.disk, self, boot)
        self._sequence = itertools.count(1).__next__
        requester = Requester(
            Loop(self),
            site.publisher(self, site.outside),
            site.metrics,
            PROMPT_CONFIRM_SECONDS,
            self.machine(),
            opener=MemoryOpener(site.keys, name),
        )
        self.forwarding = self._forwarding(boot, requester)
        self.pages = self._pages(requester)
        take_replies(site.consumer(self, site.outside), reply_queue(name, boot), requester.deliver)
        if site.has_evidence:
            self.spawn(self._send_pages)
        if site.has_editions:
            self._learn()

    @property
    def sends_max(self) -> int:
        """How often it may send what an agent sends once."""
        return 1 + ceil(self.patience_seconds / PAUSE_SECONDS)

    def _learn(self) -> None:
        site = self._site
        folder = site.disk.folder(self.name) / "snapshots"
        learnt = Learnt(self, site.chaos, site.used, folder)
        opening = Opening(MemoryOpener(site.keys, self.name), STREAM, learnt, site.metrics)
        listen(site.consumer(self, site.outside), STREAM, opening)

    def _asking(self, requester: Requester, waiting_max: int) -> Replies:
        return Replies(
            requester,
            self.book,
            self._site.metrics,
            account=self.name,
            sealer=MemorySealer(self._site.keys, self.name),
            readers=lambda: (HUB, OPERATOR),
            waiting_max=waiting_max,
            broker_wait_seconds=self.patience_seconds,
            machine=self.machine(),
        )

    def _pages(self, requester: Requester) -> Pages:
        return Pages(
            self.book,
            self._asking(requester, 1),
            schemas=DOCUMENTS.schemas,
            clock=self,
            metrics=self._site.metrics,
            sequence=self._sequence,
            wait_seconds=SETTINGS.reply_wait_seconds,
            kept_days=KEPT_DAYS,
        )

    def _send_pages(self) -> None:
        while not self._site.is_ending:
            self.pages.turn()
            self.world.sleep(PAGES_SECONDS * (0.5 + self.world.random.random()))

    def _forwarding(self, boot: str, requester: Requester) -> Forwarding:
        site = self._site
        return Forwarding(
            self.name,
            boot,
            self._sequence,
            settings=SETTINGS,
            replies=self._asking(requester, WAITING_MAX),
            contracts=DOCUMENTS,
            clock=self,
            metrics=site.metrics,
            drained=Targets,
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
        self.book.abandon(self.pages._left_behind)

    def _answered(self, request: Request) -> tuple[str, bytes]:
        try:
            answered: Answered = self.forwarding.answer(request, lambda *_: None)
        except RefusedInside as refused:
            return refused.refusal.code, b""
        except Faulted as faulted:
            return f"FAULT {faulted.refused.refusal.code}", b""
        return answered.code, answered.document


assert CONFIRM_SECONDS > PROMPT_CONFIRM_SECONDS
