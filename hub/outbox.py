"""Publish what was committed, and only that; what is not confirmed is published again."""

import logging
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue

from hub.backoff import Backoff
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
RETURNED_SECONDS_FIRST = 1.0
RETURNED_SECONDS_MAX = 60.0
STAFF_REPLIES = "replies.staff"


class Outbox:
    """Reads committed rows, publishes each, marks those that were confirmed.

    A reply that no queue takes is done: whoever waited has gone, and its outcome is stored. Of
    anything else that is a mistake in the broker's definitions: it is held back and published
    again, after a pause that grows, and said once; what is not returned does not wait for it.
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
        self._in_flight: dict[int, Lane] = {}
        self._confirmed: list[int] = []
        self._returned: set[int] = set()
        self._returned_pauses = Backoff(RETURNED_SECONDS_FIRST, RETURNED_SECONDS_MAX)
        self._returned_until = 0.0
        self._settled: SimpleQueue[tuple[int, Published]] = SimpleQueue()

    def publish_soon(self) -> int:
        """Start publishing rows that are neither sent nor under way; return how many."""
        if not self._publisher.ready():
            return 0
        if self._returned and self._clock.monotonic() >= self._returned_until:
            self._returned.clear()
        rows = self._store.unsent(IN_FLIGHT_MAX + len(self._returned))
        fresh = [
            (number, message)
            for number, message in rows
            if number not in self._in_flight and number not in self._returned
        ]
        for number, message in fresh:
            lane = message_type(message.type).lane
            self._in_flight[number] = lane
            to, wire = reply_address(message, lane), self._wire(message, lane)
            self._run(partial(self._publisher.publish, to, wire, partial(self._on_end, number)))
        return len(fresh)

    def settled(self) -> int:
        """Return how many publishes have ended since ``mark``."""
        return self._settled.qsize()

    def mark(self) -> int:
        """Mark what was confirmed, free what was not; return how many were confirmed."""
        for _ in range(self._settled.qsize()):
            self._end(*self._settled.get())
        # What is confirmed counts as under way until it is marked: the database may be away.
        done = self._confirmed
        if done:
            self._store.mark_sent(done, self._clock.now())
            for number in done:
                del self._in_flight[number]
            self._confirmed = []
        return len(done)

    def _on_end(self, number: int, outcome: Published) -> None:
        self._settled.put((number, outcome))

    def _end(self, number: int, outcome: Published) -> None:
        is_reply = self._in_flight[number] is Lane.REPLIES
        if outcome is Published.CONFIRMED:
            self._confirmed.append(number)
            if not is_reply:
                self._returned_pauses.reset()
        elif outcome is Published.RETURNED and is_reply:
            self._metrics.count("lupu_outbox_unwanted_total")
            self._confirmed.append(number)
        else:
            lane = self._in_flight.pop(number)
            if outcome is Published.RETURNED:
                self._hold_back(number, lane)

    def _hold_back(self, number: int, lane: Lane) -> None:
        self._metrics.count("lupu_outbox_returned_total")
        if self._returned_pauses.failures == 0:
            _log.error("outbox.returned", extra={"lane": lane.value})
        if not self._returned:
            seconds = self._returned_pauses.next_seconds()
            self._returned_until = self._clock.monotonic() + seconds
        self._returned.add(number)

    def _wire(self, message: Message, lane: Lane) -> Wire:
        return to_wire(
            message.passed(self._account, self._clock.now()),
            account=self._account,
            persistent=lane is not Lane.REPLIES,
        )


def reply_address(message: Message, lane: Lane) -> Address:
    """Return where a committed message goes on the inside broker.

    A reply to staff goes straight to the queue that waits inside; all else to the channel.
    """
    if lane is Lane.REPLIES and message.reply_to.startswith(STAFF_REPLIES):
        return Address(REPLIES_EXCHANGE, message.reply_to)
    return Address(OUTWARD_EXCHANGE, outward_queue(lane).partition(".")[2])
