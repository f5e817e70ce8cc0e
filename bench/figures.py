"""What a measurement hands over: figures, printed one a line as ``name value unit``."""

import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value."""

    name: str
    value: float
    unit: str

    def __str__(self) -> str:
        """One line that a program can split at spaces."""
        digits = 0 if abs(self.value) >= 1_000 else 1 if abs(self.value) >= 10 else 3  # noqa: PLR2004
        return f"{self.name} {self.value:.{digits}f} {self.unit}"


def show(figures: Sequence[Figure]) -> None:
    """Print figures as they come; a run that is broken off keeps what it printed."""
    for figure in figures:
        print(figure, flush=True)  # noqa: T201  printing is what this is for


def settings(name: str, values: Mapping[str, object]) -> None:
    """Print the settings of one side, as a remark that no reader of figures takes for one."""
    text = ", ".join(f"{key} {value}" for key, value in values.items())
    print(f"# {name}: {text}", flush=True)  # noqa: T201  printing is what this is for


def progress(text: str) -> None:
    """Say on standard error what is going on."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201  printing is what this is for


def spread(name: str, values: Sequence[float], unit: str) -> list[Figure]:
    """Return the median of several rounds, the least and the most of them."""
    return [
        Figure(name, statistics.median(values), unit),
        Figure(f"{name}.least", min(values), unit),
        Figure(f"{name}.most", max(values), unit),
    ]
