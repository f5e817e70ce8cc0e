"""The brokers in memory: for the fastest tests and for a first look; it proves nothing.

Really serialises: a message is bytes while it lies in a queue. Follows RabbitMQ where it
matters: mandatory returns, the verified account, redelivery of what was not acknowledged,
exclusive queues that go with their consumer, streams that hand the last document to whoever
comes late.
"""

import base64
import json
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from hub.envelope import Wire
from hub.messages import (
    INWARD_EXCHANGE,
    MESSAGES,
    OUTWARD_EXCHANGE,
    QUARANTINE_QUEUE,
    Lane,
    applications,
    inside_queue,
    outside_queue,
    outward_queue,
    published_stream,
)
from hub.ports import Address, Delivery, Published


class MemoryLoop:
    """A loop of one thread; ``pump`` runs it by hand, ``start_thread`` by itself."""

    def __init__(self) -> None:
        self._calls: deque[Callable[[], None]] = deque()
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._wake = threading.Condition()
        self._stopping = False

    def call(self, function: Callable[[], None]) -> None:
        """Run ``function`` soon, in the order of the calls; from any thread."""
        with self._wake:
            self._calls.append(function)
            self._wake.notify()

    def call_later(self, seconds: float, function: Callable[[], None]) -> None:
        """Run ``function`` after some seconds of real time."""
        with self._wake:
            self._later.append((time.monotonic() + seconds, function))
            self._wake.notify()

    def pump(self) -> None:
        """Run everything that is due until nothing is."""
        while (function := self._due()) is not None:
            function()

    def run(self) -> None:
        """Run until ``stop``."""
        while not self._stopping:
            self.pump()
            with self._wake:
                if not self._calls and not self._stopping:
                    self._wake.wait(0.05)

    def stop(self) -> None:
        """End ``run`` soon."""
        with self._wake:
            self._stopping = True
            self._wake.notify()

    def start_thread(self, name: str) -> None:
        """Run on a daemon thread."""
        threading.Thread(target=self.run, name=name, daemon=True).start()

    def _due(self) -> Callable[[], None] | None:
        with self._wake:
            now = time.monotonic()
            for entry in self._later:
                if entry[0] <= now:
                    self._later.remove(entry)
                    return entry[1]
            return self._calls.popleft() if self._calls else None


@dataclass(slots=True)
class _Queue:
    stream: bool = False
    bodies: deque[bytes] = field(default_factory=deque)
    subscriptions: list["MemorySubscription"] = field(default_factory=list)


class MemoryBroker:
    """Queues, bindings and who consumes; one lock around all of it."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.up = True
        self._queues: dict[str, _Queue] = {}
        self._bindings: dict[tuple[str, str], str] = {}

    def declare(self, name: str, *, stream: bool = False) -> None:
        """Declare a queue or a stream."""
        with self.lock:
            self._queues.setdefault(name, _Queue(stream=stream))

    def delete(self, name: str) -> None:
        """Delete a queue with all it holds."""
        with self.lock:
            self._queues.pop(name, None)

    def bind(self, exchange: str, routing_key: str, queue: str) -> None:
        """Bind a queue to an exchange by key."""
        self._bindings[exchange, routing_key] = queue

    def depth(self, name: str) -> int:
        """Return how many messages lie in a queue, not counting those delivered."""
        return len(self._queues[name].bodies)

    def take_all(self, name: str) -> list[Wire]:
        """Empty a queue and return what it held; for looking at the quarantine, say."""
        with self.lock:
            queue = self._queues[name]
            wires = [_load(entry) for entry in queue.bodies]
            queue.bodies.clear()
            return wires

    def route(self, to: Address, account: str, wire: Wire) -> Published:
        """Put a message where it belongs and say how that ended."""
        with self.lock:
            if not self.up:
                return Published.NOT_SENT
            if wire.user_id and wire.user_id != account:
                return Published.UNKNOWN
            name = self._bindings.get((to.exchange, to.routing_key), "")
            queue = self._queues.get(name if to.exchange else to.routing_key)
            if queue is None:
                return Published.RETURNED
            if queue.stream:
                queue.bodies.clear()
            queue.bodies.append(_dump(wire))
            waiting = list(queue.subscriptions)
        for subscription in waiting:
            subscription.wake()
        return Published.CONFIRMED

    def attach(self, name: str, subscription: "MemorySubscription") -> None:
        """Let a subscription take from a queue."""
        with self.lock:
            self._queues[name].subscriptions.append(subscription)
        subscription.wake()

    def detach(self, name: str, subscription: "MemorySubscription") -> None:
        """End that."""
        with self.lock:
            queue = self._queues.get(name)
            if queue is not None and subscription in queue.subscriptions:
                queue.subscriptions.remove(subscription)

    def take(self, name: str) -> bytes | None:
        """Take one message off a queue; a stream keeps its last."""
        with self.lock:
            queue = self._queues.get(name)
            if queue is None or not queue.bodies or not self.up:
                return None
            return queue.bodies[-1] if queue.stream else queue.bodies.popleft()

    def put_back(self, name: str, bodies: list[bytes]) -> None:
        """Put what was not acknowledged back to the front, in its order."""
        with self.lock:
            queue = self._queues.get(name)
            if queue is not None and not queue.stream:
                queue.bodies.extendleft(reversed(bodies))
                waiting = list(queue.subscriptions)
            else:
                waiting = []
        for subscription in waiting:
            subscription.wake()


class MemoryPublisher:
    """Implements ``hub.ports.Publisher``."""

    def __init__(self, broker: MemoryBroker, account: str) -> None:
        self._broker = broker
        self._account = account

    def ready(self) -> bool:
        """Return whether the broker is up."""
        return self._broker.up

    def publish(self, to: Address, wire: Wire, settled: Callable[[Published], None]) -> None:
        """Route and settle at once."""
        settled(self._broker.route(to, self._account, wire))


class MemoryConsumer:
    """Implements ``hub.ports.Consumer``."""

    def __init__(self, loop: MemoryLoop, broker: MemoryBroker) -> None:
        self._loop = loop
        self._broker = broker

    def subscribe(
        self, queue: str, prefetch_max: int, deliver: Callable[[Delivery], None]
    ) -> "MemorySubscription":
        """Consume ``queue``."""
        subscription = MemorySubscription(self._loop, self._broker, queue, prefetch_max, deliver)
        self._broker.attach(queue, subscription)
        return subscription

    def subscribe_exclusive(
        self, queue: str, prefetch_max: int, deliver: Callable[[Delivery], None]
    ) -> "MemorySubscription":
        """Declare and consume a queue of one's own."""
        self._broker.declare(queue)
        return self.subscribe(queue, prefetch_max, deliver)

    def subscribe_stream(
        self, stream: str, prefetch_max: int, deliver: Callable[[Delivery], None]
    ) -> "MemorySubscription":
        """Consume a stream from its last document on."""
        return self.subscribe(stream, prefetch_max, deliver)


