"""A collector of spans: a real HTTP server that decodes what OTLP clients send."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from deploy.local.ports import LOOPBACK

Facts = dict[str, str | int]
LATE_SECONDS = 3.0
_STATUSES = {"yes": 200, "no": 400}


class Collector:
    """What has come, each span with whose it is; ``answers``: yes, no (400) or late."""

    def __init__(self) -> None:
        self.spans: list[tuple[Facts, Span]] = []
        self.bytes = b""
        self.answers = "yes"
        self.endpoint = ""
        self.ended = threading.Event()

    def take(self, body: bytes) -> int:
        """Decode a request; return the status of its answer."""
        if self.answers == "late":
            self.ended.wait(LATE_SECONDS)
        status = _STATUSES.get(self.answers, 200)
        if status == _STATUSES["yes"]:
            self.bytes += body
            for group in ExportTraceServiceRequest.FromString(body).resource_spans:
                owner = _read(group.resource.attributes)
                for scope in group.scope_spans:
                    self.spans += [(owner, span) for span in scope.spans]
        return status

    @staticmethod
    def facts(span: Span) -> Facts:
        """Return a span's attributes."""
        return _read(span.attributes)


@contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector until the block ends."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = collector.take(body)
            try:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()
            except OSError:  # whoever asked did not wait for it
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer((LOOPBACK, 0), Handler) as server:
        server.daemon_threads = True
        collector.endpoint = f"http://{LOOPBACK}:{server.server_port}/v1/traces"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield collector
        finally:
            collector.ended.set()
            server.shutdown()
            thread.join()


def _read(attributes: Iterable[KeyValue]) -> Facts:
    return {one.key: _value(one.value) for one in attributes}


def _value(value: AnyValue) -> str | int:
    return value.int_value if value.WhichOneof("value") == "int_value" else value.string_value
