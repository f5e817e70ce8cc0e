"""What is looked at again and again: how much lies in a queue, and how long the oldest has."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from hub.flow import Later
from hub.messages import QUARANTINE_QUEUE
from hub.ports import Clock, Metrics

WATCH_SECONDS = 15.0

Count = Callable[[str, Callable[[int], None]], None]


def every(seconds: float, look: Callable[[], None], later: Later) -> None:
    """Look again and again for as long as the loop runs, the first time in a while."""

    def again() -> None:
        look()
        later.call_later(seconds, again)

    later.call_later(seconds, again)


class QuarantineWatch:
    """Counts on one side every WATCH_SECONDS, for as long as the loop runs.

    A hub may count and not look: ``lupu_quarantine_held_seconds`` is for how long there has
    been something each time it counted, so the oldest is no older, but for what lay there when
    the hub started.
    """

    def __init__(
        self, side: str, count: Count, *, later: Later, clock: Clock, metrics: Metrics
    ) -> None:
        """``count`` asks the side's broker how many messages a queue holds, and tells it."""
        self._side = side
        self._count = count
        self._later = later
        self._clock = clock
        self._metrics = metrics
        self._since: float | None = None

    def start(self) -> None:
        """Begin to count, in a while."""
        every(WATCH_SECONDS, self._ask, self._later)

    def _ask(self) -> None:
        self._count(QUARANTINE_QUEUE, self._counted)

    def _counted(self, held: int) -> None:
        now = self._clock.monotonic()
        if held == 0:
            self._since = None
        elif self._since is None:
            self._since = now
        seconds = 0.0 if self._since is None else now - self._since
        self._metrics.gauge("lupu_quarantine_messages", held, side=self._side)
        self._metrics.gauge("lupu_quarantine_held_seconds", seconds, side=self._side)


class Taker(Protocol):
    """Whoever takes from a queue, as far as a watch asks."""

    def taken_at(self) -> datetime | None:
        """Return when the message that was taken last, or is held, was accepted."""

    def holds(self) -> bool:
        """Return whether it has taken messages that are not done."""


class QueueWatch:
    """Tells how many messages wait in a queue, and how old the oldest of them may be.

    Who takes from it in its order knows about the oldest: none is older than what was taken last,
    nor than the last look that found nothing. Waiting for a destination it grows by the second.
    """

    def __init__(
        self, side: str, queue: str, count: Count, *, taker: Taker, clock: Clock, metrics: Metrics
    ) -> None:
        """``count`` asks the side's broker how many messages a queue holds, and tells it."""
        self._labels = {"side": side, "queue": queue}
        self._queue = queue
        self._count = count
        self._taker = taker
        self._clock = clock
        self._metrics = metrics
        self._empty_at = clock.now()

    def look(self) -> None:
        """Look once; while the broker is away nothing is told."""
        self._count(self._queue, self._counted)

    def _counted(self, waiting: int) -> None:
        now, seconds = self._clock.now(), 0.0
        if waiting or self._taker.holds():
            taken_at = self._taker.taken_at() or self._empty_at
            seconds = max(0.0, (now - max(taken_at, self._empty_at)).total_seconds())
        else:
            self._empty_at = now
        self._metrics.gauge("lupu_queue_messages", waiting, **self._labels)
        self._metrics.gauge("lupu_queue_oldest_seconds", seconds, **self._labels)
