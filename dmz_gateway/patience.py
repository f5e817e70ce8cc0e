"""A broker that is away for a moment is waited for: another node of it answers soon."""

import threading
from collections.abc import Callable

from hub.machine import MACHINE, Machine
from hub.messages import Lane

POLL_SECONDS = 0.02
PAUSE_SECONDS = 0.2


class Patience:
    """Waits up to ``seconds`` from when the broker was first found away, and no longer.

    So the first requests wait, and while it stays away all others are refused at once. The same
    holds, for each lane, where the broker is there and does not take what is sent: its queue may
    be between two leaders, or full.
    """

    def __init__(
        self, ready: Callable[[], bool], seconds: float, machine: Machine = MACHINE
    ) -> None:
        """``ready``: whether the broker is there now."""
        self._ready = ready
        self._seconds = seconds
        self._machine = machine
        self._lock = threading.Lock()
        self._until: float | None = None
        self._not_taken_since: dict[Lane, float] = {}

    @property
    def any(self) -> bool:
        """Whether it waits at all."""
        return self._seconds > 0

    def ready(self) -> bool:
        """Return whether the broker is there, or comes back in time."""
        while not self._ready():
            if self._machine.monotonic() >= self._deadline():
                return False
            self._machine.sleep(POLL_SECONDS)
        self._until = None
        return True

    def again(self, lane: Lane) -> bool:
        """Return whether to send again what was not taken on ``lane``; waits for a moment."""
        now = self._machine.monotonic()
        if now - self._not_taken_since.setdefault(lane, now) >= self._seconds:
            return False
        self._machine.sleep(PAUSE_SECONDS)
        return self.ready()

    def taken(self, lane: Lane) -> None:
        """Note that something was taken on ``lane``: what is not, from now on, may wait anew."""
        self._not_taken_since.pop(lane, None)

    def _deadline(self) -> float:
        with self._lock:
            if self._until is None:
                self._until = self._machine.monotonic() + self._seconds
            return self._until
