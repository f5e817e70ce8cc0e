"""Time, order and chance of a simulation: one scheduler, one ``random.Random``, no thread.

What blocks in the product runs in a greenlet that gives way to the scheduler; whoever is due
next is decided by delays that the seed draws. The same seed gives the same trace, byte for byte.
"""

import contextlib
import hashlib
import heapq
import random
from collections import Counter, deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from queue import Empty
from typing import Any

import greenlet

from hub.machine import Machine

START = datetime(2010, 5, 1, 1, 0, tzinfo=UTC)
# How long handing over to another thread takes, and one hop over a network, in seconds.
SWITCH_SECONDS = 0.002
HOP_SECONDS = 0.01
PASSED_MAX = 5_000

Do = Callable[[], None]


class Crashed(BaseException):
    """The process ends here and now; no handler of its own may catch it."""


class EndlessError(BaseException):
    """One step of a process does not end; no handler of its own may catch it."""


class World:
    """The scheduler. ``current`` is the process that is running, None for the world itself."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.seconds = 0.0
        self.steps = 0
        self.passed = 0
        self.current: Process | None = None
        self.lines: list[str] = []
        self.counts: Counter[str] = Counter()
        self._due: list[tuple[float, int, Process | None, Do]] = []
        self._number = 0
        self.main = greenlet.getcurrent()

    def now(self) -> datetime:
        """Return the true time."""
        return START + timedelta(seconds=self.seconds)

    def trace(self, what: str) -> None:
        """Write down what happens."""
        name = "-" if self.current is None else self.current.name
        self.lines.append(f"{self.seconds:.4f} {name} {what}")

    def trace_hash(self) -> str:
        """Return what only the same trace has."""
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()

    def later(self, seconds: float, do: Do, process: "Process | None" = None) -> None:
        """Do something after some seconds; not if its ``process`` has ended by then."""
        self._number += 1
        heapq.heappush(self._due, (self.seconds + seconds, self._number, process, do))

    def soon(self, do: Do, process: "Process | None" = None) -> None:
        """Do something after what a thread needs to wake up; others may come first."""
        self.later(self.random.random() * SWITCH_SECONDS, do, process)

    def delay(self, mean: float = HOP_SECONDS) -> float:
        """Draw how long a hop takes: mostly about ``mean``, seldom very long."""
        return self.random.expovariate(1 / mean)

    def run(self, until: float, steps_max: int) -> None:
        """Run until a time; AssertionError where that takes too many steps."""
        while self._due and self._due[0][0] <= until:
            at, _, process, do = heapq.heappop(self._due)
            if process is not None and process.frozen_until > at:
                heapq.heappush(self._due, (process.frozen_until, self._next(), process, do))
                continue
            self.seconds = max(self.seconds, at)
            self.steps += 1
            self.passed = 0
            if self.steps > steps_max:
                raise AssertionError(f"It does not come to rest within {steps_max} steps.")
            self.run_as(process, do)
        self.seconds = max(self.seconds, until)

    def run_as(self, process: "Process | None", do: Do) -> None:
        """Run one step of a process; one that crashes in it is ended."""
        if process is not None and not process.alive:
            return
        before, self.current = self.current, process
        try:
            do()
        except Crashed:
            self.current = before
            if process is not None:
                process.crash()
        finally:
            self.current = before

    def passing(self) -> None:
        """Count something that a process does within one step."""
        self.passed += 1
        if self.passed > PASSED_MAX:
            raise EndlessError("A step does not end.")

    def warp(self, seconds: float) -> None:
        """Let time pass at once, as if every machine had stood still."""
        self.seconds += seconds
        self.trace(f"time warp {seconds:.0f}")

    def switch_to(self, thread: greenlet.greenlet) -> None:
        """Run a thread of the current process until it waits or ends."""
        thread.switch()

    def wait(self) -> None:
        """Let the current thread give way, until somebody switches to it again."""
        self.main.switch()

    def sleep(self, seconds: float) -> None:
        """Let the current thread wait."""
        thread = greenlet.getcurrent()
        self.later(seconds, lambda: self.switch_to(thread), self.current)
        self.wait()

    def is_in_thread(self) -> bool:
        """Return whether whoever runs now could wait."""
        return greenlet.getcurrent() is not self.main

    def _next(self) -> int:
        self._number += 1
        return self._number


class Instant:
    """A clock that shows the true time."""

    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> datetime:
        """Return the true time."""
        return self._world.now()

    def monotonic(self) -> float:
        """Return the seconds of the world."""
        return self._world.seconds


class Process:
    """One start of a process, from which it goes to its end by ``crash`` or ``stop``.

    ``skew`` is by how many seconds its clock is wrong.
    """

    def __init__(self, world: World, name: str, crashed: Callable[["Process"], None]) -> None:
        self.world = world
        self.name = name
        self.kind = name.partition("-")[0]
        self.alive = True
        self.frozen_until = 0.0
        self.skew = 0.0
        self.links: list[Any] = []
        self._crashed = crashed
        self._threads: list[greenlet.greenlet] = []
        self._started = world.seconds

    def now(self) -> datetime:
        """Return what its clock says."""
        return self.world.now() + timedelta(seconds=self.skew)

    def monotonic(self) -> float:
        """Return the seconds of its machine, which nobody sets."""
        return self.world.seconds

    def machine(self, patience: float = 1.0) -> Machine:
        """Return its machine."""
        return Machine(
            monotonic=self.monotonic,
            sleep=self.world.sleep,
            chance=self.world.random.random,
            box=lambda: Box(self.world, self, patience),
        )

    def spawn(self, do: Do) -> None:
        """Run on a thread of its own."""
        thread = greenlet.greenlet(do, parent=self.world.main)
        self._threads = [one for one in self._threads if not one.dead] + [thread]
        self.world.soon(lambda: self.world.switch_to(thread), self)

    def stop(self) -> None:
        """End as when asked to; each kind does so in its own way."""
        self.crash()

    def crash(self) -> None:
        """End without a word: threads are gone where they stand, connections break."""
        self.world.counts["crashes"] += 1
        self.world.trace(f"{self.name} crashed")
        self.end()
        self._crashed(self)

    def end(self) -> None:
        """Be no more."""
        self.alive = False
        for thread in self._threads:
            if thread and not thread.dead and thread is not greenlet.getcurrent():
                self._unwind(thread)
        for link in self.links:
            link.abandon()

    def _unwind(self, thread: greenlet.greenlet) -> None:
        with contextlib.suppress(Crashed):
            thread.throw(Crashed)


class Loop:
    """A process's event loop: ``hub.flow.Later`` and ``hub.requester.Runner``."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._calls: deque[Do] = deque()
        self._awake = False

    def call(self, function: Do) -> None:
        """Run ``function`` soon, in the order of the calls."""
        self._calls.append(function)
        self._wake()

    def call_later(self, seconds: float, function: Do) -> None:
        """Run ``function`` after some seconds."""
        self._process.world.later(seconds, function, self._process)

    def _wake(self) -> None:
        if not self._awake:
            self._awake = True
            self._process.world.soon(self._run, self._process)

    def _run(self) -> None:
        self._awake = False
        for _ in range(len(self._calls)):
            self._calls.popleft()()
        if self._calls:
            self._wake()


