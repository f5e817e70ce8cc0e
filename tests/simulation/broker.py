"""A broker of the simulation: that of ``adapters.memory``, with what RabbitMQ and chance do to it.

What it took is written down: the judge knows from it what can have arrived.
"""

from typing import Protocol

from adapters.memory.broker import MemoryBroker, dump, load
from hub.envelope import Wire
from hub.messages import ONCE, QUARANTINE_QUEUE, Lane, inside_queue
from hub.ports import Address, Published
from tests.simulation.chaos import Chaos
from tests.simulation.world import World

TRANSIENT = (f".{Lane.QUERIES.value}", f".{Lane.REPLIES.value}", f"{Lane.REPLIES.value}.")
REQUESTS = tuple(f".{lane.value}" for lane in ONCE)
# The start that whoever forges names.
FORGED_BOOT = "f0rged"
NOTICES = inside_queue("evidence", Lane.REQUESTS)


class Connected(Protocol):
    """A connection to the broker."""

    def broken(self) -> None:
        """It has broken."""

    def unblocked(self) -> None:
        """The broker reads again."""


class Channel(Protocol):
    """A channel on which it delivers."""

    def held(self) -> int:
        """Return how many are delivered and not acknowledged."""


class Broker:
    """Wraps a ``MemoryBroker``: goes away, blocks, refuses, loses what may be lost."""

    def __init__(self, world: World, name: str, made: MemoryBroker, chaos: Chaos) -> None:
        self.world = world
        self.name = name
        self.memory = made
        self.up = True
        self.blocked = False
        self.connected: list[Connected] = []
        self.channels: dict[Channel, None] = {}
        self.redelivered: set[bytes] = set()
        self.took: list[tuple[str, Wire]] = []
        self.returned: list[tuple[str, Wire]] = []
        self.lost: list[Wire] = []
        self._chaos = chaos

    def publish(self, to: Address, account: str, wire: Wire) -> Published:
        """Take a message, or not; doubled, out of its turn or lost as chance will."""
        outcome = self.memory.route(to, account, wire)
        if outcome is Published.RETURNED:
            self.returned.append((to.routing_key, wire))
        if outcome is Published.CONFIRMED:
            self.took.append((to.routing_key, wire))
            self._disturb(to, wire)
        return outcome

    def take(self, queue: str) -> bytes | None:
        """Take the next message off a queue; the transient ones may be lost before that."""
        while (body := self.memory.take(queue)) is not None:
            if not is_transient(queue) or not self._chaos.happens("reply.lost"):
                return body
            self.world.trace(f"{self.name} lost one of {queue}")
        return None

    def put_back(self, queue: str, bodies: list[bytes]) -> None:
        """Take back what was delivered and not acknowledged."""
        self.redelivered.update(bodies)
        self.memory.put_back(queue, bodies)

    def go(self) -> None:
        """Stop: every connection breaks, transient messages are gone."""
        self.up = False
        for connection in list(self.connected):
            connection.broken()
        for queue in self.queues():
            if is_transient(queue):
                self.memory.take_all(queue)

    def come(self) -> None:
        """Start again."""
        self.up = True

    def block(self, blocked: bool) -> None:  # noqa: FBT001
        """Raise or clear the alarm under which it reads from no publisher."""
        self.blocked = blocked
        if not blocked:
            for connection in list(self.connected):
                connection.unblocked()

    def lose_disk(self) -> None:
        """Lose all that lies in durable queues, but for the quarantine."""
        for queue in self.queues():
            if queue != QUARANTINE_QUEUE:
                self.lost += self.memory.take_all(queue)

    def unlimit(self, queue: str) -> None:
        """Let a queue that is still there take as much as comes."""
        if queue in self.queues():
            self.memory.limit(queue, None)

    def queues(self) -> list[str]:
        """Return the names of its queues."""
        return list(self.memory._queues)

    def left(self) -> dict[str, int]:
        """Return how many messages lie where none may stay, by queue."""
        depths = {queue: self.memory.depth(queue) for queue in self.queues()}
        for queue in (QUARANTINE_QUEUE, NOTICES):
            depths.pop(queue, None)
        is_stream = self.memory.is_stream
        return {queue: depth for queue, depth in depths.items() if depth and not is_stream(queue)}

    def held(self) -> int:
        """Return how many messages are delivered and not acknowledged."""
        return sum(channel.held() for channel in self.channels)

    def notices(self) -> list[Wire]:
        """Return what hubs told of what they stopped, for an application that is not here."""
        bodies = self.memory._queues[NOTICES].bodies
        return [load(body) for body in bodies]

    def quarantined(self) -> list[Wire]:
        """Return what lies in the quarantine."""
        bodies = self.memory._queues[QUARANTINE_QUEUE].bodies
        return [load(body) for body in bodies]

    def _disturb(self, to: Address, wire: Wire) -> None:
        for queue in self.memory._bindings.get((to.exchange, to.routing_key), ()):
            is_lane = queue.endswith(REQUESTS) or is_transient(queue)
            if is_lane and queue in self.memory._queues:
                self._disturb_queue(queue, wire)

    def _disturb_queue(self, queue: str, wire: Wire) -> None:
        bodies = self.memory._queues[queue].bodies
        if self._chaos.happens("message.doubled"):
            self.world.trace(f"{self.name} doubled {wire.message_id}")
            bodies.append(dump(wire))
            self.memory.put_back(queue, [])
        if len(bodies) > 1 and self._chaos.happens("message.reordered"):
            bodies.insert(self.world.random.randrange(len(bodies)), bodies.pop())
            self.world.trace(f"{self.name} reordered {wire.message_id}")


def is_transient(queue: str) -> bool:
    """Return whether what lies in a queue may be lost by the broker."""
    return queue.endswith(TRANSIENT[:2]) or queue.startswith(TRANSIENT[2])


def is_forged(wire: Wire) -> bool:
    """Return whether the attacker made it."""
    return FORGED_BOOT in wire.reply_to or "another" in wire.reply_to
