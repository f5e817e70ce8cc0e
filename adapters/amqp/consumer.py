"""Consuming: one connection, a channel and a prefetch for each queue."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from adapters.amqp.link import Done, Link
from adapters.amqp.loop import Loop
from adapters.amqp.subscription import AmqpSubscription
from hub.ports import Delivery
from hub.settings import Broker

# What is under way on the connection before is waited for as long; then it comes again.
MOVE_SECONDS_MAX = 10.0
MOVE_POLL_SECONDS = 0.01


class AmqpConsumer:
    """Implements ``hub.ports.Consumer`` over a connection of its own."""

    def __init__(self, loop: Loop, broker: Broker, purpose: str) -> None:
        self._loop = loop
        self._answer_seconds_max = broker.unconfirmed_seconds_max
        self._link = Link(
            loop,
            broker,
            f"{purpose} consumes from",
            opened=self._opened,
            closed=self._lost,
            moves=self._move,
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

    def _move(self, connection: Any, done: Done) -> None:
        """Take no more on the connection before, see what is under way to its end, then change.

        So nothing is given back, and nothing comes twice. Queues that are one connection's own
        are served on both for a moment.
        """
        for subscription in self._subscriptions:
            subscription.drain()
        self._when(
            lambda: all(subscription.drained() for subscription in self._subscriptions),
            partial(self._change, connection, done),
            connection,
            time.monotonic() + MOVE_SECONDS_MAX,
        )

    def _change(self, connection: Any, done: Done) -> None:
        for subscription in self._subscriptions:
            subscription.connected(connection)
        self._when(self.ready, done, connection, time.monotonic() + MOVE_SECONDS_MAX)

    def _when(
        self, ready: Callable[[], bool], then: Done, connection: Any, deadline: float
    ) -> None:
        """Go on once ``ready``, at the latest at the deadline; not if the move was given up."""
        if self._link.successor is not connection:
            return
        if ready() or time.monotonic() > deadline:
            then()
            return
        again = partial(self._when, ready, then, connection, deadline)
        self._loop.call_later(MOVE_POLL_SECONDS, again)
