"""Editions of the agents: published inside, learnt of by gateways and hubs, and shown again.

A broker's administrator shows older ones, drops the newest, and forges one with a gateway's key.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from adapters.admission import AGENTS, KnownAgents
from adapters.agents import Directory, read_agents
from adapters.memory.broker import MemoryBroker
from adapters.memory.sealing import MemoryKeys, MemorySealer
from adapters.memory.store import MemoryStore
from adapters.published import Edition, Snapshot
from hub.envelope import Message, RequestId, Transmission, Wire, to_wire
from hub.messages import PUBLISHED_EXCHANGE, published_stream
from hub.ports import Address, Delivery
from hub.rates import AcceptedRates
from tests.simulation.chaos import Chaos
from tests.simulation.documents import DOCUMENTS
from tests.simulation.world import Process
from tests.unit.hub_world import CountedMetrics

STREAM = published_stream(AGENTS)
ROW = "edition"
EDITION_SECONDS = 15.0
NUMBERS = ("1001", "1002", "1003")
# More than any agent of a run sends.
RATE = 10_000
BACKLOG_SECONDS = 7 * 86_400.0
FORGED_VERSION = 1_000_000


class Use(NamedTuple):
    """That a process begins to use an edition; ``start`` tells its starts apart."""

    process: str
    start: int
    version: int


class Learnt(Snapshot[Directory]):
    """What one process knows of the agents, on the disk of a gateway or in a hub's memory."""

    def __init__(
        self, process: Process, chaos: Chaos, used: list[Use], folder: Path | None
    ) -> None:
        super().__init__(AGENTS, folder, read=_read, clock=process, metrics=CountedMetrics())
        self._process = process
        self._chaos = chaos
        self._used = used
        self.load()
        self._note()

    def deliver(self, delivery: Delivery) -> None:
        """Have an edition taken up soon, as on a thread of its own."""

        def take() -> None:
            if self.offer(delivery.wire.body):
                self._note()

        self._process.world.soon(take, self._process)

    def _keep(self, body: bytes) -> None:
        self._chaos.at("snapshot")
        super()._keep(body)
        self._chaos.at("snapshotted")

    def _note(self) -> None:
        if self.edition is not None:
            process = self._process
            self._used.append(Use(process.name, id(self), self.edition.version))
            process.world.trace(f"{process.name} uses edition {self.edition.version}")


def known_agents(learnt: Learnt) -> KnownAgents:
    """Return what a hub asks of its agents."""
    rates = AcceptedRates(1.0, BACKLOG_SECONDS)
    return KnownAgents(learnt, DOCUMENTS.schemas, CountedMetrics(), rates=rates)


class Publishing:
    """A worker's chore: publishes the next edition, when that is due for all workers together."""

    def __init__(self, store: MemoryStore, process: Process) -> None:
        self._store = store
        self._process = process

    def __call__(self) -> None:
        """Publish, if it is time."""
        process = self._process
        version, due = self._store.books.rows.get(ROW, (0, 0.0))
        if process.monotonic() < due:
            return
        with self._store.unit() as unit:
            unit.hold(ROW)
            unit.books.rows[ROW] = version + 1, process.monotonic() + EDITION_SECONDS
            boot = f"{process.monotonic():.6f}"
            unit.send([message(version + 1, process.name, boot, process.now())])


class Source(Protocol):
    """A broker, and all that it took."""

    memory: MemoryBroker
    took: list[tuple[str, Wire]]


class Misleading:
    """What whoever administers the outside broker does to its stream of editions."""

    def __init__(self, broker: Source, keys: MemoryKeys, choose: Callable[..., Wire]) -> None:
        self._broker = broker
        self._keys = keys
        self._choose = choose

    def show_older(self) -> None:
        """Show one again that was published before."""
        before = [wire for key, wire in self._broker.took if key == STREAM]
        if before:
            self._route(self._choose(before))

    def drop(self) -> None:
        """Have the stream empty, until the next is published."""
        self._broker.memory.take_all(STREAM)

    def forge(self, now: datetime) -> None:
        """Show one that a captured gateway has sealed."""
        forged = message(FORGED_VERSION, "ticketing-1", "f0rged", now)
        wire = to_wire(forged, account="hub-1")
        self._route(MemorySealer(self._keys, "gateway-1").seal(wire, STREAM, ("gateway",)))

    def _route(self, wire: Wire) -> None:
        self._broker.memory.route(Address(PUBLISHED_EXCHANGE, STREAM), wire.user_id, wire)


def faults(used: list[Use], newest: int, running: Iterator[str]) -> Iterator[str]:
    """Yield each use of an edition older than one that was used before, or that is none."""
    known: dict[tuple[str, int], int] = defaultdict(int)
    for use in used:
        # A gateway keeps its edition over its death; a hub has it from the inside anew.
        owner = use.process, 0 if use.process.startswith("gateway") else use.start
        if use.version < known[owner]:
            yield f"{use.process} uses edition {use.version} after {known[owner]}"
        if use.version > newest:
            yield f"{use.process} uses edition {use.version}, which nobody published"
        known[owner] = use.version
    last = {use.process: use.version for use in used}
    for name in running:
        if last.get(name, 0) < newest - 1:
            yield f"{name} uses edition {last.get(name, 0)}, and {newest} is published"


def message(version: int, origin: str, boot: str, now: datetime) -> Message:
    """Return an edition as a worker publishes it."""
    agents = [
        {
            "AgentNumber": number,
            "Name": f"Agent {number}",
            "Status": "ACTIVE",
            "Channel": "AGENT",
            "GroupAllowed": False,
            "RequestsPerSecondMax": RATE,
            "LegacySha1Allowed": False,
            "CertificateFingerprint": [number.zfill(64)],
        }
        for number in NUMBERS
    ]
    body = DOCUMENTS.write(AGENTS.key, Version=version, PublishedAt=now, Agent=agents)
    id_ = RequestId("application:ticketing", AGENTS.name, str(version))
    return Message(AGENTS.key, id_, Transmission(origin, boot, version), now, body)


def _read(body: bytes) -> Edition[Directory]:
    return read_agents(DOCUMENTS.values(body))
