"""Consuming: one connection, a channel and a prefetch for each queue, acknowledged in runs."""

import logging
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from adapters.amqp.link import Link
from adapters.amqp.loop import Loop
from adapters.amqp.reading import Read
from hub.messages import REPLIES_EXCHANGE
from hub.ports import Delivery
from hub.settings import Broker

_log = logging.getLogger(__name__)

ACKNOWLEDGE_SECONDS = 0.01
RESUBSCRIBE_SECONDS = 1.0
_GENERATION_SHIFT = 48


class AmqpConsumer:
    """Implements ``hub.ports.Consumer`` over a connection of its own."""

    def __init__(self, loop: Loop, broker: Broker, purpose: str) -> None:
        self._loop = loop
        self._link = Link(
            loop, broker, f"{purpose} consumes", opened=self._opened, closed=self._lost
        )
        self._subscriptions: list[AmqpSubscription] = []

    def start(self) -> None:
        """Dial and stay connected until ``stop``."""
        self._link.start()

    def stop(self) -> None:
        """Close; what is not acknowledged comes again to somebody."""
        self._loop.call(self._flush)
        self._link.stop()

    def closed(self) -> bool:
        """Return whether the connection has gone."""
        return self._link.closed()

    def ready(self) -> bool:
        """Return whether every subscription that is not paused is being served."""
        return all(subscription.served() for subscription in self._subscriptions)

    def subscribe(
        self, queue: str, prefetch_max: int, deliver: Callable[[Delivery], None]
    ) -> "AmqpSubscription":
        """Consume ``queue``; see ``hub.ports.Consumer``. Before ``start`` or on the loop only."""
        return self._add(AmqpSubscription(self._loop, queue, prefetch_max, deliver))

    def subscribe_exclusive(
        self, queue: str, prefetch_max: int, deliver: Callable[[Delivery], None]
    ) -> "AmqpSubscription":
        """Declare ``queue`` for this connection alone, gone with it, and consume it.

        Replies that name the queue come to it.
        """
        return self._add(
            AmqpSubscription(self._loop, queue, prefetch_max, deliver, exclusive=True)
        )

    def subscribe_stream(
        self, stream: str, prefetch_max: int, deliver: Callable[[Delivery], None]
    ) -> "AmqpSubscription":
        """Consume a stream from its last chunk on."""
        return self._add(
            AmqpSubscription(
                self._loop, stream, prefetch_max, deliver, arguments={"x-stream-offset": "last"}
            )
        )

    def _add(self, subscription: "AmqpSubscription") -> "AmqpSubscription":
        self._subscriptions.append(subscription)
        if self._link.connection is not None:
            subscription.connected(self._link.connection)
        return subscription

    def _flush(self) -> None:
        for subscription in self._subscriptions:
            subscription.flush()

    def _opened(self, connection: Any) -> None:
        for subscription in self._subscriptions:
            subscription.connected(connection)

    def _lost(self) -> None:
        for subscription in self._subscriptions:
            subscription.disconnected()


