"""Messages that nobody can judge yet: looked at again each second, for a short while."""

from collections.abc import Callable
from typing import NamedTuple

from hub.ports import Delivery

# What is published is known to every hub within a second; after a broken connection, within a few.
UNDECIDED_SECONDS = 5.0


class _Held(NamedTuple):
    delivery: Delivery
    until: float


class Undecided:
    """Holds deliveries, unacknowledged, while others go on: a bounded number, each for
    UNDECIDED_SECONDS, for whoever has a gateway could otherwise stop a lane with them.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._held: dict[int, _Held] = {}
        self._looked_at: dict[int, _Held] = {}

    def may_wait(self, delivery: Delivery, held_max: int) -> bool:
        """Hold a delivery; False where it has been held for long, or there are too many."""
        now = self._monotonic()
        before = self._looked_at.pop(delivery.tag, None)
        held = before or _Held(delivery, now + UNDECIDED_SECONDS)
        if now >= held.until or len(self._held) >= held_max:
            return False
        self._held[delivery.tag] = held
        return True

    def take(self) -> list[Delivery]:
        """Let go of all that is held, to be looked at again; the first held first."""
        self._looked_at, self._held = self._held, {}
        return [held.delivery for held in self._looked_at.values()]

    def forget(self) -> None:
        """Let go of all that is held: every delivery is given back, and comes again."""
        self._held, self._looked_at = {}, {}
