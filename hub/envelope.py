"""What travels: a message, its three identities, and its form on the wire.

Three identities are kept apart. The *request id* (sender, operation, the sender's own
reference) is what is handled once. The *transmission* (origin, boot, sequence) names one
sending of it. The business object, a booking say, has a reference of its own in the body.

They are named tuples: several are made for each message at each station, and a frozen
dataclass takes five times as long to make.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple, Self

from hub.errors import MalformedEnvelope
from hub.headers import (
    HEADER_CHARACTERS_MAX,
    NAME,
    digest,
    number,
    read_time,
    short,
    text,
    word,
    write_time,
)
from hub.trace import OURS, TRACEPARENT, TRACESTATE, read_state

ORIGIN = "lupu-origin"
BOOT = "lupu-boot"
SEQUENCE = "lupu-sequence"
ACCEPTED_AT = "lupu-accepted-at"
EXPIRES_AT = "lupu-expires-at"
SIGN_IN = "lupu-sign-in"
OPERATOR = "lupu-operator"
HOPS = "lupu-hops"
# Where the document ends and the agent's proof begins, if there is one.
DOCUMENT_BYTES = "lupu-document-bytes"
# Set by the hub alone, inside: what came from outside under this name stays behind.
CROSSED = "lupu-crossed"
BOUND_HEADERS = (
    *(ORIGIN, BOOT, SEQUENCE, ACCEPTED_AT, EXPIRES_AT, SIGN_IN, OPERATOR, HOPS),
    DOCUMENT_BYTES,
)
# Bound too, but only where there is a trace: see ``hub/sealing``.
TRACE_HEADERS = (TRACEPARENT, TRACESTATE)

# How the sender of a request begins that an agent sends.
AGENT = "agent:"

# So many of the longest names and times fit into a header, and into its column inside.
HOPS_MAX = 13

_REQUEST_ID = re.compile(
    r"(?P<sender>[a-z]{1,16}:[A-Za-z0-9._-]{1,32})/(?P<operation>[A-Za-z]{1,40})"
    r"/(?P<reference>[A-Za-z0-9._:-]{1,64})"
)


class RequestId(NamedTuple):
    """What is handled once: who asks (``kind:number``), for what, under which own reference."""

    sender: str
    operation: str
    reference: str

    def __str__(self) -> str:
        """One line: ``agent:1001/PlaceBooking/A-17``."""
        return f"{self.sender}/{self.operation}/{self.reference}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the one-line form; MalformedEnvelope where it is not one."""
        match = _REQUEST_ID.fullmatch(text)
        if match is None:
            raise MalformedEnvelope("The request id must read sender/operation/reference.")
        return cls(match["sender"], match["operation"], match["reference"])


class Transmission(NamedTuple):
    """One sending: the process that sent, its start (``boot``), a number rising by one."""

    origin: str
    boot: str
    sequence: int

    def __str__(self) -> str:
        """One line: ``gateway-1.5f2c.17``."""
        return f"{self.origin}.{self.boot}.{self.sequence}"


class Hop(NamedTuple):
    """A place a message passed and when, in UTC."""

    place: str
    at: datetime


class Wire(NamedTuple):
    """A message as a broker carries it: AMQP basic properties, headers and bytes.

    ``user_id`` is the broker account that published; the broker itself verifies it.
    ``expiration_ms`` and ``persistent`` follow from the lane. ``odd``: headers that are no text.
    """

    type: str
    message_id: str
    body: bytes
    headers: Mapping[str, str] = MappingProxyType({})
    reply_to: str = ""
    correlation_id: str = ""
    user_id: str = ""
    expiration_ms: int | None = None
    persistent: bool = True
    odd: bytes = b""


class Message(NamedTuple):
    """One message, checked.

    ``type`` is ``Name.version`` as in the map of messages; ``body`` is the XML document its
    XSD describes, in UTF-8. ``accepted_at`` and ``expires_at`` are UTC. ``correlation`` is, in
    a reply, the transmission it answers. ``operator`` is the member of staff who acted, if any.
    ``proof`` is the request as its agent signed it (``adapters.soap.proof``), if it did; on the
    wire it follows the document. ``crossed`` is the SHA-256 (hex) of the body as it crossed the
    outside broker, by the hub's word; empty where it did not cross. ``trace`` and ``trace_state``
    are its trace context (``hub.trace``), empty where it has none.
    """

    type: str
    id: RequestId
    transmission: Transmission
    accepted_at: datetime
    body: bytes
    reply_to: str = ""
    correlation: str = ""
    expires_at: datetime | None = None
    sign_in: str = ""
    operator: str = ""
    hops: tuple[Hop, ...] = ()
    crossed: str = ""
    proof: bytes = b""
    trace: str = ""
    trace_state: str = ""

    def passed(self, place: str, at: datetime) -> Self:
        """Return the message with one more hop; beyond HOPS_MAX unchanged."""
        if len(self.hops) >= HOPS_MAX:
            return self
        return self._replace(hops=(*self.hops, Hop(place, at)))


