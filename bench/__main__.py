"""``python -m bench [NAME ...]``: measure, and print lines ``name value unit``.

Names: microseconds, gateway_microseconds, kept_bytes, hub, gateway, round_trip; all where none
is given.
"""

import sys
from collections.abc import Callable

from bench import (
    figures,
    gateway_microseconds,
    gateway_rate,
    hub_rate,
    kept_bytes,
    microseconds,
    round_trip,
)
from bench.used import Peaks

MEASUREMENTS: dict[str, Callable[[Peaks], None]] = {
    "microseconds": microseconds.measure,
    "gateway_microseconds": gateway_microseconds.measure,
    "kept_bytes": kept_bytes.measure,
    "hub": hub_rate.measure,
    "gateway": gateway_rate.measure,
    "round_trip": round_trip.measure,
}


def main(names: list[str]) -> int:
    """Run the named measurements, or all."""
    unknown = set(names) - set(MEASUREMENTS)
    if unknown:
        figures.progress(f"There is no {', '.join(unknown)}; there is {', '.join(MEASUREMENTS)}.")
        return 2
    peaks = Peaks()
    for name in names or MEASUREMENTS:
        figures.progress(f"measuring {name}")
        MEASUREMENTS[name](peaks)
    figures.show(peaks.figures())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