class MemorySubscription:
    """Implements ``hub.ports.Subscription``."""

    def __init__(
        self,
        loop: MemoryLoop,
        broker: MemoryBroker,
        queue: str,
        prefetch_max: int,
        deliver: Callable[[Delivery], None],
    ) -> None:
        self._loop = loop
        self._broker = broker
        self._queue = queue
        self._prefetch_max = prefetch_max
        self._deliver = deliver
        self._held: dict[int, bytes] = {}
        self._seen: set[bytes] = set()
        self._number = 0
        self._last: bytes | None = None
        self._paused = False

    def wake(self) -> None:
        """Look for messages soon."""
        self._loop.call(self._drain)

    def acknowledge(self, tag: int, *, up_to: bool = False) -> None:
        """Say that a delivery (``up_to``: and all before it) is done."""
        for number in [tag] if not up_to else [entry for entry in self._held if entry <= tag]:
            self._held.pop(number, None)
        self.wake()

    def pause(self) -> None:
        """Take no more and give back what is not acknowledged."""
        self._paused = True
        self.lose()

    def resume(self) -> None:
        """Take messages again."""
        self._paused = False
        self.wake()

    def lose(self) -> None:
        """Give back what is not acknowledged, as when a connection breaks."""
        held, self._held = self._held, {}
        self._seen.update(held.values())
        self._broker.put_back(self._queue, list(held.values()))

    def _drain(self) -> None:
        while not self._paused and len(self._held) < self._prefetch_max:
            body = self._broker.take(self._queue)
            if body is None or body is self._last:
                return
            self._last = body
            self._number += 1
            self._held[self._number] = body
            self._deliver(Delivery(_load(body), self._number, body in self._seen))


def outside_broker() -> MemoryBroker:
    """Return a broker laid out like the one in the DMZ."""
    broker = MemoryBroker()
    for lane in (Lane.REQUESTS, Lane.QUERIES):
        broker.declare(outside_queue(lane))
        broker.bind(INWARD_EXCHANGE, lane.value, outside_queue(lane))
    for row in MESSAGES:
        if row.lane is Lane.PUBLISHED:
            broker.declare(published_stream(row), stream=True)
    broker.declare(QUARANTINE_QUEUE)
    return broker


def inside_broker() -> MemoryBroker:
    """Return a broker laid out like the one inside."""
    broker = MemoryBroker()
    for application in applications():
        for lane in (Lane.REQUESTS, Lane.QUERIES):
            queue = inside_queue(application, lane)
            broker.declare(queue)
            broker.bind(INWARD_EXCHANGE, queue, queue)
    for lane in (Lane.REPLIES, Lane.PUBLISHED):
        broker.declare(outward_queue(lane))
        broker.bind(OUTWARD_EXCHANGE, lane.value, outward_queue(lane))
    broker.declare(QUARANTINE_QUEUE)
    return broker


def _dump(wire: Wire) -> bytes:
    values = asdict(wire)
    values["body"] = base64.b64encode(wire.body).decode("ascii")
    values["headers"] = dict(wire.headers)
    return json.dumps(values).encode()


def _load(data: bytes) -> Wire:
    values = json.loads(data)
    values["body"] = base64.b64decode(values["body"])
    return Wire(**values)
