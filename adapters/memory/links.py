"""Publishing to and consuming from a broker in memory."""

from collections.abc import Callable

from adapters.memory.broker import MemoryBroker, load
from adapters.memory.loop import MemoryLoop
from hub.envelope import Wire
from hub.messages import REPLIES_EXCHANGE
from hub.ports import Address, Delivery, Published


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
        """Declare and consume a queue of one's own, to which replies that name it come."""
        self._broker.declare(queue)
        self._broker.bind(REPLIES_EXCHANGE, queue, queue)
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
        self._channel = 0
        self._last: bytes | None = None
        self._paused = False
        self._stream = broker.is_stream(queue)

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

    def resume(self, prefetch_max: int | None = None) -> None:
        """Take messages again, holding at most ``prefetch_max``."""
        if prefetch_max is not None:
            self._prefetch_max = prefetch_max
        self._paused = False
        self.wake()

    def lose(self) -> None:
        """Give back what is not acknowledged, as when a connection breaks."""
        self._channel += 1
        held, self._held = self._held, {}
        self._seen.update(held.values())
        self._broker.put_back(self._queue, list(held.values()))

    def _drain(self) -> None:
        while not self._paused and len(self._held) < self._prefetch_max:
            body = self._broker.take(self._queue)
            if body is None or (self._stream and body is self._last):
                return
            self._last = body
            self._number += 1
            self._held[self._number] = body
            self._deliver(Delivery(load(body), self._number, body in self._seen, self._channel))
