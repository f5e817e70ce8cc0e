"""What the gateway takes from the outside broker: its replies and what is published."""

import logging
from collections.abc import Callable
from typing import Protocol

from adapters import published
from hub.errors import NeverWorks
from hub.parking import Reason
from hub.places import HUB
from hub.ports import Delivery, Metrics, Subscription
from hub.sealing import Opener, opened_from

_log = logging.getLogger(__name__)

REPLIES_PREFETCH_MAX = 500

Take = Callable[[Delivery], None]


class Feed(published.Feed, Protocol):
    """A connection that consumes; ``adapters.amqp.consumer.AmqpConsumer`` is one."""

    def subscribe_exclusive(self, queue: str, prefetch_max: int, deliver: Take) -> Subscription:
        """Declare a queue of one's own and consume it."""


class Taker(Protocol):
    """Takes up editions; ``adapters.published.Snapshot`` is one."""

    def deliver(self, delivery: Delivery) -> None:
        """Hand over an edition in clear."""


def take_replies(feed: Feed, queue: str, take: Take) -> None:
    """Hand every reply of ``queue`` to ``take``, and acknowledge it: it can be had again."""
    served: list[Subscription] = []

    def deliver(delivery: Delivery) -> None:
        take(delivery)
        for subscription in served:
            subscription.acknowledge(delivery.tag)

    served.append(feed.subscribe_exclusive(queue, REPLIES_PREFETCH_MAX, deliver))


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
