"""When something that is done now and then is due again."""

import random

from hub.machine import Chance
from hub.ports import Clock

SPREAD = 0.2


class Due:
    """Due at once, and again some ``seconds`` after it was taken up; for one thread."""

    def __init__(
        self, clock: Clock, seconds: float, *, spread: float = 0.0, chance: Chance = random.random
    ) -> None:
        """``spread``: earlier or later by up to this share, so that several do not coincide."""
        self._clock = clock
        self._seconds = seconds
        self._spread, self._chance = spread, chance
        self._at = float("-inf")

    def __call__(self) -> bool:
        """Return whether it is due; whoever is told so takes it up."""
        now = self._clock.monotonic()
        if now < self._at:
            return False
        share = 1 + self._spread * (2 * self._chance() - 1)
        self._at = now + self._seconds * share
        return True

    def at_once(self) -> None:
        """Be due again at the next look: not all is done, or it could not be."""
        self._at = float("-inf")
