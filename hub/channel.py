"""The channel: takes from one broker, passes the guard, publishes to the other, and only when
that is confirmed acknowledges. A message is never acknowledged for any other reason but that it
lies confirmed in the other broker or in the quarantine.
"""

import logging
from collections.abc import Callable
from functools import partial
from typing import Protocol

from hub.envelope import Message, onward
from hub.errors import NeverWorks
from hub.guard import Guard, reason
from hub.messages import MessageType
from hub.ports import (
    Address,
    Clock,
    Consumer,
    Delivery,
    Metrics,
    Published,
    Publisher,
    Quarantine,
    Subscription,
)

_log = logging.getLogger(__name__)

PAUSE_SECONDS = 1.0


class Later(Protocol):
    """Runs a function after some seconds on the channel's own thread."""

    def call_later(self, seconds: float, function: Callable[[], None]) -> None:
        """Run ``function`` once, after ``seconds``."""


Route = Callable[[Message, MessageType], Address]


class Channel:
    """Moves one queue. Everything here runs on one thread, that of the brokers' loop.

    While the destination does not take messages the channel pauses: it gives back what it
    holds, stops consuming, and looks again every PAUSE_SECONDS. It says so once.
    """

    def __init__(
        self,
        name: str,
        place: str,
        *,
        guard: Guard,
        route: Route,
        publisher: Publisher,
        quarantine: Quarantine,
        later: Later,
        clock: Clock,
        metrics: Metrics,
        persistent: bool,
        drop_returned: bool = False,
    ) -> None:
        """``drop_returned``: what no queue takes is counted and dropped (replies only)."""
        self.name = name
        self._place = place
        self._guard = guard
        self._route = route
        self._publisher = publisher
        self._quarantine = quarantine
        self._later = later
        self._clock = clock
        self._metrics = metrics
        self._persistent = persistent
        self._drop_returned = drop_returned
        self._subscription: Subscription | None = None
        self._paused = False

    def start(self, consumer: Consumer, queue: str, prefetch_max: int) -> None:
        """Begin to move ``queue``."""
        self._subscription = consumer.subscribe(queue, prefetch_max, self._deliver)

    def _deliver(self, delivery: Delivery) -> None:
        if self._paused:
            return
        try:
            message, row = self._guard.check(delivery.wire)
            to = self._route(message, row)
        except NeverWorks as error:
            self._refuse(delivery, reason(error))
            return
        except Exception as error:  # noqa: BLE001  it would come back and break the guard for ever
            _log.exception("guard.broken", extra={"channel": self.name})
            self._refuse(delivery, f"{type(error).__name__} in the guard")
            return
        wire = onward(
            delivery.wire,
            message,
            place=self._place,
            at=self._clock.now(),
            persistent=self._persistent,
        )
        # Only the tag waits for the confirm: thousands of whole messages would not fit a cache.
        self._publisher.publish(to, wire, partial(self._published, delivery.tag, wire.type))

    def _published(self, tag: int, type_: str, outcome: Published) -> None:
        if outcome is Published.CONFIRMED:
            self._metrics.count("lupu_channel_moved_total", channel=self.name)
            self._acknowledge(tag)
        elif outcome is Published.RETURNED and self._drop_returned:
            self._metrics.count("lupu_channel_unwanted_total", channel=self.name)
            self._acknowledge(tag)
        else:
            self._pause(f"{type_} was {outcome.value}")

    def _refuse(self, delivery: Delivery, why: str) -> None:
        self._metrics.count("lupu_channel_refused_total", channel=self.name)
        _log.warning("guard.refused", extra={"channel": self.name, "reason": why})
        self._quarantine.keep(delivery.wire, why, partial(self._quarantined, delivery.tag))

    def _quarantined(self, tag: int, outcome: Published) -> None:
        if outcome is Published.CONFIRMED:
            self._metrics.count("lupu_channel_quarantined_total", channel=self.name)
            self._acknowledge(tag)
        else:
            self._pause(f"the quarantine was {outcome.value}")

    def _acknowledge(self, tag: int) -> None:
        if self._subscription is not None:
            self._subscription.acknowledge(tag)

    def _pause(self, why: str) -> None:
        if self._paused or self._subscription is None:
            return
        self._paused = True
        self._metrics.gauge("lupu_channel_paused", 1, channel=self.name)
        _log.warning("channel.paused", extra={"channel": self.name, "reason": why})
        self._subscription.pause()
        self._later.call_later(PAUSE_SECONDS, self._look_again)

    def _look_again(self) -> None:
        if not self._publisher.ready() or self._subscription is None:
            self._later.call_later(PAUSE_SECONDS, self._look_again)
            return
        self._paused = False
        self._metrics.gauge("lupu_channel_paused", 0, channel=self.name)
        _log.info("channel.resumed", extra={"channel": self.name})
        self._subscription.resume()
