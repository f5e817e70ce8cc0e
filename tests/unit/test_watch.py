"""Whoever is on duty sees that something lies in a quarantine, and since when."""

from collections.abc import Callable
from datetime import datetime, timedelta

from hub.watch import WATCH_SECONDS, QuarantineWatch, QueueWatch
from tests.unit.channel_world import HandMovedLoop, LoopClock
from tests.unit.channel_world import World as Bridge
from tests.unit.hub_world import CountedMetrics, MovedClock, booking

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


class Taker:
    """Whoever takes from the queue, as the test says."""

    def __init__(self) -> None:
        self.at: datetime | None = None
        self.has = False

    def taken_at(self) -> datetime | None:
        """Return when what was taken last was accepted."""
        return self.at

    def holds(self) -> bool:
        """Return whether something is held."""
        return self.has


class Queue:
    """A queue that is watched: what lies there, and what its watch tells."""

    def __init__(self) -> None:
        self.clock, self.metrics, self.taker = MovedClock(), CountedMetrics(), Taker()
        self._watch = QueueWatch(
            *("outside", "inward.requests", self._count),
            taker=self.taker,
            clock=self.clock,
            metrics=self.metrics,
        )
        self._waiting = 0

    def _count(self, _queue: str, told: Callable[[int], None]) -> None:
        told(self._waiting)

    def look(self, waiting: int, seconds: float = 10) -> float:
        """Let some time pass with so many waiting; return how old the oldest is said to be."""
        self.clock.move(seconds=seconds)
        self._waiting = waiting
        self._watch.look()
        assert self.metrics.gauges["lupu_queue_messages outside inward.requests"] == waiting
        return self.metrics.gauges["lupu_queue_oldest_seconds outside inward.requests"]


def test_the_oldest_message_of_a_queue_has_an_age() -> None:
    """While it cannot go on its age grows by the second; what is empty has none."""
    queue = Queue()
    assert queue.look(0) == 0
    queue.taker.at = queue.clock.now()
    assert [queue.look(5), queue.look(9), queue.look(1, 600)] == [10, 20, 620]
    assert queue.look(0) == 0


def test_a_message_that_has_just_come_is_not_called_old() -> None:
    """After an idle hour what was taken an hour ago says nothing of what waits now."""
    queue = Queue()
    queue.taker.at = queue.clock.now()
    assert queue.look(0, 3_600) == 0
    assert queue.look(1) == 10


def test_what_a_worker_holds_is_old_too() -> None:
    """A batch that waits for the database lies in no queue, and is counted all the same."""
    queue = Queue()
    queue.look(0)
    queue.taker.has, queue.taker.at = True, queue.clock.now()
    assert queue.look(0, 90) == 90


def test_a_queue_from_which_nothing_was_taken_yet_is_as_old_as_its_watch() -> None:
    """Before the first message comes through one counts from the start."""
    queue = Queue()
    assert queue.look(7, 120) == 120


def test_a_backlog_that_is_worked_off_is_as_old_as_what_is_taken() -> None:
    """It says how far behind one is, not how long there has been a backlog."""
    queue = Queue()
    queue.look(100, 500)
    queue.taker.at = queue.clock.now() - timedelta(seconds=30)
    assert queue.look(100) == 40


def test_hubs_and_workers_know_what_they_took_last() -> None:
    """A paused channel still knows the message that could not go on."""
    bridge = Bridge()
    assert bridge.requests.taken_at() is None
    bridge.inside.up = False
    bridge.send(booking())
    assert bridge.requests.taken_at() == booking().accepted_at
    assert bridge.requests.queue == "inward.requests"
    bridge.inside.up = True
    bridge.loop.pass_seconds(60)
    assert bridge.arrived() == ["A-1"]
    assert not bridge.requests.holds()
