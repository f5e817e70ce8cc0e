"""A quarantine with somebody at it, in memory and on RabbitMQ."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from adapters.amqp.hand import hand as amqp_hand
from adapters.memory.broker import outside_broker
from adapters.memory.hand import hand as memory_hand
from adapters.memory.links import MemoryPublisher
from adapters.quarantine import QuarantineShelf, QueueQuarantine
from deploy.local.ports import free_port
from hub.envelope import Wire, to_wire
from hub.messages import INWARD_EXCHANGE, QUARANTINE_QUEUE
from hub.parking import Ended, Kept, Place, Shown
from hub.ports import Address, Published
from tests.contract.transports import AmqpTransport, MemoryTransport, until
from tests.servers.brokers import OBSERVER
from tests.unit.hub_world import MovedClock, PlainContracts, booking

OPERATOR = "operator-1"
REQUESTS = "inward.requests"
NOT_ALLOWED = "NotAllowed: no"
INVALID = "InvalidBody: no"


Opens = Callable[[], AbstractContextManager[Any]]


def wire(reference: str, **changes: Any) -> Wire:
    """Return a booking as gateway-1 sent it."""
    return to_wire(booking(reference, **changes), account="gateway-1")


@dataclass
class Trail:
    """An audit trail in a list; ``at`` is called when something is about to be done."""

    begun: list[str] = field(default_factory=list)
    done: list[Ended] = field(default_factory=list)
    at: Callable[[], None] = lambda: None

    def begin(self, shown: Shown) -> None:
        """Write down what is about to be done."""
        self.at()
        self.begun.append(shown.kept.id)

    def ended(self, ended: Ended) -> None:
        """Write down how it ended."""
        self.done.append(ended)


class World:
    """The outside broker's quarantine, its shelf, and a look at where replays go."""

    def __init__(self, side: MemoryTransport | AmqpTransport, opens: Opens, away: Opens) -> None:
        """``opens`` takes the quarantine in hand; ``away`` would, were its broker there."""
        self.side = side
        self.opens = opens
        self.away = away
        self.clock = MovedClock()
        publisher = (
            MemoryPublisher(side.broker, "hub-1")
            if isinstance(side, MemoryTransport)
            else side.publisher("hub-1")
        )
        self.quarantine = QueueQuarantine(publisher, "hub-1", self.clock)
        self.shelf = QuarantineShelf(Place.OUTSIDE, opens, OPERATOR, PlainContracts())
        self.trail = Trail()

    def keep(self, *wires: Wire, reason: str = NOT_ALLOWED) -> None:
        """Keep messages, one a second."""
        settled: list[Published] = []
        for one in wires:
            self.clock.move(seconds=1)
            keep = partial(self.quarantine.keep, one, reason, settled.append)
            self.side.call(keep)
        assert until(lambda: len(settled) == len(wires)), "it did not settle"
        assert set(settled) <= {Published.CONFIRMED}

    def listed(self) -> list[Kept]:
        """Return what is listed."""
        return list(self.shelf.list(count_max=1_000).kept)

    def references(self) -> list[str]:
        """Return the references of what is listed, in its order."""
        return [kept.request_id.rpartition("/")[2] for kept in self.listed()]

    def named(self, reference: str) -> str:
        """Return the id of the first kept message with this reference."""
        return next(kept.id for kept in self.listed() if kept.request_id.endswith(f"/{reference}"))

    def arrived(self, count: int) -> list[Wire]:
        """Wait for ``count`` messages where the hub takes them, and take them away."""
        got = self.side.consume(OBSERVER, REQUESTS)
        assert until(lambda: len(got.deliveries) >= count), got.bodies()
        if got.deliveries:
            last = got.deliveries[-1].tag
            self.side.call(lambda: got.subscription.acknowledge(last, up_to=True))
        self.side.break_consumers(OBSERVER)
        return [delivery.wire for delivery in got.deliveries]


def in_memory() -> World:
    """Return an empty world in memory."""
    side = MemoryTransport()
    away = outside_broker()
    away.up = False
    return World(
        side,
        partial(memory_hand, side.broker, OPERATOR),
        partial(memory_hand, away, OPERATOR),
    )


def on_rabbitmq(brokers: Any) -> World:
    """Return a world on RabbitMQ, emptied."""
    for queue in (QUARANTINE_QUEUE, REQUESTS):
        brokers.outside_broker.purge(queue)
    side = AmqpTransport(brokers.outside)
    dialled = brokers.outside(OPERATOR)
    away = replace(dialled, port=free_port(), connect_seconds=1.0)
    return World(side, partial(amqp_hand, dialled, OPERATOR), partial(amqp_hand, away, OPERATOR))


def to_requests(world: World, account: str, sent: Wire) -> Published:
    """Publish past everything, to where the hub takes requests."""
    return world.side.send(account, Address(INWARD_EXCHANGE, "requests"), sent)
