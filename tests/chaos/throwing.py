"""Throws the planned faults, each at its time, and starts again what has ended by itself."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from subprocess import SubprocessError

import psycopg
from pika.exceptions import AMQPError

from deploy.local.process import Process, ProcessFailed
from tests.chaos.plan import Thrown
from tests.chaos.records import Record

Spawn = Callable[[Callable[[], None]], None]
LOOK_SECONDS = 0.5
TRIES, TRY_AGAIN_SECONDS = 6, 3.0
# What is at another fault already may be out of reach for this one: tried again then.
_OUT_OF_REACH = (AMQPError, OSError, psycopg.Error, SubprocessError)


@contextmanager
def living_threads() -> Iterator[Spawn]:
    """Offer threads that live until the block ends.

    The kernel ends a process with the thread that started it.
    """
    release, threads = threading.Event(), []

    def spawn(run: Callable[[], None]) -> None:
        def live() -> None:
            run()
            release.wait()

        thread = threading.Thread(target=live)
        threads.append(thread)
        thread.start()

    try:
        yield spawn
    finally:
        release.set()
        for thread in threads:
            thread.join()


class Throwing:
    """One thread a target: a target is at one fault at a time, targets side by side."""

    def __init__(self, planned: Sequence[Thrown], record: Record) -> None:
        self._record = record
        self._by_target: dict[str, list[Thrown]] = defaultdict(list)
        for thrown in planned:
            self._by_target[thrown.fault.target].append(thrown)
        self._locks = {target: threading.Lock() for target in self._by_target}
        self._left = threading.Semaphore(0)
        self._over = threading.Event()
        self.errors: list[str] = []
        self.ended_by_themselves: list[str] = []

    def start(self, spawn: Spawn, processes: Mapping[str, Process]) -> None:
        """Begin."""
        began = time.monotonic()
        for target in self._by_target:
            spawn(lambda one=target: self._throw_all(one, began))  # type: ignore[misc]
        spawn(lambda: self._keep(processes))

    def wait(self) -> None:
        """Wait until every fault is over, and look after nothing any more."""
        for _ in self._by_target:
            self._left.acquire()

    def end(self) -> None:
        """Look after nothing any more."""
        self._over.set()

    def _throw_all(self, target: str, began: float) -> None:
        try:
            for thrown in self._by_target[target]:
                self._over.wait(max(0.0, began + thrown.at_seconds - time.monotonic()))
                if self._over.is_set():
                    break
                with self._locks[target]:
                    self._throw(thrown)
        finally:
            self._left.release()

    def _throw(self, thrown: Thrown) -> None:
        fault, missed = thrown.fault, ""
        for _ in range(TRIES):
            began, missed = time.time(), ""
            try:
                fault.do(thrown.dice)
            except _OUT_OF_REACH as error:
                missed = f"{type(error).__name__}: {error}"
            except ProcessFailed as error:
                missed = str(error)
                self.errors.append(f"{fault.kind}, {fault.target}: {error}")
            if not missed or self._over.wait(TRY_AGAIN_SECONDS):
                break
        self._record.write(
            kind=fault.kind, target=fault.target, began=began, ended=time.time(), missed=missed
        )

    def _keep(self, processes: Mapping[str, Process]) -> None:
        """Start again what ended by itself, as its unit does."""
        while not self._over.wait(LOOK_SECONDS):
            for name, process in processes.items():
                lock = self._locks.setdefault(name, threading.Lock())
                if process.alive() or not lock.acquire(blocking=False):
                    continue
                try:
                    if not process.alive():
                        said = f"{name}, status {process.exit_status()}"
                        self.ended_by_themselves.append(said)
                        process.start()
                finally:
                    lock.release()
