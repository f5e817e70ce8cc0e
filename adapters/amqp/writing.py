"""Writing: the frames that publish one message, as one run of bytes."""

import struct
from collections.abc import Mapping
from functools import lru_cache

from adapters.amqp.frames import (
    BODY,
    CONTENT,
    CONTENT_TYPE,
    END,
    FLAGS,
    FRAME_BYTES,
    HEAD,
    HEADER,
    LONG,
    METHOD,
    PERSISTENT,
    TRANSIENT,
)
from hub.envelope import BOUND_HEADERS, CROSSED, TRACE_HEADERS, Wire
from hub.ports import Address

_BASIC_PUBLISH = struct.pack(">HHH", 60, 40, 0)
_MANDATORY = b"\x01"
_FRAME_END = bytes((END,))
_BYTES = [bytes((number,)) for number in range(256)]
_ALWAYS = sum(
    FLAGS[name]
    for name in ("content_type", "headers", "delivery_mode", "message_id", "type", "app_id")
)
_CORRELATION, _REPLY_TO = FLAGS["correlation_id"], FLAGS["reply_to"]
_EXPIRATION, _USER_ID = FLAGS["expiration"], FLAGS["user_id"]


def publish(channel: int, to: Address, wire: Wire, number: int, frame_bytes_max: int) -> bytes:
    """Return the frames that publish ``wire``, mandatory.

    ``number`` travels as application id: a returned message comes without its delivery tag,
    and must be known from its confirm.
    """
    flags, properties = _properties(wire, number)
    body = wire.body
    pieces = [
        _method(channel, to.exchange, to.routing_key),
        HEAD.pack(HEADER, channel, CONTENT.size + len(properties)),
        CONTENT.pack(60, 0, len(body), flags),
        properties,
        _FRAME_END,
    ]
    room = frame_bytes_max - FRAME_BYTES
    if 0 < len(body) <= room:
        pieces += (HEAD.pack(BODY, channel, len(body)), body, _FRAME_END)
        return b"".join(pieces)
    for start in range(0, len(body), room):
        part = body[start : start + room]
        pieces += (HEAD.pack(BODY, channel, len(part)), part, _FRAME_END)
    return b"".join(pieces)


@lru_cache(maxsize=256)
def _method(channel: int, exchange: str, routing_key: str) -> bytes:
    payload = _BASIC_PUBLISH + _short(exchange) + _short(routing_key) + _MANDATORY
    return HEAD.pack(METHOD, channel, len(payload)) + payload + _FRAME_END


def _properties(wire: Wire, number: int) -> tuple[int, bytes]:
    flags = _ALWAYS
    correlation = reply_to = expiration = user_id = b""
    if wire.correlation_id:
        flags |= _CORRELATION
        correlation = _short(wire.correlation_id)
    if wire.reply_to:
        flags |= _REPLY_TO
        reply_to = _known(wire.reply_to)
    if wire.expiration_ms is not None:
        flags |= _EXPIRATION
        expiration = _known(str(wire.expiration_ms))
    if wire.user_id:
        flags |= _USER_ID
        user_id = _known(wire.user_id)
    table = _table(wire.headers)
    mode = _BYTES[PERSISTENT if wire.persistent else TRANSIENT]
    before = (_XML, LONG.pack(len(table)), table, mode, correlation, reply_to, expiration)
    after = (_short(wire.message_id), _known(wire.type), user_id, _short(str(number)))
    return flags, b"".join(before + after)


def _table(headers: Mapping[str, str]) -> bytes:
    pieces: list[bytes] = []
    for name, text in headers.items():
        value = text.encode()
        length = len(value)
        head = _HEADERS.get(name) or _header(name)
        pieces += (head, _LONGS[length] if length < len(_LONGS) else LONG.pack(length), value)
    return b"".join(pieces)


def _short(text: str) -> bytes:
    data = text.encode()
    return _BYTES[len(data)] + data


# Texts that come again and again: names of queues, accounts and types.
_known = lru_cache(maxsize=512)(_short)


def _header(name: str) -> bytes:
    return _short(name) + b"S"


_XML = _short(CONTENT_TYPE)
# The names that nearly every message has, and the lengths of nearly all their values.
_HEADERS = {name: _header(name) for name in (*BOUND_HEADERS, *TRACE_HEADERS, CROSSED)}
_LONGS = [LONG.pack(length) for length in range(1_024)]