class Box:
    """Where a thread of a process waits; ``hub.machine.Box``."""

    def __init__(self, world: World, process: Process, patience: float = 1.0) -> None:
        """``patience``: so many times as long it waits, where an idle look only costs steps."""
        self._world = world
        self._process = process
        self._patience = patience
        self._items: deque[Any] = deque()
        self._waiting: greenlet.greenlet | None = None
        self._turn = 0

    def put(self, item: Any) -> None:
        """Put something in."""
        self._items.append(item)
        if self._waiting is not None:
            thread, self._waiting = self._waiting, None
            self._world.soon(lambda: self._world.switch_to(thread), self._process)

    def get(self, *, timeout: float) -> Any:
        """Return the oldest, waiting for it."""
        if not self._items and timeout > 0:
            self._turn += 1
            self._waiting, turn = greenlet.getcurrent(), self._turn
            self._world.later(
                timeout * self._patience, lambda: self._timed_out(turn), self._process
            )
            self._world.wait()
        return self.get_nowait()

    def get_nowait(self) -> Any:
        """Return the oldest."""
        if not self._items:
            raise Empty
        return self._items.popleft()

    def _timed_out(self, turn: int) -> None:
        thread = self._waiting
        if thread is not None and turn == self._turn:
            self._waiting = None
            self._world.switch_to(thread)
