"""A backlog of bookings on the outside broker, and how fast it arrives inside."""

import threading
import time
from types import TracebackType
from typing import Self

import pika

from adapters.amqp.link import parameters
from adapters.amqp.loop import Loop
from adapters.amqp.publisher import AmqpPublisher
from bench.bookings import wire
from hub.messages import INWARD_EXCHANGE, Lane, inside_queue
from hub.ports import Address, Published
from hub.settings import Broker
from tests.servers.brokers import OBSERVER, Brokers
from tests.servers.keys import Keys

GATEWAY = "gateway-1"
ARRIVALS = inside_queue("ticketing", Lane.REQUESTS)
WINDOW = 1_000
LOOK_SECONDS = 0.02
ARRIVE_SECONDS_MAX = 180.0
SKIPPED_SHARE = 0.15


class NotMoved(Exception):
    """The backlog did not arrive; the figure would be worth nothing."""


class Preloader:
    """Publishes bookings as a gateway does and waits for every confirm."""

    def __init__(self, broker: Broker, keys: Keys | None, lines: int) -> None:
        """``keys``: what to seal with; None sends in clear."""
        self._lines = lines
        self._keys = keys
        self._loop = Loop()
        self._publisher = AmqpPublisher(self._loop, broker, "bench")
        self._done = threading.Event()
        self._next = 0
        self._until = 0
        self._open = 0
        self._failed: Published | None = None

    def __enter__(self) -> Self:
        """Connect."""
        self._publisher.start()
        self._loop.start_thread("bench preloads")
        while not self._publisher.ready():
            time.sleep(LOOK_SECONDS)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Disconnect."""
        self._publisher.stop()
        self._loop.call(lambda: self._loop.call_later(0.2, self._loop.stop))
        self._loop.join(5)

    def preload(self, messages: int) -> None:
        """Publish ``messages`` more; NotMoved unless all were confirmed."""
        self._done.clear()
        self._until = self._next + messages
        self._loop.call(self._fill)
        if not self._done.wait(ARRIVE_SECONDS_MAX) or self._failed is not None:
            raise NotMoved(f"preloading ended with {self._failed}")

    def _fill(self) -> None:
        while self._next < self._until and self._open < WINDOW:
            self._next += 1
            self._open += 1
            to = Address(INWARD_EXCHANGE, Lane.REQUESTS.value)
            sent = wire(self._next, GATEWAY, self._lines)
            if self._keys is not None:
                sent = self._keys.seal(sent, GATEWAY)
            self._publisher.publish(to, sent, self._settled)

    def _settled(self, outcome: Published) -> None:
        self._open -= 1
        if outcome is not Published.CONFIRMED:
            self._failed = outcome
            self._done.set()
        elif self._next < self._until:
            self._fill()
        elif self._open == 0:
            self._done.set()


class Arrivals:
    """Watches the inside queue of requests over a connection of its own."""

    def __init__(self, brokers: Brokers) -> None:
        broker = brokers.inside(OBSERVER)
        self._connection = pika.BlockingConnection(parameters(broker, "bench looks"))
        self._channel = self._connection.channel()

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()

    def count(self) -> int:
        """Return how many messages lie there."""
        found: int = self._channel.queue_declare(ARRIVALS, passive=True).method.message_count
        return found

    def clear(self) -> None:
        """Empty the queue."""
        self._channel.queue_purge(ARRIVALS)

    def wait_for_start(self, messages: int) -> None:
        """Wait until the first part of ``messages`` has arrived: connecting, filling pipelines."""
        self._wait_for(round(messages * SKIPPED_SHARE))

    def rate(self, messages: int) -> tuple[int, float]:
        """Wait until ``messages`` have arrived; return how many did, and how many a second."""
        first, began = self.count(), time.monotonic()
        last = self._wait_for(messages)
        if last != messages or first == last:
            raise NotMoved(f"{last} arrived, {first} of them at once, of {messages}")
        return last - first, (last - first) / (time.monotonic() - began)

    def _wait_for(self, messages: int) -> int:
        deadline = time.monotonic() + ARRIVE_SECONDS_MAX
        while (count := self.count()) < messages:
            if time.monotonic() > deadline:
                raise NotMoved(f"{count} of {messages} arrived in {ARRIVE_SECONDS_MAX:.0f} s")
            time.sleep(LOOK_SECONDS)
        return count
