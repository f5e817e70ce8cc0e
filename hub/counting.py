"""Counters that are watched begin at nought, or nobody would see how the first one came about."""

from hub.ports import Metrics


def from_nought(metrics: Metrics, *names: str, **labels: str) -> None:
    """Begin counters before anything is counted.

    Prometheus sees an increase between two values: a counter that is first seen at one, has not
    increased.
    """
    for name in names:
        metrics.count(name, 0, **labels)
