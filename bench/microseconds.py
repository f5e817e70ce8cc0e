"""Where each microsecond of a message in the hub goes: every step by itself, on one core.

The steps are the hub's own functions, fed with the frames of real bookings. ``rest`` is what
a hub process uses beyond them when it moves messages: TLS, sockets, the kernel, the loop.
"""

import statistics
import struct
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from adapters.admission import KnownAgents, agents_snapshot
from adapters.amqp import reading, writing
from adapters.amqp.frames import HEAD
from adapters.clock import SystemClock
from adapters.metrics import PrometheusMetrics
from adapters.xml import Schemas
from adapters.xml.parsing import parse
from bench import figures
from bench.bookings import LINES, LINES_MANY, wire
from bench.figures import Figure
from bench.used import Peaks
from hub.envelope import Message, Wire, from_wire, onward
from hub.guard import OUTSIDE, Guard
from hub.messages import (
    INWARD_EXCHANGE,
    TICKETING,
    Direction,
    Lane,
    outside_queue,
)
from hub.ports import Address
from hub.rates import AcceptedRates
from tests.servers.keys import Keys
from tests.servers.known import agent, agents_document

MESSAGES = 1_000
ROUNDS = 15
GATEWAY, HUB = "gateway-1", "hub-1"
FRAME_BYTES_MAX = 131_072
ELEMENT = f"{{{TICKETING}}}PlaceBooking"
TO = Address(INWARD_EXCHANGE, "ticketing.requests")
T = TypeVar("T")
_DELIVER = struct.Struct(">HHB1sQB")


class _NoContracts:
    """Takes every body: what the guard costs without it."""

    def check(self, element: str, body: bytes) -> None:
        """Do nothing."""

    def digest(self, element: str, body: bytes) -> str:
        """Return nothing."""
        return f"{element}{len(body)}"


def measure(_peaks: Peaks) -> None:
    """Time each step over the same messages, and print the median of several rounds."""
    figures.settings("hub.us", {"messages": MESSAGES, "rounds": ROUNDS, "processes": 1})
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        keys = Keys(Path(folder), reload_seconds=60).make()
        for lines in (LINES, LINES_MANY):
            suffix = "" if lines == LINES else f".lines{lines}"
            for name, microseconds in _steps(keys, lines).items():
                figures.show([Figure(f"hub.us.{name}{suffix}", microseconds, "us/message")])


def _steps(keys: Keys, lines: int) -> dict[str, float]:
    wires = [wire(number + 1, GATEWAY, lines) for number in range(MESSAGES)]
    sealed = [keys.seal(one, GATEWAY) for one in wires]
    opener, route = keys.of(HUB).opener, outside_queue(Lane.REQUESTS)
    bodies = [one.body for one in wires]
    schemas, clock, metrics = Schemas(), SystemClock(), PrometheusMetrics()
    guard = Guard(Direction.INWARD, (Lane.REQUESTS,), _NoContracts(), clock, OUTSIDE)
    known = _known(schemas, metrics)
    messages = [from_wire(one) for one in wires]
    # An agent's rate counts each message once, so that every round needs others.
    rounds = [[_numbered(one, number) for one in messages] for number in range(ROUNDS)]

    def send_on() -> None:
        for one, message in zip(wires, messages, strict=True):
            onward(one, message, place=HUB, at=clock.now(), persistent=True)

    def count() -> None:
        for _ in wires:
            metrics.count("lupu_channel_moved_total", channel="inward.requests")

    return {
        "read_frames": _time(partial(_read, [_delivered(one) for one in sealed])),
        "open_seal": _time(partial(_each, lambda one: opener.open(one, route), sealed)),
        "crossed": _time(partial(_each, lambda one: sha256(one.body).hexdigest(), sealed)),
        "guard_headers": _time(partial(_each, guard.check, wires)),
        "guard_agents": _time(lambda: _each(partial(_admit, known, clock), rounds.pop())),
        "guard_parse": _time(partial(_each, parse, bodies)),
        "guard_validate": _time(partial(_each, schemas.validate, [parse(b) for b in bodies])),
        "send_on": _time(send_on),
        "write_frames": _time(partial(_each, _write, wires)),
        "count": _time(count),
    }


def _known(schemas: Schemas, metrics: PrometheusMetrics) -> KnownAgents:
    snapshot = agents_snapshot(schemas, SystemClock(), metrics)
    password = {"Salt": "00", "Verifier": "00"}
    snapshot.offer(agents_document(agent("1001", Password=[password])))
    return KnownAgents(snapshot, schemas, metrics, rates=AcceptedRates(10, 86_400))


def _numbered(message: Message, number: int) -> Message:
    return message._replace(transmission=message.transmission._replace(boot=f"b{number}"))


def _admit(known: KnownAgents, clock: SystemClock, message: Message) -> None:
    """Ask what the guard asks of an agent's message that is not signed."""
    known.admit(message, clock.now())


def _time(step: Callable[[], None]) -> float:
    found = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        step()
        found.append((time.perf_counter() - began) / MESSAGES * 1e6)
    return statistics.median(found)


def _each(step: Callable[[T], object], values: Sequence[T]) -> None:
    for value in values:
        step(value)


def _write(one: Wire) -> bytes:
    return writing.publish(1, TO, one, 1_000_000, FRAME_BYTES_MAX)


def _read(deliveries: list[tuple[bytes, int]]) -> None:
    for frames, stop in deliveries:
        reading.delivery(frames, 0, stop)


def _delivered(one: Wire) -> tuple[bytes, int]:
    """Return the frames of a delivery, and where its method frame ends."""
    published = _write(one)
    header = HEAD.unpack_from(published)[2] + HEAD.size + 1
    method = _DELIVER.pack(60, 60, 1, b"c", 1, 0) + b"\x06inward\x08requests"
    frames = HEAD.pack(1, 1, len(method)) + method + b"\xce"
    return frames + published[header:], len(frames)
