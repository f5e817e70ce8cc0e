"""One broker side as the contract suite uses it, in memory and for real."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from adapters.amqp.consumer import AmqpConsumer
from adapters.amqp.loop import Loop
from adapters.amqp.publisher import AmqpPublisher
from adapters.memory.broker import MemoryBroker, outside_broker
from adapters.memory.links import MemoryConsumer, MemoryPublisher
from adapters.memory.loop import MemoryLoop
from hub.envelope import Wire
from hub.ports import Address, Delivery, Published
from hub.settings import Broker

WAIT_SECONDS = 15.0


def until(
    condition: Callable[[], bool], seconds: float = WAIT_SECONDS, *, pause_seconds: float = 0.01
) -> bool:
    """Wait until something is true; return whether it came true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause_seconds)
    return True


@dataclass
class Got:
    """What one subscription was given."""

    deliveries: list[Delivery] = field(default_factory=list)
    subscription: Any = None

    def take(self, delivery: Delivery) -> None:
        """Remember a delivery."""
        self.deliveries.append(delivery)

    def bodies(self) -> list[bytes]:
        """Return the bodies in the order they came."""
        return [delivery.wire.body for delivery in self.deliveries]


class Transport(Protocol):
    """Publishes and consumes for named accounts on one broker laid out like the outside one."""

    def send(self, account: str, to: Address, wire: Wire) -> Published:
        """Publish and wait for how it ended."""

    def consume(self, account: str, queue: str, kind: str = "", prefetch_max: int = 100) -> Got:
        """Consume a queue; ``kind`` is ``exclusive``, ``stream`` or nothing."""

    def call(self, function: Callable[[], None]) -> None:
        """Run on the loop's thread and wait for it."""

    def break_consumers(self, account: str) -> None:
        """Close the account's consuming connection for good."""

    def close(self) -> None:
        """End everything."""


class MemoryTransport:
    """In memory."""

    def __init__(self) -> None:
        self.broker: MemoryBroker = outside_broker()
        self.loop = MemoryLoop()
        self.loop.start_thread("memory")
        self._got: dict[str, list[tuple[str, Got]]] = {}

    def send(self, account: str, to: Address, wire: Wire) -> Published:
        """Publish; settles at once."""
        outcome: list[Published] = []
        MemoryPublisher(self.broker, account).publish(to, wire, outcome.append)
        return outcome[0]

    def consume(self, account: str, queue: str, kind: str = "", prefetch_max: int = 100) -> Got:
        """Consume a queue."""
        got = Got()
        got.subscription = subscribe(
            MemoryConsumer(self.loop, self.broker), queue, kind, prefetch_max, got
        )
        self._got.setdefault(account, []).append((queue if kind == "exclusive" else "", got))
        return got

    def call(self, function: Callable[[], None]) -> None:
        """Run on the loop's thread and wait for it."""
        call_and_wait(self.loop, function)

    def break_consumers(self, account: str) -> None:
        """Lose what was held; exclusive queues go."""
        for exclusive, got in self._got.pop(account, []):
            self.call(got.subscription.pause)
            if exclusive:
                self.broker.delete(exclusive)

    def close(self) -> None:
        """End the loop."""
        self.loop.stop()


class AmqpTransport:
    """On a real broker; ``settings`` makes each account's way to dial."""

    def __init__(self, settings: Callable[[str], Broker]) -> None:
        self._settings = settings
        self.loop = Loop()
        self.loop.start_thread("amqp")
        self._publishers: dict[str, AmqpPublisher] = {}
        self._consumers: dict[str, list[AmqpConsumer]] = {}

    def publisher(self, account: str) -> AmqpPublisher:
        """Return the account's publisher, connected."""
        if account not in self._publishers:
            publisher = AmqpPublisher(self.loop, self._settings(account), account)
            publisher.start()
            self._publishers[account] = publisher
        assert until(self._publishers[account].ready), f"{account} cannot connect"
        return self._publishers[account]

    def send(self, account: str, to: Address, wire: Wire) -> Published:
        """Publish and wait for how it ended."""
        publisher = self.publisher(account)
        outcome: list[Published] = []
        self.loop.call(lambda: publisher.publish(to, wire, outcome.append))
        assert until(lambda: bool(outcome)), "a publish did not settle"
        return outcome[0]

    def consume(self, account: str, queue: str, kind: str = "", prefetch_max: int = 100) -> Got:
        """Consume a queue over a connection of its own."""
        consumer = AmqpConsumer(self.loop, self._settings(account), account)
        got = Got()
        got.subscription = subscribe(consumer, queue, kind, prefetch_max, got)
        consumer.start()
        assert until(consumer.ready), f"{account} cannot consume {queue}"
        self._consumers.setdefault(account, []).append(consumer)
        return got

    def call(self, function: Callable[[], None]) -> None:
        """Run on the loop's thread and wait for it."""
        call_and_wait(self.loop, function)

    def break_consumers(self, account: str) -> None:
        """Close the account's consuming connections."""
        broken = self._consumers.pop(account, [])
        for consumer in broken:
            consumer.stop()
        assert until(lambda: all(consumer.closed() for consumer in broken))

    def close(self) -> None:
        """Close every connection and end the loop."""
        links: list[AmqpPublisher | AmqpConsumer] = [*self._publishers.values()]
        for consumers in self._consumers.values():
            links += consumers
        for link in links:
            link.stop()
        self.loop.end(lambda: all(link.closed() for link in links), WAIT_SECONDS)


def subscribe(consumer: Any, queue: str, kind: str, prefetch_max: int, got: Got) -> Any:
    """Subscribe in the way that ``kind`` names."""
    method = {
        "exclusive": "subscribe_exclusive",
        "stream": "subscribe_stream",
        "": "subscribe",
    }[kind]
    return getattr(consumer, method)(queue, prefetch_max, got.take)


def call_and_wait(loop: Any, function: Callable[[], None]) -> None:
    """Run on the loop's thread and wait until it has run."""
    done: list[bool] = []

    def run() -> None:
        function()
        done.append(True)

    loop.call(run)
    assert until(lambda: bool(done)), "the loop does not run"
