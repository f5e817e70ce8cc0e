"""Spans sent to a collector by OTLP over HTTP, from a thread of its own.

Whoever tells of a span puts it into a bounded queue and goes on: a collector that is slow or dead
costs spans, which are counted, and nothing else.
"""

import logging
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Empty, Full, Queue

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from hub.counting import from_nought
from hub.ports import Metrics
from hub.settings import Configuration, Tracing
from hub.trace import CONSUMER, INTERNAL, PRODUCER, SERVER, Context, Span

_log = logging.getLogger(__name__)

BATCH_MAX = 512
CLOSE_SECONDS = 2.0
FULL, NOT_TAKEN = "queue full", "not taken"
_SCOPE = InstrumentationScope("lupu")
_KINDS = {
    SERVER: SpanKind.SERVER,
    INTERNAL: SpanKind.INTERNAL,
    PRODUCER: SpanKind.PRODUCER,
    CONSUMER: SpanKind.CONSUMER,
}
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


class OtlpTracer:
    """Implements ``hub.trace.Tracer``; where no endpoint is set it takes no notice."""

    def __init__(self, tracing: Tracing, component: str, metrics: Metrics) -> None:
        """Send the spans of ``component`` from now on; start it after a fork."""
        self._tracing = tracing
        self._metrics = metrics
        self._resource = Resource(
            {
                "service.namespace": "lupu",
                "service.name": f"lupu-{component.rpartition('-')[0]}",
                "service.instance.id": component,
            }
        )
        self._waiting: Queue[Span] = Queue(tracing.queue_max)
        self._closing = threading.Event()
        self._away = False
        self._thread: threading.Thread | None = None
        if tracing.endpoint:
            for why in (FULL, NOT_TAKEN):
                from_nought(metrics, "lupu_spans_dropped_total", why=why)
            self._thread = threading.Thread(target=self._run, name="spans", daemon=True)
            self._thread.start()

    def told(self, span: Span) -> None:
        """Take a span, to be sent soon; where too many wait it is dropped and counted."""
        if self._thread is None:
            return
        try:
            self._waiting.put_nowait(span)
        except Full:
            self._metrics.count("lupu_spans_dropped_total", why=FULL)

    def close(self) -> None:
        """Send what waits, for as long as CLOSE_SECONDS allow."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        exporter = OTLPSpanExporter(
            self._tracing.endpoint,
            certificate_file=_file(self._tracing.authority),
            timeout=self._tracing.timeout_seconds,
        )
        closing = False
        while not closing:
            closing = self._closing.wait(self._tracing.send_seconds)
            while batch := self._batch():
                self._send(exporter, batch)

    def _batch(self) -> Sequence[ReadableSpan]:
        batch: list[ReadableSpan] = []
        try:
            while len(batch) < BATCH_MAX:
                batch.append(self._readable(self._waiting.get_nowait()))
        except Empty:
            pass
        return batch

    def _send(self, exporter: OTLPSpanExporter, batch: Sequence[ReadableSpan]) -> None:
        try:
            sent = exporter.export(batch) is SpanExportResult.SUCCESS
        except OSError:  # as every error of the library that dials
            sent = False
        if sent:
            self._metrics.count("lupu_spans_sent_total", len(batch))
        else:
            self._metrics.count("lupu_spans_dropped_total", len(batch), why=NOT_TAKEN)
        if self._away is sent:
            self._away = not sent
            if sent:
                _log.info("tracing.back")
            else:
                _log.warning("tracing.away", extra={"endpoint": self._tracing.endpoint})

    def _readable(self, span: Span) -> ReadableSpan:
        return ReadableSpan(
            span.name,
            context=_named(span.context, is_remote=False),
            parent=_named(Context.of(span.parent), is_remote=True) if span.parent else None,
            resource=self._resource,
            attributes=dict(span.facts),
            links=[Link(_named(Context.of(link), is_remote=True)) for link in span.links],
            kind=_KINDS[span.kind],
            status=Status(StatusCode.ERROR if span.failed else StatusCode.UNSET),
            start_time=_nanoseconds(span.began_at),
            end_time=_nanoseconds(span.ended_at),
            instrumentation_scope=_SCOPE,
        )


def tracer_of(configuration: Configuration, metrics: Metrics) -> OtlpTracer:
    """Return the tracer of a component, as its ``[tracing]`` says."""
    return OtlpTracer(configuration.read(Tracing), configuration.name, metrics)


def _named(context: Context, *, is_remote: bool) -> SpanContext:
    return SpanContext(
        int(context.trace_id, 16),
        int(context.span_id, 16),
        is_remote,
        TraceFlags(TraceFlags.SAMPLED),
    )


def _nanoseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND * 1_000


def _file(path: Path) -> str | None:
    return None if path == Path() else str(path)
