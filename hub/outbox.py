"""Publish what was committed, and only that; what is not confirmed is published again."""

import logging
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue

from hub.envelope import Message, Wire, to_wire
from hub.messages import (
    OUTWARD_EXCHANGE,
    REPLIES_EXCHANGE,
    Lane,
    message_type,
    outward_queue,
)
from hub.ports import Address, Clock, Metrics, Published, Publisher, Store

_log = logging.getLogger(__name__)

IN_FLIGHT_MAX = 1_000
STAFF_REPLIES = "replies.staff"


class Outbox:
    """Reads committed rows, publishes each, marks those that were confirmed.

    ``publish_soon`` and ``mark`` are called by the worker's thread, confirms arrive on the
    publisher's; ``run`` hands a function to that thread.
    """

    def __init__(
        self,
        store: Store,
        publisher: Publisher,
        run: Callable[[Callable[[], None]], None],
        *,
        account: str,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._run = run
        self._account = account
        self._clock = clock
        self._metrics = metrics
        self._in_flight: set[int] = set()
        self._settled: SimpleQueue[tuple[int, Published]] = SimpleQueue()

    def publish_soon(self) -> int:
        """Start publishing rows that are neither sent nor under way; return how many."""
        if not self._publisher.ready():
            return 0
        rows = self._store.unsent(IN_FLIGHT_MAX)
        fresh = [(number, message) for number, message in rows if number not in self._in_flight]
        self._in_flight.update(number for number, _ in fresh)
        for number, message in fresh:
            to, wire = self._addressed(message)
            self._run(partial(self._publisher.publish, to, wire, partial(self._on_end, number)))
        return len(fresh)

    def settled(self) -> int:
        """Return how many publishes have ended since ``mark``."""
        return self._settled.qsize()

    def mark(self) -> int:
        """Mark what was confirmed, free what was not; return how many were confirmed."""
        settled = [self._settled.get() for _ in range(self._settled.qsize())]
        done = [number for number, outcome in settled if self._is_done(outcome)]
        if done:
            self._store.mark_sent(done, self._clock.now())
        self._in_flight.difference_update(number for number, _ in settled)
        return len(done)

    def _on_end(self, number: int, outcome: Published) -> None:
        self._settled.put((number, outcome))

    def _is_done(self, outcome: Published) -> bool:
        if outcome is Published.RETURNED:
            # Only a reply to a queue that has gone is returned; its outcome is stored.
            self._metrics.count("lupu_outbox_unwanted_total")
            return True
        return outcome is Published.CONFIRMED

    def _addressed(self, message: Message) -> tuple[Address, Wire]:
        lane = message_type(message.type).lane
        now = self._clock.now()
        wire = to_wire(
            message.passed(self._account, now),
            account=self._account,
            persistent=lane is not Lane.REPLIES,
        )
        return reply_address(message, lane), wire


def reply_address(message: Message, lane: Lane) -> Address:
    """Return where a committed message goes on the inside broker.

    A reply to staff goes straight to the queue that waits inside; all else to the channel.
    """
    if lane is Lane.REPLIES and message.reply_to.startswith(STAFF_REPLIES):
        return Address(REPLIES_EXCHANGE, message.reply_to)
    return Address(OUTWARD_EXCHANGE, outward_queue(lane).partition(".")[2])
