"""How long to wait before the next try: longer each time, and never for two at one instant."""

import random

from hub.machine import Chance

_DOUBLINGS_MAX = 16


class Backoff:
    """Doubles from ``seconds_first`` up to ``seconds_max``, less up to half of it by chance.

    Chance keeps many processes from trying in one instant what comes back.
    """

    def __init__(
        self, seconds_first: float, seconds_max: float, chance: Chance = random.random
    ) -> None:
        self.failures = 0
        self._chance = chance
        self._seconds_first = seconds_first
        self._seconds_max = seconds_max

    def next_seconds(self) -> float:
        """Count one more failure and return how long to wait."""
        doubled = self._seconds_first * 2.0 ** min(self.failures, _DOUBLINGS_MAX)
        self.failures += 1
        return min(self._seconds_max, doubled) * (0.5 + self._chance() / 2)

    def reset(self) -> None:
        """Begin anew, after a success."""
        self.failures = 0