def to_wire(message: Message, *, account: str = "", persistent: bool = True) -> Wire:
    """Return the message as a broker carries it, published by ``account``."""
    headers = {
        ORIGIN: message.transmission.origin,
        BOOT: message.transmission.boot,
        SEQUENCE: str(message.transmission.sequence),
        ACCEPTED_AT: write_time(message.accepted_at),
    }
    if message.expires_at is not None:
        headers[EXPIRES_AT] = write_time(message.expires_at)
    if message.sign_in:
        headers[SIGN_IN] = message.sign_in
    if message.operator:
        headers[OPERATOR] = message.operator
    if message.hops:
        headers[HOPS] = write_hops(message.hops)
    if message.crossed:
        headers[CROSSED] = message.crossed
    if message.proof:
        headers[DOCUMENT_BYTES] = str(len(message.body))
    if message.trace:
        headers[TRACEPARENT] = message.trace
        if message.trace_state:
            headers[TRACESTATE] = message.trace_state
    return Wire(
        type=message.type,
        message_id=str(message.id),
        body=message.body + message.proof,
        headers=headers,
        reply_to=message.reply_to,
        correlation_id=message.correlation,
        user_id=account,
        persistent=persistent,
    )


def from_wire(wire: Wire) -> Message:
    """Read a message; MalformedEnvelope names the header that is missing or unreadable."""
    headers = wire.headers
    expires_at = headers.get(EXPIRES_AT)
    body, proof = wire.body, b""
    if DOCUMENT_BYTES in headers:
        length = number(headers, DOCUMENT_BYTES)
        body, proof = body[:length], body[length:]
        if not body or not proof:
            raise MalformedEnvelope("There is no document, or no proof behind it.")
    trace, trace_state = _trace(headers)
    return Message(
        wire.type,
        RequestId.parse(wire.message_id),
        transmission_of(wire),
        read_time(text(headers, ACCEPTED_AT)),
        body,
        wire.reply_to,
        wire.correlation_id,
        None if expires_at is None else read_time(expires_at),
        short(headers, SIGN_IN),
        short(headers, OPERATOR),
        read_hops(headers.get(HOPS, "")),
        digest(headers, CROSSED),
        proof,
        trace,
        trace_state,
    )


def _trace(headers: Mapping[str, str]) -> tuple[str, str]:
    trace = headers.get(TRACEPARENT)
    if trace is None:
        return "", ""  # without it the other is bound to nothing
    if OURS.fullmatch(trace) is None:
        raise MalformedEnvelope("The header traceparent is unreadable.")
    state = headers.get(TRACESTATE, "")
    if state and read_state(state) != state:
        raise MalformedEnvelope("The header tracestate is unreadable.")
    return trace, state


def transmission_of(wire: Wire) -> Transmission:
    """Return which sending a wire says it is; MalformedEnvelope where it does not say so."""
    headers = wire.headers
    return Transmission(word(headers, ORIGIN), word(headers, BOOT), number(headers, SEQUENCE))


def request_of(wire: Wire) -> str:
    """Return the request id of what may be no message at all, for a log; empty if it has none."""
    return wire.message_id if _REQUEST_ID.fullmatch(wire.message_id) else ""


def onward(
    wire: Wire,
    message: Message,
    *,
    place: str,
    at: datetime,
    persistent: bool,
    crossed: str = "",
    trace: str = "",
) -> Wire:
    """Return ``wire``, which ``from_wire`` has read as ``message``, as ``place`` sends it on.

    The same as ``to_wire`` of the message with one more hop, without writing again what was
    just read. Headers that no message has stay behind. ``crossed``: see ``Message``; ``trace``:
    that of what this place did, if it is recorded.
    """
    given = wire.headers
    headers = {name: given[name] for name in BOUND_HEADERS if name in given}
    hops = f"{given.get(HOPS, '')} {place}={write_time(at)}".lstrip()
    if len(message.hops) < HOPS_MAX and len(hops) <= HEADER_CHARACTERS_MAX:
        headers[HOPS] = hops
    if crossed:
        headers[CROSSED] = crossed
    if message.trace:
        headers[TRACEPARENT] = trace or message.trace
        if message.trace_state:
            headers[TRACESTATE] = message.trace_state
    return Wire(
        wire.type,
        wire.message_id,
        wire.body,
        headers,
        wire.reply_to,
        wire.correlation_id,
        place,
        None,
        persistent,
    )


def write_hops(hops: tuple[Hop, ...]) -> str:
    """One line: ``gateway-1=2010-05-01T01:00:00.000000+00:00 hub-1=...``."""
    return " ".join(f"{hop.place}={write_time(hop.at)}" for hop in hops)


def read_hops(text: str) -> tuple[Hop, ...]:
    """Read what ``write_hops`` wrote; MalformedEnvelope where it is something else."""
    pairs = [entry.partition("=") for entry in text.split()]
    if len(pairs) > HOPS_MAX or len(text) > HEADER_CHARACTERS_MAX:
        raise MalformedEnvelope("There are more hops than a message may have.")
    if not all(NAME.fullmatch(place) for place, _, _ in pairs):
        raise MalformedEnvelope("A hop's place is not a name.")
    return tuple(Hop(place, read_time(at)) for place, _, at in pairs)
