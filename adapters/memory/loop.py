"""A loop of one thread in place of the brokers' event loop."""

import threading
import time
from collections import deque
from collections.abc import Callable


class MemoryLoop:
    """A loop of one thread; ``pump`` runs it by hand, ``start_thread`` by itself."""

    def __init__(self) -> None:
        self._calls: deque[Callable[[], None]] = deque()
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._wake = threading.Condition()
        self._stopping = False

    def call(self, function: Callable[[], None]) -> None:
        """Run ``function`` soon, in the order of the calls; from any thread."""
        with self._wake:
            self._calls.append(function)
            self._wake.notify()

    def call_later(self, seconds: float, function: Callable[[], None]) -> None:
        """Run ``function`` after some seconds of real time."""
        with self._wake:
            self._later.append((time.monotonic() + seconds, function))
            self._wake.notify()

    def pump(self) -> None:
        """Run everything that is due until nothing is."""
        while (function := self._due()) is not None:
            function()

    def run(self) -> None:
        """Run until ``stop``."""
        while not self._stopping:
            self.pump()
            with self._wake:
                if not self._calls and not self._stopping:
                    self._wake.wait(0.05)

    def stop(self) -> None:
        """End ``run`` soon."""
        with self._wake:
            self._stopping = True
            self._wake.notify()

    def start_thread(self, name: str) -> None:
        """Run on a daemon thread."""
        threading.Thread(target=self.run, name=name, daemon=True).start()

    def _due(self) -> Callable[[], None] | None:
        with self._wake:
            now = time.monotonic()
            for entry in self._later:
                if entry[0] <= now:
                    self._later.remove(entry)
                    return entry[1]
            return self._calls.popleft() if self._calls else None
