"""Publish what was committed, and only that; what is not confirmed is published again."""

import logging
import random
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue

from hub.backoff import Backoff
from hub.counting import from_nought
from hub.envelope import Message, Wire, to_wire
from hub.machine import Chance
from hub.messages import (
    OUTWARD_EXCHANGE,
    REPLIES_EXCHANGE,
    Lane,
    message_type,
    outward_queue,
    published_stream,
)
from hub.ports import Address, Clock, Metrics, Published, Publisher, Store
from hub.steps import Step, Steps, followed
from hub.trace import PRODUCER, Tracer

_log = logging.getLogger(__name__)

IN_FLIGHT_MAX = 1_000
# So many rows that are held back are looked past for others behind them.
HELD_MAX = 5_000
HELD_SECONDS_FIRST = 1.0
HELD_SECONDS_MAX = 60.0
STAFF_REPLIES = "replies.staff"
_NOT_TAKEN = (Published.RETURNED, Published.REFUSED)


class _Held:
    """Rows that one destination did not take, and until when they are held back."""

    def __init__(self, chance: Chance) -> None:
        self.rows: set[int] = set()
        self.pauses = Backoff(HELD_SECONDS_FIRST, HELD_SECONDS_MAX, chance)
        self.until = 0.0


class Outbox:
    """Reads committed rows, publishes each, marks those that were confirmed.

    What no queue takes, or a full one refuses, is held back and published again, after a pause
    that grows, and said once; what goes elsewhere does not wait for it, and the first row that
    its destination does take ends the pause. A reply that no queue takes is done: whoever
    waited has gone, and its outcome is stored. ``publish_soon`` and ``mark`` are called by the
    worker's thread, confirms arrive on the publisher's; ``run`` hands a function to that thread.
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
        chance: Chance = random.random,
        tracer: Tracer | None = None,
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._run = run
        self._account = account
        self._clock = clock
        self._metrics = metrics
        self._chance = chance
        self._steps = Steps(clock, tracer)
        self._in_flight: dict[int, tuple[Address, Lane]] = {}
        self._confirmed: list[int] = []
        self._held: dict[Address, _Held] = {}
        self._settled: SimpleQueue[tuple[int, Published]] = SimpleQueue()
        for outcome in _NOT_TAKEN:
            from_nought(metrics, "lupu_outbox_held_back_total", outcome=outcome.value)

    def publish_soon(self) -> int:
        """Start publishing rows that are neither sent nor under way; return how many."""
        if not self._publisher.ready():
            return 0
        held = self._still_held()
        rows = self._store.unsent(IN_FLIGHT_MAX + min(len(held), HELD_MAX))
        fresh = [
            (number, message)
            for number, message in rows
            if number not in self._in_flight and number not in held
        ]
        for number, message in fresh:
            lane, step = message_type(message.type).lane, self._steps.begin(message)
            to, wire = reply_address(message, lane), self._wire(followed(message, step), lane)
            self._in_flight[number] = to, lane
            ended = partial(self._on_end, number, step)
            self._run(partial(self._publisher.publish, to, wire, ended))
        return len(fresh)

    def under_way(self) -> int:
        """Return how many publishes are not yet marked, or free again."""
        return len(self._in_flight)

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

    def _on_end(self, number: int, step: Step | None, outcome: Published) -> None:
        if step is not None:
            failed = outcome is not Published.CONFIRMED
            self._steps.end(step, "worker send", PRODUCER, failed=failed)
        self._settled.put((number, outcome))

    def _end(self, number: int, outcome: Published) -> None:
        to, lane = self._in_flight[number]
        if outcome is Published.CONFIRMED:
            self._confirmed.append(number)
            self._held.pop(to, None)
        elif outcome is Published.RETURNED and lane is Lane.REPLIES:
            self._metrics.count("lupu_outbox_unwanted_total")
            self._confirmed.append(number)
            self._held.pop(to, None)
        else:
            del self._in_flight[number]
            if outcome in _NOT_TAKEN:
                self._hold_back(number, to, outcome)

    def _hold_back(self, number: int, to: Address, outcome: Published) -> None:
        self._metrics.count("lupu_outbox_held_back_total", outcome=outcome.value)
        held = self._held.setdefault(to, _Held(self._chance))
        if held.pauses.failures == 0:
            facts = {"exchange": to.exchange, "key": to.routing_key, "reason": outcome.value}
            _log.error("outbox.held_back", extra=facts)
        if not held.rows:
            held.until = self._clock.monotonic() + held.pauses.next_seconds()
        held.rows.add(number)

    def _still_held(self) -> set[int]:
        now = self._clock.monotonic()
        for held in self._held.values():
            if now >= held.until:
                held.rows.clear()
        return set().union(*(held.rows for held in self._held.values()))

    def _wire(self, message: Message, lane: Lane) -> Wire:
        return to_wire(
            message.passed(self._account, self._clock.now()),
            account=self._account,
            persistent=lane is not Lane.REPLIES,
        )


def reply_address(message: Message, lane: Lane) -> Address:
    """Return where a committed message goes on the inside broker.

    A reply to staff goes straight to the queue that waits inside; all else to the channel. What
    is published goes by a key of its own, so that the hubs can listen to it too.
    """
    if lane is Lane.REPLIES and message.reply_to.startswith(STAFF_REPLIES):
        return Address(REPLIES_EXCHANGE, message.reply_to)
    if lane is Lane.PUBLISHED:
        return Address(OUTWARD_EXCHANGE, published_stream(message_type(message.type)))
    return Address(OUTWARD_EXCHANGE, outward_queue(lane).partition(".")[2])
