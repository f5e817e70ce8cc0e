"""What a hub looks at again and again: how much lies in each quarantine, and for how long."""

from collections.abc import Callable

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
