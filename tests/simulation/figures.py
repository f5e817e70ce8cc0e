"""What many runs came to, in lines "name value"."""

from collections import Counter
from collections.abc import Iterator

from tests.simulation.chaos import KINDS, MORE, POINTS
from tests.simulation.run import Result

DAY_SECONDS = 86_400.0


class Figures:
    """Adds up results."""

    def __init__(self) -> None:
        self.seeds = 0
        self.failed: list[Result] = []
        self.kinds: Counter[str] = Counter()
        self.points: Counter[str] = Counter()
        self._sums: Counter[str] = Counter()
        self._seconds = 0.0

    def add(self, result: Result) -> None:
        """Count a run in; of its trace nothing is kept unless it failed."""
        self.seeds += 1
        self.kinds.update(result.kinds)
        self.points.update(result.points)
        self._sums.update(result.figures, steps=result.steps)
        self._seconds += result.seconds
        if result.faults:
            self.failed.append(result)

    def never(self) -> list[str]:
        """Return the kinds of trouble and the crash points that no run has met.

        Of the rare crash points a run of many seeds tells: its figures name each.
        """
        return [kind for kind in KINDS if not self.kinds[kind]] + [
            point for point in POINTS if not self.points[point] and not point.startswith(MORE)
        ]

    def sum(self, name: str) -> int:
        """Return one of the sums."""
        return self._sums[name]

    def lines(self) -> Iterator[str]:
        """Yield every figure."""
        yield f"seeds {self.seeds}"
        for name, value in sorted(self._sums.items()):
            yield f"{name} {value}"
        yield f"virtual_days {self._seconds / DAY_SECONDS:.1f}"
        for kind in KINDS:
            yield f"fault.{kind} {self.kinds[kind]}"
        for point in POINTS:
            yield f"crash.{point} {self.points[point]}"
        yield f"failures {len(self.failed)}"
