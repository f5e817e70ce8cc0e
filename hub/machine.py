"""What a process has of its machine: seconds, chance, and places where a thread waits.

Everything that measures a wait, throws dice or blocks takes it from here, so that a simulation
can put its own in place and run the same code, in the same order, as often as it likes.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Protocol

Monotonic = Callable[[], float]
# A number of [0, 1).
Chance = Callable[[], float]


class Box(Protocol):
    """Where one thread puts what another waits for; ``queue.SimpleQueue`` is one."""

    def put(self, item: Any) -> None:
        """Put something in; from any thread."""

    def get(self, *, timeout: float) -> Any:
        """Return the oldest, waiting for it up to ``timeout`` seconds; then ``queue.Empty``."""

    def get_nowait(self) -> Any:
        """Return the oldest; ``queue.Empty`` if there is none."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine as it is; a simulation gives another."""

    monotonic: Monotonic = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Chance = random.random
    box: Callable[[], Box] = SimpleQueue


MACHINE = Machine()
