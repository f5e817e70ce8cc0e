"""What the gateway takes from the outside broker: its replies and what is published."""

from collections.abc import Callable
from typing import Protocol

from hub.ports import Delivery, Subscription

REPLIES_PREFETCH_MAX = 500
PUBLISHED_PREFETCH_MAX = 10

Take = Callable[[Delivery], None]


class Feed(Protocol):
    """A connection that consumes; ``adapters.amqp.consumer.AmqpConsumer`` is one."""

    def subscribe_exclusive(self, queue: str, prefetch_max: int, deliver: Take) -> Subscription:
        """Declare a queue of one's own and consume it."""

    def subscribe_stream(self, stream: str, prefetch_max: int, deliver: Take) -> Subscription:
        """Consume a stream from its last document on."""


def take_replies(feed: Feed, queue: str, take: Take) -> None:
    """Hand every reply of ``queue`` to ``take``."""
    _Taking(take).start(feed.subscribe_exclusive, queue, REPLIES_PREFETCH_MAX)


def take_published(feed: Feed, stream: str, take: Take) -> None:
    """Hand every document of ``stream``, from the last on, to ``take``."""
    _Taking(take).start(feed.subscribe_stream, stream, PUBLISHED_PREFETCH_MAX)


class _Taking:
    """Acknowledges once a delivery was handed over: what is lost later can be had again."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._subscription: Subscription | None = None

    def start(
        self, subscribe: Callable[[str, int, Take], Subscription], name: str, prefetch_max: int
    ) -> None:
        self._subscription = subscribe(name, prefetch_max, self._deliver)

    def _deliver(self, delivery: Delivery) -> None:
        self._take(delivery)
        if self._subscription is not None:
            self._subscription.acknowledge(delivery.tag)
