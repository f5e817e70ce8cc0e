"""What the gateway takes from the outside broker: its replies and what is published."""

import logging
from collections.abc import Callable
from typing import Protocol

from hub.errors import NeverWorks
from hub.parking import Reason
from hub.places import HUB
from hub.ports import Delivery, Metrics, Subscription
from hub.sealing import Opener, opened_from

_log = logging.getLogger(__name__)

REPLIES_PREFETCH_MAX = 500
PUBLISHED_PREFETCH_MAX = 10

Take = Callable[[Delivery], None]


class Feed(Protocol):
    """A connection that consumes; ``adapters.amqp.consumer.AmqpConsumer`` is one."""

    def subscribe_exclusive(self, queue: str, prefetch_max: int, deliver: Take) -> Subscription:
        """Declare a queue of one's own and consume it."""

    def subscribe_stream(self, stream: str, prefetch_max: int, deliver: Take) -> Subscription:
        """Consume a stream from its last document on."""


class Taker(Protocol):
    """Takes up editions; ``adapters.published.Snapshot`` is one."""

    def deliver(self, delivery: Delivery) -> None:
        """Hand over an edition in clear."""


def take_replies(feed: Feed, queue: str, take: Take) -> None:
    """Hand every reply of ``queue`` to ``take``."""
    _Taking(take).start(feed.subscribe_exclusive, queue, REPLIES_PREFETCH_MAX)


def take_published(feed: Feed, stream: str, take: Take) -> None:
    """Hand every document of ``stream``, from the last on, to ``take``."""
    _Taking(take).start(feed.subscribe_stream, stream, PUBLISHED_PREFETCH_MAX)


class Opening:
    """Opens each edition of one stream before it is taken up; what does not open is left.

    The edition before goes on being served, and the next comes within a minute.
    """

    def __init__(self, opener: Opener, stream: str, to: "Taker", metrics: Metrics) -> None:
        self._opener = opener
        self._stream = stream
        self._to = to
        self._metrics = metrics

    def __call__(self, delivery: Delivery) -> None:
        """Open and hand over one edition."""
        try:
            wire = opened_from(self._opener, delivery.wire, self._stream, HUB)
        except NeverWorks as error:
            self._metrics.count("lupu_snapshot_refused_total", document=self._stream)
            facts = {"document": self._stream, "reason": str(Reason.of(error))}
            _log.error("snapshot.refused", extra=facts)
        else:
            self._to.deliver(delivery._replace(wire=wire))


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
