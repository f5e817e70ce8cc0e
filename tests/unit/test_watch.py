"""Whoever is on duty sees that something lies in a quarantine, and since when."""

from collections.abc import Callable

from hub.watch import WATCH_SECONDS, QuarantineWatch
from tests.unit.channel_world import HandMovedLoop, LoopClock
from tests.unit.hub_world import CountedMetrics

HELD, SECONDS = "lupu_quarantine_messages outside", "lupu_quarantine_held_seconds outside"


def test_a_quarantine_is_counted_for_as_long_as_something_lies_there() -> None:
    """The time grows with each count that is not none, and begins anew after one that is."""
    loop, metrics = HandMovedLoop(), CountedMetrics()
    held: list[int | None] = [0, 2, 1, None, 3, 0, 1]

    def count(_queue: str, told: Callable[[int], None]) -> None:
        lies = held.pop(0)
        if lies is not None:  # else the broker is away
            told(lies)

    watch = QuarantineWatch("outside", count, later=loop, clock=LoopClock(loop), metrics=metrics)
    watch.start()
    seen = []
    while held:
        loop.pass_seconds(WATCH_SECONDS)
        seen.append((metrics.gauges[HELD], metrics.gauges[SECONDS] / WATCH_SECONDS))
    assert seen == [(0, 0), (2, 0), (1, 1), (1, 1), (3, 3), (0, 0), (1, 0)]
