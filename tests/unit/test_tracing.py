"""Spans reach a collector as OTLP says, and a collector that does not take them hurts nobody."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Sent
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from adapters.tracing import OtlpTracer
from deploy.local.ports import free_port
from hub.settings import Tracing
from hub.trace import PRODUCER, Context, Span
from tests.contract.transports import until
from tests.servers.collector import Collector, collecting
from tests.unit.hub_world import CountedMetrics
from tests.unit.test_trace import PARENT, SPAN, TRACE

BEGAN = datetime(2010, 5, 1, 1, 2, 3, 4, tzinfo=UTC)
CHILD = "00f067aa0ba902b8"
# On a busy machine a thread waits for its turn; whoever waited for a collector would wait longer.
TOLD_SECONDS_MAX = 1.0
FULL = "lupu_spans_dropped_total queue full"


def span(*, parent: str = PARENT, failed: bool = False) -> Span:
    """Return a span of three milliseconds."""
    context = Context(TRACE, CHILD, sampled=True)
    end = BEGAN + timedelta(milliseconds=3)
    facts: dict[str, str | int] = {"lupu.request": "agent:1001/PlaceBooking/A-1", "n": 3}
    return Span("hub cross", PRODUCER, context, parent, BEGAN, end, facts, (PARENT,), failed)


@pytest.fixture
def collector() -> Iterator[Collector]:
    """Offer a collector that decodes what it gets."""
    with collecting() as running:
        yield running


@contextmanager
def tracer(endpoint: str, metrics: CountedMetrics, queue_max: int = 100) -> Iterator[OtlpTracer]:
    """Run a tracer that sends at once."""
    tracing = Tracing(endpoint, queue_max=queue_max, send_seconds=0.02, timeout_seconds=1.5)
    running = OtlpTracer(tracing, "hub-1", metrics)
    try:
        yield running
    finally:
        running.close()


def test_a_span_arrives_as_it_was_told(collector: Collector) -> None:
    """Ids, parent, link, times, kind, facts, and whose it is come out at the other end."""
    metrics = CountedMetrics()
    with tracer(collector.endpoint, metrics) as running:
        running.told(span())
        assert until(lambda: bool(collector.spans))
    ((resource, sent),) = collector.spans
    assert resource == {
        "service.namespace": "lupu",
        "service.name": "lupu-hub",
        "service.instance.id": "hub-1",
    }
    ids = (sent.trace_id.hex(), sent.span_id.hex(), sent.parent_span_id.hex())
    assert ids == (TRACE, CHILD, SPAN)
    assert [link.span_id.hex() for link in sent.links] == [SPAN]
    assert (sent.name, sent.kind) == ("hub cross", Sent.SPAN_KIND_PRODUCER)
    assert sent.start_time_unix_nano == 1_272_675_723_000_004_000
    assert sent.end_time_unix_nano - sent.start_time_unix_nano == 3_000_000
    assert sent.status.code == Status.STATUS_CODE_UNSET
    assert collector.facts(sent) == {"lupu.request": "agent:1001/PlaceBooking/A-1", "n": 3}


def test_one_that_began_here_has_no_parent_and_one_that_failed_says_so(
    collector: Collector,
) -> None:
    """A root has no parent; a failure has its status."""
    with tracer(collector.endpoint, CountedMetrics()) as running:
        running.told(span(parent="", failed=True))
        assert until(lambda: bool(collector.spans))
    ((_, sent),) = collector.spans
    assert sent.parent_span_id == b""
    assert sent.status.code == Status.STATUS_CODE_ERROR


def test_what_waits_is_sent_when_a_process_ends(collector: Collector) -> None:
    """Closing sends what was told just before."""
    tracing = Tracing(collector.endpoint, send_seconds=60)
    running = OtlpTracer(tracing, "hub-1", CountedMetrics())
    for _ in range(600):
        running.told(span())
    running.close()
    assert len(collector.spans) == 600


@pytest.mark.parametrize("answers", ["nobody", "late", "no"])
def test_a_collector_that_does_not_take_them_costs_spans_and_nothing_else(
    collector: Collector, answers: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Dead, slow or refusing: whoever tells never waits, and each span lost is counted."""
    caplog.set_level(logging.INFO)
    collector.answers = answers
    endpoint = collector.endpoint
    if answers == "nobody":
        endpoint = f"http://127.0.0.1:{free_port()}/v1/traces"
    metrics = CountedMetrics()
    with tracer(endpoint, metrics, queue_max=10) as running:
        longest = 0.0
        for _ in range(1_000):
            began = time.perf_counter()
            running.told(span())
            longest = max(longest, time.perf_counter() - began)
        assert longest < TOLD_SECONDS_MAX
        assert until(lambda: metrics.counts.get("lupu_spans_dropped_total not taken", 0) > 0)
        collector.answers = "yes"
        if answers != "nobody":
            assert until(lambda: _comes_back(running, metrics))
    told = 1_000 + metrics.counts.get("lupu_spans_sent_total", 0)
    assert 0 < metrics.counts[FULL] <= told
    events = [record.message for record in caplog.records if record.name == "adapters.tracing"]
    assert events == ["tracing.away", "tracing.back"][: len(events)]
    assert len(events) == (1 if answers == "nobody" else 2)


def _comes_back(running: OtlpTracer, metrics: CountedMetrics) -> bool:
    running.told(span())
    return metrics.counts.get("lupu_spans_sent_total", 0) > 0


def test_without_an_endpoint_nothing_is_kept() -> None:
    """Switched off it takes no notice and starts no thread."""
    metrics = CountedMetrics()
    running = OtlpTracer(Tracing(), "hub-1", metrics)
    for _ in range(10_000):
        running.told(span())
    running.close()
    assert not metrics.counts
    assert running._waiting.empty()
