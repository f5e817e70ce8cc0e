"""What a run shows, from its records: recovery by kind of fault, the longest stall, the table."""

import statistics
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

Line = dict[str, Any]
DONE = "DONE"
KINDS_WIDTH = 34


@dataclass
class Recoveries:
    """The seconds from each end of a kind of fault until something fresh was done at once."""

    all: list[float] = field(default_factory=list)
    alone: list[float] = field(default_factory=list)
    missed: int = 0

    def row(self, kind: str) -> str:
        """Return the line of the table."""
        cells = (_seconds(statistics.median, self.all), _seconds(max, self.all))
        alone = (_seconds(statistics.median, self.alone), _seconds(max, self.alone))
        counts = f"{len(self.all):>6}", f"{len(self.alone):>7}"
        return (
            f"{kind:<{KINDS_WIDTH}}{counts[0]}{cells[0]:>8}{cells[1]:>9}"
            f"{counts[1]}{alone[0]:>8}{alone[1]:>9}"
        )


HEAD = (
    f"{'':<{KINDS_WIDTH}}{'all':>6}{'recovered in s':>17}{'alone':>7}{'recovered in s':>17}\n"
    f"{'fault':<{KINDS_WIDTH}}{'':>6}{'median':>8}{'longest':>9}{'':>7}{'median':>8}{'longest':>9}"
)


def _seconds(of: Any, values: Sequence[float]) -> str:
    return f"{of(values):.1f}" if values else "-"


def recoveries(told: Sequence[Line], faults: Sequence[Line]) -> dict[str, Recoveries]:
    """Return how each kind of fault was recovered from.

    Alone: nothing else was at fault between its end and the recovery from it.
    """
    fresh = sorted(
        (one["at"], one["at"] + one["took"])
        for one in told
        if one["attempt"] == 1 and one["code"] == DONE
    )
    starts = [at for at, _ in fresh]
    spans = []
    for fault in faults:
        place = bisect_left(starts, fault["ended"])
        if not fault["missed"] and place < len(fresh):
            after = min(done for _, done in fresh[place : place + 20])
            spans.append((after, fault))
    found: dict[str, Recoveries] = defaultdict(Recoveries)
    for after, fault in spans:
        kind = found[_row(fault)]
        seconds = after - fault["ended"]
        kind.all.append(seconds)
        if not any(
            one is not fault and one["began"] < after and fault["ended"] < one["ended"]
            for one in faults
        ):
            kind.alone.append(seconds)
    for fault in faults:
        found[_row(fault)].missed += bool(fault["missed"])
    return dict(sorted(found.items()))


def _row(fault: Line) -> str:
    """Return under which name a fault is counted: a process's by what it is."""
    kind, target = str(fault["kind"]), str(fault["target"])
    if kind.startswith("process"):
        return kind.replace("process", target.rpartition("-")[0])
    if kind.startswith("broker"):
        return kind.replace("broker", target)
    return kind


def stall(told: Sequence[Line], began: float, ended: float) -> tuple[float, float]:
    """Return the longest time in which nothing at all was done, and when it began."""
    done = [one["at"] + one["took"] for one in told if one["code"] == DONE]
    after = min((at for at in done if at >= ended), default=ended)
    times = [began, *sorted(at for at in done if began < at < ended), after]
    return max((later - at, at) for at, later in pairwise(times))


def during(faults: Sequence[Line], began: float, ended: float) -> list[str]:
    """Return which kinds of fault there were in a time."""
    kinds = {_row(fault) for fault in faults if fault["began"] < ended and began < fault["ended"]}
    return sorted(kinds)


def counts(told: Sequence[Line]) -> dict[str, int]:
    """Return how often each code was told, the most frequent first."""
    found: dict[str, int] = defaultdict(int)
    for one in told:
        found[one["code"]] += 1
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))
