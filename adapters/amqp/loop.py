"""The event loop that one thread runs and every connection of that thread lives on."""

import logging
import os
import threading
import time
from collections.abc import Callable

from pika.adapters.select_connection import IOLoop

from hub.errors import broken

EXIT_SOFTWARE = 70
CLOSE_POLL_SECONDS = 0.01
_log = logging.getLogger(__name__)


class Loop:
    """A thread's loop. Only ``call`` may be used from other threads."""

    def __init__(self) -> None:
        self.io = IOLoop()
        # The link that changes its connection for another: one at a time.
        self.moving: object = None
        self._calls: list[Callable[[], None]] = []
        self._lock = threading.RLock()  # a signal may arrive while it is held
        self._thread: threading.Thread | None = None

    def call(self, function: Callable[[], None]) -> None:
        """Run ``function`` soon on the loop's thread; calls keep their order.

        Many calls from many threads wake the loop once.
        """
        with self._lock:
            first = not self._calls
            self._calls.append(function)
        if first:
            self.io.add_callback_threadsafe(self._run_calls)

    def call_later(self, seconds: float, function: Callable[[], None]) -> None:
        """Run ``function`` on the loop after some seconds; from the loop's own thread only."""
        self.io.call_later(seconds, function)

    def run(self) -> None:
        """Run until ``stop``; the calling thread becomes the loop's."""
        try:
            self.io.start()
        finally:
            self.io.close()

    def stop(self) -> None:
        """End ``run`` soon; from any thread."""
        self.io.add_callback_threadsafe(self.io.stop)

    def start_thread(self, name: str) -> None:
        """Run the loop on a thread of its own; fork before this, not after."""
        self._thread = threading.Thread(target=self._run_or_end, name=name, daemon=True)
        self._thread.start()

    def end(self, closed: Callable[[], bool], seconds_max: float) -> None:
        """Stop once ``closed``, at the latest after ``seconds_max``; from another thread."""
        deadline = time.monotonic() + seconds_max
        while not closed() and time.monotonic() < deadline:
            time.sleep(CLOSE_POLL_SECONDS)
        self.stop()
        self.join(seconds_max)

    def join(self, seconds: float) -> None:
        """Wait for the thread to end."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _run_or_end(self) -> None:
        try:
            self.run()
        except BaseException as error:  # noqa: BLE001  a process without its broker thread must not go on
            _log.error("amqp.loop_failed", extra=broken(error))
            os._exit(EXIT_SOFTWARE)

    def _run_calls(self) -> None:
        with self._lock:
            calls, self._calls = self._calls, []
        for function in calls:
            function()
