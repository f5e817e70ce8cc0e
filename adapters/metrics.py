"""Metrics for Prometheus, on a registry and a loopback address of the process's own."""

import threading
from collections.abc import Callable
from typing import TypeVar
from wsgiref.simple_server import WSGIServer

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    start_http_server,
)

from hub import settings
from hub.errors import SettingsError

Series = TypeVar("Series", Counter, Gauge, Histogram)

# Seconds: from a confirm on loopback to the longest wait that any setting allows.
BUCKETS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class PrometheusMetrics:
    """Implements ``hub.ports.Metrics``; a series is made when it is first spoken of.

    The label names of a series are those of its first use.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
        # A series with its labels is found here at once; prometheus_client builds a key anew.
        self._counted: dict[tuple[object, ...], Counter] = {}
        self._observed: dict[tuple[object, ...], Histogram] = {}
        self._lock = threading.Lock()

    def count(self, name: str, by: int = 1, **labels: str) -> None:
        """Add to a counter."""
        key = (name, *labels.items())
        counter = self._counted.get(key)
        if counter is None:
            series = self._of(self._counters, name, lambda: self._counter(name, labels))
            counter = self._counted[key] = series.labels(**labels) if labels else series
        counter.inc(by)

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Add an observation to a histogram (seconds)."""
        key = (name, *labels.items())
        histogram = self._observed.get(key)
        if histogram is None:
            series = self._of(self._histograms, name, lambda: self._histogram(name, labels))
            histogram = self._observed[key] = series.labels(**labels) if labels else series
        histogram.observe(value)

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        series = self._of(self._gauges, name, lambda: self._gauge(name, labels))
        (series.labels(**labels) if labels else series).set(value)

    def gauge_of(self, name: str, ask: Callable[[], float], **labels: str) -> None:
        """Have a gauge say what ``ask`` returns whenever somebody looks."""
        series = self._of(self._gauges, name, lambda: self._gauge(name, labels))
        (series.labels(**labels) if labels else series).set_function(ask)

    def serve(self, where: settings.Metrics) -> "MetricsServer":
        """Answer Prometheus from a thread; port 0 serves nothing."""
        if not where.port:
            return MetricsServer()
        try:
            return MetricsServer(start_http_server(where.port, where.host, self.registry))
        except OSError as error:
            raise SettingsError(
                f"[metrics] port {where.port} on {where.host} cannot be listened on "
                f"({error.strerror}): choose another."
            ) from error

    def _of(self, series: dict[str, Series], name: str, make: Callable[[], Series]) -> Series:
        found = series.get(name)
        if found is None:
            with self._lock:
                found = series.get(name)
                if found is None:
                    found = series[name] = make()
        return found

    def _counter(self, name: str, labels: dict[str, str]) -> Counter:
        return Counter(name, _help(name), list(labels), registry=self.registry)

    def _gauge(self, name: str, labels: dict[str, str]) -> Gauge:
        return Gauge(name, _help(name), list(labels), registry=self.registry)

    def _histogram(self, name: str, labels: dict[str, str]) -> Histogram:
        return Histogram(
            name, _help(name), list(labels), registry=self.registry, buckets=BUCKETS_SECONDS
        )


class MetricsServer:
    """The thread that answers Prometheus, until ``close``."""

    def __init__(self, served: tuple[WSGIServer, threading.Thread] | None = None) -> None:
        self._served = served

    def close(self) -> None:
        """Stop answering and free the port."""
        if self._served is not None:
            server, thread = self._served
            server.shutdown()
            server.server_close()
            thread.join()


def _help(name: str) -> str:
    return name.removeprefix("lupu_").replace("_", " ")
