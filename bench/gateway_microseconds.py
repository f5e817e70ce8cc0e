"""Where each microsecond of a request in the gateway goes: its own steps, on one idle core.

The whole gateway runs here, in this process, but for the WSGI server in front and the broker
behind: a message is written as the frames that publish it, and counts as confirmed. The steps
are those that ``gateway.answered`` says in the log of every gateway.
"""

import io
import logging
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from adapters.amqp import writing
from adapters.clock import SystemClock
from adapters.metrics import PrometheusMetrics
from adapters.soap.wsdl import PATH
from adapters.xml import Schemas
from bench import figures, snapshots
from bench.figures import Figure
from bench.soap import REFERENCE, Asking
from bench.used import Peaks
from dmz_gateway.replies import Expected
from dmz_gateway.served import Parts, Served
from dmz_gateway.settings import Gateway
from hub.envelope import Wire
from hub.ports import Address, Published
from tests.servers.keys import Keys

REQUESTS = 3_000
WARM_UP = 300
FRAME_BYTES_MAX = 131_072
NAME = "gateway-1"
# As the log calls them, and as the figures do.
STEPS = {
    "read_ms": "read",
    "parsed_ms": "parse",
    "signed_in_ms": "sign_in",
    "checked_ms": "validate",
    "asked_ms": "message_and_frames",
}
_LOGGER = "dmz_gateway.agents.endpoint"


class _Framed:
    """``dmz_gateway.replies.Requests`` that writes frames for nobody and says CONFIRMED."""

    def ready(self) -> bool:
        return True

    def send(
        self, to: Address, wire: Wire, ended: Callable[[Published], None] = lambda _: None
    ) -> Published:
        writing.publish(1, to, wire, 1_000_000, FRAME_BYTES_MAX)
        ended(Published.CONFIRMED)
        return Published.CONFIRMED

    def expect(self, correlation: str) -> AbstractContextManager[Expected]:
        raise AssertionError(f"Nobody waits for {correlation}: the reply wait is 0.")


class _Answered(logging.Handler):
    """Keeps the facts that the gateway logs of each answer."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.facts: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.facts.append(vars(record))


def measure(_peaks: Peaks) -> None:
    """Ask the gateway one request after the other; print the median of each step."""
    figures.settings("gateway.us", {"requests": REQUESTS, "processes": 1, "threads": 1})
    with tempfile.TemporaryDirectory(prefix="bench-") as name, _answered() as answered:
        served = _served(Path(name))
        for _ in range(WARM_UP):
            _ask(served)
        answered.facts.clear()
        totals = [_ask(served) for _ in range(REQUESTS)]
    rest = statistics.median(totals)
    for logged, step in STEPS.items():
        microseconds = statistics.median(facts[logged] for facts in answered.facts) * 1e3
        figures.show([Figure(f"gateway.us.{step}", microseconds, "us/request")])
        rest -= microseconds
    figures.show([Figure("gateway.us.answer_log_and_count", rest, "us/request")])


@contextmanager
def _answered() -> Iterator[_Answered]:
    logger, handler = logging.getLogger(_LOGGER), _Answered()
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield handler
    finally:
        logger.removeHandler(handler)


def _served(folder: Path) -> Served:
    snapshots.write(folder / "snapshots")
    sealed = Keys(folder / "sealing").make().of(NAME)
    settings = Gateway(
        socket=folder / "1.sock",
        snapshots=folder / "snapshots",
        replays=folder / "replays",
        public_url="http://localhost:1",
        reply_wait_seconds=0.0,
    )
    return Served(
        Parts(
            name=NAME,
            boot="bench",
            settings=settings,
            schemas=Schemas(),
            clock=SystemClock(),
            metrics=PrometheusMetrics(),
            requests=_Framed(),
            sealer=sealed.sealer,
            opener=sealed.opener,
            readers=sealed.requests_for,
        )
    )


def _ask(served: Served) -> float:
    """Return how many microseconds an answer took; AssertionError where it is a fault."""
    text = Asking("", snapshots.PASSWORD).request()
    body = text.replace(REFERENCE, secrets.token_hex(8)).encode()
    said: list[str] = []

    def start(status: str, _headers: object, _error: object = None, /) -> Callable[..., object]:
        said.append(status)
        return said.append

    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": PATH,
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": "text/xml; charset=utf-8",
        "HTTP_SOAPACTION": '""',
        "wsgi.input": io.BytesIO(body),
    }
    began = time.perf_counter()
    b"".join(served.wsgi(environ, start))
    took = time.perf_counter() - began
    if said != ["200 OK"]:
        raise AssertionError(f"The gateway answered {said}.")
    return took * 1e6
