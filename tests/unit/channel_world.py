"""Two brokers in memory with the real bridge between them, and a loop whose time tests move."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest

from adapters.memory.broker import MemoryBroker, inside_broker, outside_broker
from adapters.memory.links import MemoryConsumer, MemoryPublisher, MemorySubscription
from adapters.memory.loop import MemoryLoop
from adapters.memory.sealing import MemoryKeys, MemoryOpener, MemorySealer
from adapters.quarantine import QueueQuarantine
from hub.bridge import Bridge, Hub, Side
from hub.envelope import Message, Wire, from_wire, to_wire
from hub.messages import INWARD_EXCHANGE
from hub.ports import Address, Agents, Published
from hub.sealing import Seals
from hub.trace import Tracer
from tests.unit.hub_world import CountedMetrics, MovedClock, PlainContracts, booking


class HandMovedLoop(MemoryLoop):
    """A loop whose later calls come when the test moves the time."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0
        self.later: list[tuple[float, Callable[[], None]]] = []

    def call_later(self, seconds: float, function: Callable[[], None]) -> None:
        """Keep the call."""
        self.later.append((self.seconds + seconds, function))

    def pass_seconds(self, seconds: float) -> None:
        """Make the calls that come due, each at its time, and all that follows from them."""
        end = self.seconds + seconds
        self.pump()
        while due := [entry for entry in self.later if entry[0] <= end]:
            first = min(due, key=lambda entry: entry[0])
            self.later.remove(first)
            self.seconds = first[0]
            first[1]()
            self.pump()
        self.seconds = end


class LoopClock(MovedClock):
    """A clock whose seconds are the loop's."""

    def __init__(self, loop: HandMovedLoop) -> None:
        super().__init__()
        self._loop = loop

    def monotonic(self) -> float:
        """Return the loop's time."""
        return self._loop.seconds


class SlowPublisher(MemoryPublisher):
    """Says how a publish ended later, as over a network; never while ``silent``."""

    def __init__(self, loop: HandMovedLoop, broker: MemoryBroker, *, seconds: float) -> None:
        super().__init__(broker, "hub-1")
        self._loop = loop
        self._seconds = seconds
        self.silent = False
        self.tried = 0
        self.unsaid: list[Callable[[], None]] = []

    def ready(self) -> bool:
        """Return whether the broker is up and answers."""
        return super().ready() and not self.silent

    def publish(self, to: Address, wire: Wire, settled: Callable[[Published], None]) -> None:
        """Route at once, settle later."""
        self.tried += 1
        super().publish(to, wire, partial(self._settle_later, settled))

    def speak(self) -> None:
        """Say all that was kept back, and from now on at once again."""
        self.silent = False
        unsaid, self.unsaid = self.unsaid, []
        for say in unsaid:
            say()

    def _settle_later(self, settled: Callable[[Published], None], outcome: Published) -> None:
        if self.silent:
            self.unsaid.append(partial(settled, outcome))
        else:
            self._loop.call_later(self._seconds, partial(settled, outcome))


@dataclass(frozen=True, slots=True)
class Delays:
    """After how many seconds each broker says how a publish ended."""

    outside_seconds: float = 0.0
    inside_seconds: float = 0.0


AT_ONCE = Delays()


class World:
    """Two brokers in memory with the real bridge between them."""

    def __init__(
        self,
        contracts: PlainContracts | None = None,
        *,
        delays: Delays = AT_ONCE,
        agents: Agents | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self.loop = HandMovedLoop()
        self.outside, self.inside = outside_broker(), inside_broker()
        self.metrics = CountedMetrics()
        self.keys, clock = MemoryKeys(), LoopClock(self.loop)
        self.to_outside = SlowPublisher(self.loop, self.outside, seconds=delays.outside_seconds)
        self.to_inside = SlowPublisher(self.loop, self.inside, seconds=delays.inside_seconds)
        self.bridge = Bridge(
            place="hub-1",
            outside=Side(MemoryConsumer(self.loop, self.outside), self.to_outside),
            inside=Side(MemoryConsumer(self.loop, self.inside), self.to_inside),
            contracts=contracts or PlainContracts(),
            clock=clock,
            metrics=self.metrics,
            later=self.loop,
            seals=Seals(
                MemoryOpener(self.keys, "hub-1"),
                MemorySealer(self.keys, "hub-1"),
                lambda: ("gateway-1", "gateway-2"),
            ),
            quarantine_on=lambda publisher: QueueQuarantine(publisher, "hub-1", clock),
            agents=agents,
            tracer=tracer,
        )
        _, self.requests, *_ = self.bridge.start(Hub())

    def send(self, message: Message, account: str = "gateway-1") -> None:
        """Publish on the outside broker as a gateway does, and let it come through."""
        self.queue(message, account)
        self.loop.pass_seconds(0)

    def sealed(self, wire: Wire, lane: str = "requests") -> Wire:
        """Return a message as the gateway that publishes it seals it."""
        return MemorySealer(self.keys, wire.user_id).seal(wire, f"inward.{lane}", ("hub",))

    def queue(self, message: Message, account: str = "gateway-1") -> None:
        """Publish on the outside broker as a gateway does."""
        wire = self.sealed(to_wire(message, account=account))
        to = Address(INWARD_EXCHANGE, "requests")
        assert self.outside.route(to, account, wire) is Published.CONFIRMED

    def reconnect(self) -> None:
        """Break the connection that takes requests, so that what is held comes again."""
        subscription = self.requests._subscription
        assert isinstance(subscription, MemorySubscription)
        subscription.lose()
        subscription.wake()

    def held(self) -> int:
        """Return how many requests the hub holds unacknowledged."""
        subscription = self.requests._subscription
        assert isinstance(subscription, MemorySubscription)
        return len(subscription._held)

    def queue_many(self, number: int, every: int = 1, body: bytes = b"invalid") -> None:
        """Publish bookings A-0, A-1 and so on; each ``every``-th but A-0 has this ``body``."""
        for count in range(number):
            odd = count and every > 1 and count % every == 0
            self.queue(booking(f"A-{count}", **({"body": body} if odd else {})))

    def arrived(self) -> list[str]:
        """Return the references of what has arrived inside, and take it away."""
        wires = self.inside.take_all("ticketing.requests")
        return [from_wire(wire).id.reference for wire in wires]

    def kept(self) -> list[str]:
        """Return the references of what is in the outside quarantine, and leave it there."""
        wires = self.outside.take_all("quarantine")
        for wire in wires:
            self.outside.route(Address("quarantine", "quarantine"), wire.user_id, wire)
        return [from_wire(wire).id.reference for wire in wires]


def said(caplog: pytest.LogCaptureFixture, event: str) -> int:
    """Return how often an event was logged."""
    return [record.message for record in caplog.records].count(event)
