"""Queues, bindings and streams in memory; a message is bytes while it lies here."""

import base64
import json
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

from hub.envelope import Wire
from hub.messages import (
    INWARD_EXCHANGE,
    MESSAGES,
    ONCE,
    OUTWARD_EXCHANGE,
    PUBLISHED_EXCHANGE,
    QUARANTINE_EXCHANGE,
    QUARANTINE_QUEUE,
    REPLIES_EXCHANGE,
    Lane,
    applications,
    inside_queue,
    lanes,
    outside_queue,
    outward_queue,
    published_stream,
)
from hub.places import KNOWN_INSIDE, streams
from hub.ports import Address, Published

TEXT_BYTES_MAX = 255
HEADER_BYTES = 6
FRAME_BYTES_MAX = 131_000
BODY_BYTES_MAX = 8 * 1_024 * 1_024


class Waiting(Protocol):
    """Somebody who consumes a queue."""

    def wake(self) -> None:
        """Look for messages soon."""


@dataclass(slots=True)
class _Queue:
    stream: bool = False
    messages_max: int | None = None
    bodies: deque[bytes] = field(default_factory=deque)
    subscriptions: list["Waiting"] = field(default_factory=list)

    def is_full(self) -> bool:
        """Return whether its bound is reached."""
        return self.messages_max is not None and len(self.bodies) >= self.messages_max


class MemoryBroker:
    """Queues, bindings and who consumes; one lock around all of it."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.up = True
        self.in_hand: set[str] = set()
        self.exchanges = {REPLIES_EXCHANGE, QUARANTINE_EXCHANGE}
        self._queues: dict[str, _Queue] = {}
        self._bindings: dict[tuple[str, str], list[str]] = {}

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
        with self.lock:
            self.exchanges.add(exchange)
            bound = self._bindings.setdefault((exchange, routing_key), [])
            if queue not in bound:
                bound.append(queue)

    def limit(self, name: str, messages_max: int | None) -> None:
        """Bound a queue: at ``messages_max`` it refuses more; None takes the bound away."""
        with self.lock:
            self._queues[name].messages_max = messages_max

    def depth(self, name: str) -> int:
        """Return how many messages lie in a queue, not counting those delivered."""
        return len(self._queues[name].bodies)

    def take_all(self, name: str) -> list[Wire]:
        """Empty a queue and return what it held; for looking at the quarantine, say."""
        with self.lock:
            queue = self._queues[name]
            wires = [load(entry) for entry in queue.bodies]
            queue.bodies.clear()
            return wires

    def route(self, to: Address, account: str, wire: Wire) -> Published:
        """Put a message where it belongs and say how that ended.

        UNKNOWN where a broker closes the channel: for another's name, for what is larger than
        it takes, and for an exchange that is not there, the default one included, for nobody
        may use it.
        """
        with self.lock:
            if not self.up:
                return Published.NOT_SENT
            if wire.user_id and wire.user_id != account:
                return Published.UNKNOWN
            if to.exchange not in self.exchanges or not _fits(wire):
                return Published.UNKNOWN
            bound = self._bindings.get((to.exchange, to.routing_key), ())
            queues = [self._queues[name] for name in bound if name in self._queues]
            if not queues:
                return Published.RETURNED
            if any(queue.is_full() for queue in queues):
                return Published.REFUSED
            for queue in queues:
                if queue.stream:
                    queue.bodies.clear()
                queue.bodies.append(dump(wire))
            waiting = [one for queue in queues for one in queue.subscriptions]
        for subscription in waiting:
            subscription.wake()
        return Published.CONFIRMED

    def attach(self, name: str, subscription: "Waiting") -> None:
        """Let a subscription take from a queue."""
        with self.lock:
            self._queues[name].subscriptions.append(subscription)
        subscription.wake()

    def detach(self, name: str, subscription: "Waiting") -> None:
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

    def is_stream(self, name: str) -> bool:
        """Return whether ``name`` is a stream."""
        return self._queues[name].stream

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


def outside_broker() -> MemoryBroker:
    """Return a broker laid out like the one in the DMZ."""
    broker = MemoryBroker()
    for lane in (*ONCE, Lane.QUERIES):
        broker.declare(outside_queue(lane))
        broker.bind(INWARD_EXCHANGE, lane.value, outside_queue(lane))
    for row in MESSAGES:
        if row.lane is Lane.PUBLISHED:
            broker.declare(published_stream(row), stream=True)
            broker.bind(PUBLISHED_EXCHANGE, published_stream(row), published_stream(row))
    _declare_quarantine(broker)
    return broker


def inside_broker() -> MemoryBroker:
    """Return a broker laid out like the one inside."""
    broker = MemoryBroker()
    for application in applications():
        for lane in (*lanes(application), Lane.QUERIES):
            queue = inside_queue(application, lane)
            broker.declare(queue)
            broker.bind(INWARD_EXCHANGE, queue, queue)
    for lane in (Lane.REPLIES, Lane.PUBLISHED):
        broker.declare(outward_queue(lane))
    broker.bind(OUTWARD_EXCHANGE, Lane.REPLIES.value, outward_queue(Lane.REPLIES))
    for stream in streams():
        broker.bind(OUTWARD_EXCHANGE, stream, outward_queue(Lane.PUBLISHED))
    for stream in KNOWN_INSIDE:
        broker.declare(stream, stream=True)
        broker.bind(OUTWARD_EXCHANGE, stream, stream)
    _declare_quarantine(broker)
    return broker


def _fits(wire: Wire) -> bool:
    """Return whether RabbitMQ would take it: properties and headers lie in one frame."""
    texts = (wire.type, wire.message_id, wire.reply_to, wire.correlation_id, wire.user_id)
    sizes = [len(text.encode()) for text in (*texts, *wire.headers)]
    table = sum(len(text.encode()) + HEADER_BYTES for text in wire.headers.values())
    short = max(sizes) <= TEXT_BYTES_MAX
    return short and sum(sizes) + table <= FRAME_BYTES_MAX and len(wire.body) <= BODY_BYTES_MAX


def _declare_quarantine(broker: MemoryBroker) -> None:
    broker.declare(QUARANTINE_QUEUE)
    broker.bind(QUARANTINE_EXCHANGE, QUARANTINE_QUEUE, QUARANTINE_QUEUE)


def dump(wire: Wire) -> bytes:
    """Return the bytes of a wire."""
    values = wire._asdict()
    values["body"] = base64.b64encode(wire.body).decode("ascii")
    values["headers"] = dict(wire.headers)
    values["odd"] = ""
    return json.dumps(values).encode()


def load(data: bytes) -> Wire:
    """Read what ``dump`` wrote."""
    values = json.loads(data)
    values["body"] = base64.b64decode(values["body"])
    values["odd"] = b""
    return Wire(**values)