class AmqpSubscription:
    """One queue on a channel of its own.

    A tag carries the number of the channel it came on, so that a late acknowledgement never
    hits another message of the same number on a newer channel. Acknowledgements are kept back
    until a run of them is complete and sent as one.
    """

    def __init__(
        self,
        loop: Loop,
        queue: str,
        prefetch_max: int,
        deliver: Callable[[Delivery], None],
        *,
        exclusive: bool = False,
        arguments: dict[str, Any] | None = None,
    ) -> None:
        self._loop = loop
        self._queue = queue
        self._prefetch_max = prefetch_max
        self._deliver = deliver
        self._exclusive = exclusive
        self._arguments = arguments
        self._connection: Any = None
        self._channel: Any = None
        self._generation = 0
        self._paused = False
        self._served = False
        self._open: deque[int] = deque()
        self._done: set[int] = set()
        self._acknowledged = 0
        self._timer = False

    def served(self) -> bool:
        """Return whether the broker serves this subscription, or it is paused on purpose."""
        return self._paused or self._served

    def acknowledge(self, tag: int, *, up_to: bool = False) -> None:
        """Say that a delivery is done; a tag of an older channel is ignored."""
        generation, number = divmod(tag, 1 << _GENERATION_SHIFT)
        if generation != self._generation or self._channel is None:
            return
        if up_to:
            self._done.update(entry for entry in self._open if entry <= number)
        elif self._open and self._open[0] == number:  # in their order, as nearly always
            self._acknowledged = self._open.popleft()
        else:
            self._done.add(number)
        while self._done and self._open and self._open[0] in self._done:
            self._acknowledged = self._open.popleft()
            self._done.discard(self._acknowledged)
        if self._acknowledged and not self._timer:
            self._timer = True
            self._loop.call_later(ACKNOWLEDGE_SECONDS, self._on_timer)

    def pause(self) -> None:
        """Take no more and give back what is not acknowledged: its channel is closed."""
        self._paused = True
        self.flush()
        channel, self._channel = self._channel, None
        if channel is not None and channel.is_open:
            channel.close()

    def resume(self) -> None:
        """Take messages again, on a new channel."""
        if not self._paused:
            return
        self._paused = False
        self._open_channel()

    def connected(self, connection: Any) -> None:
        """Serve over a connection that has just opened."""
        self._connection = connection
        self._open_channel()

    def disconnected(self) -> None:
        """Forget the channel: its connection has gone."""
        self._connection = None
        self._channel = None
        self._served = False

    def _open_channel(self) -> None:
        connection = self._connection
        if self._paused or connection is None or not connection.is_open:
            return
        self._generation += 1
        self._open.clear()
        self._done.clear()
        self._acknowledged = 0
        connection.channel(on_open_callback=self._channel_opened)

    def _channel_opened(self, channel: Any) -> None:
        if self._paused:
            channel.close()
            return
        self._channel = channel
        channel.add_on_close_callback(self._channel_closed)
        channel.add_on_cancel_callback(lambda _: channel.close())
        if self._exclusive:
            channel.queue_declare(self._queue, exclusive=True, callback=self._bind)
        else:
            self._declared(None)

    def _bind(self, _frame: Any) -> None:
        if self._channel is not None:
            self._channel.queue_bind(
                self._queue, REPLIES_EXCHANGE, self._queue, callback=self._declared
            )

    def _declared(self, _frame: Any) -> None:
        if self._channel is not None:
            self._channel.basic_qos(prefetch_count=self._prefetch_max, callback=self._consume)

    def _consume(self, _frame: Any) -> None:
        channel = self._channel
        if channel is None:
            return
        channel.connection.deliver_to(channel.channel_number, partial(self._on_message, channel))
        channel.basic_consume(
            self._queue, _unexpected, arguments=self._arguments, callback=self._consuming
        )

    def _consuming(self, _frame: Any) -> None:
        self._served = True

    def _on_message(self, channel: Any, read: Read) -> None:
        if channel is not self._channel:
            return
        self._open.append(read.tag)
        tag = (self._generation << _GENERATION_SHIFT) + read.tag
        self._deliver(Delivery(read.wire, tag, read.redelivered))

    def _channel_closed(self, channel: Any, reason: BaseException) -> None:
        if channel is not self._channel:
            return
        self._channel = None
        self._served = False
        if self._connection is not None and self._connection.is_open:
            _log.warning(
                "amqp.subscription_lost", extra={"queue": self._queue, "reason": str(reason)[:200]}
            )
            self._loop.call_later(RESUBSCRIBE_SECONDS, self._resubscribe)

    def _resubscribe(self) -> None:
        if self._channel is None:
            self._open_channel()

    def _on_timer(self) -> None:
        self._timer = False
        self.flush()

    def flush(self) -> None:
        """Send what is acknowledged so far."""
        number, self._acknowledged = self._acknowledged, 0
        if number and self._channel is not None and self._channel.is_open:
            self._channel.basic_ack(number, multiple=True)


def _unexpected(*_: Any) -> None:
    raise AssertionError("Deliveries do not come through pika's own consumer.")
