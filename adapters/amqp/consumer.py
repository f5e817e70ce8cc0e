"""Consuming: one connection, a channel and a prefetch for each queue."""

from collections.abc import Callable
from functools import partial
from typing import Any

from adapters.amqp.link import Link
from adapters.amqp.loop import Loop
from adapters.amqp.subscription import AmqpSubscription
from hub.ports import Delivery
from hub.settings import Broker


class AmqpConsumer:
    """Implements ``hub.ports.Consumer`` over a connection of its own."""

    def __init__(self, loop: Loop, broker: Broker, purpose: str) -> None:
        self._loop = loop
        self._answer_seconds_max = broker.unconfirmed_seconds_max
        self._link = Link(
            loop, broker, f"{purpose} consumes from", opened=self._opened, closed=self._lost
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
    ) -> AmqpSubscription:
        """Consume ``queue``; see ``hub.ports.Consumer``. Before ``start`` or on the loop only."""
        return self._add(queue, prefetch_max, deliver)

    def subscribe_exclusive(
        self, queue: str, prefetch_max: int, deliver: Callable[[Delivery], None]
    ) -> AmqpSubscription:
        """Declare ``queue`` for this connection alone, gone with it, and consume it.

        Replies that name the queue come to it.
        """
        return self._add(queue, prefetch_max, deliver, exclusive=True)

    def subscribe_stream(
        self, stream: str, prefetch_max: int, deliver: Callable[[Delivery], None]
    ) -> AmqpSubscription:
        """Consume a stream from its last chunk on."""
        return self._add(stream, prefetch_max, deliver, arguments={"x-stream-offset": "last"})

    def count(self, queue: str, told: Callable[[int], None]) -> None:
        """Tell how many messages wait in ``queue``, if the broker says so; on the loop only.

        On a channel of its own, for the broker closes it where there is no such queue.
        """
        connection = self._link.connection
        if connection is None or not connection.is_open:
            return

        def declared(channel: Any, frame: Any) -> None:
            told(frame.method.message_count)
            channel.close()

        def opened(channel: Any) -> None:
            channel.queue_declare(queue, passive=True, callback=partial(declared, channel))

        connection.channel(on_open_callback=opened)

    def _add(
        self, queue: str, prefetch_max: int, deliver: Callable[[Delivery], None], **how: Any
    ) -> AmqpSubscription:
        subscription = AmqpSubscription(
            self._loop,
            queue,
            prefetch_max,
            deliver,
            answer_seconds_max=self._answer_seconds_max,
            give_up=self._link.break_off,
            **how,
        )
        self._subscriptions.append(subscription)
        if self._link.connection is not None:
            subscription.connected(self._link.connection)
        return subscription

    def _flush(self) -> None:
        for subscription in self._subscriptions:
            subscription.flush_all()

    def _opened(self, connection: Any) -> None:
        for subscription in self._subscriptions:
            subscription.connected(connection)

    def _lost(self) -> None:
        for subscription in self._subscriptions:
            subscription.disconnected()
