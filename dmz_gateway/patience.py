"""A broker that is away for a moment is waited for: another node of it answers soon."""

import threading
import time
from collections.abc import Callable

POLL_SECONDS = 0.02


class Patience:
    """Waits up to ``seconds`` from when the broker was first found away, and no longer.

    So the first requests wait, and while it stays away all others are refused at once.
    """

    def __init__(self, ready: Callable[[], bool], seconds: float) -> None:
        """``ready``: whether the broker is there now."""
        self._ready = ready
        self._seconds = seconds
        self._lock = threading.Lock()
        self._until: float | None = None

    @property
    def any(self) -> bool:
        """Whether it waits at all."""
        return self._seconds > 0

    def ready(self) -> bool:
        """Return whether the broker is there, or comes back in time."""
        while not self._ready():
            if time.monotonic() >= self._deadline():
                return False
            time.sleep(POLL_SECONDS)
        self._until = None
        return True

    def _deadline(self) -> float:
        with self._lock:
            if self._until is None:
                self._until = time.monotonic() + self._seconds
            return self._until
