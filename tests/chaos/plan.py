"""Which fault is thrown when: all that is random of it follows from the seed."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Do = Callable[[random.Random], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that can be done to a target; ``do`` returns when it is mended."""

    kind: str
    target: str
    do: Do


@dataclass(frozen=True, slots=True)
class Thrown:
    """A fault and its time; ``dice`` are thrown for how long and how much."""

    at_seconds: float
    fault: Fault
    dice: random.Random


def plan(faults: Sequence[Fault], count: int, seconds: float, seed: int) -> list[Thrown]:
    """Return so many faults over so many seconds: first each kind once, then each fault."""
    dice = random.Random(seed)
    chosen = _one_of_each_kind(faults, dice)
    while len(chosen) < count:
        chosen += dice.sample(list(faults), len(faults))
    times = sorted(dice.uniform(0, seconds) for _ in range(count))
    return [
        Thrown(at, fault, random.Random(dice.random()))
        for at, fault in zip(times, chosen, strict=False)
    ]


def _one_of_each_kind(faults: Sequence[Fault], dice: random.Random) -> list[Fault]:
    kinds: dict[str, list[Fault]] = {}
    for fault in faults:
        kinds.setdefault(fault.kind, []).append(fault)
    chosen = [dice.choice(those) for those in kinds.values()]
    return dice.sample(chosen, len(chosen))
