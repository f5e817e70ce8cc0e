"""Reading: one delivery out of what a broker has sent. Never fails, whatever a stranger wrote.

What is not text is set apart, so that the guard misses it by its name.
"""

import struct
from functools import lru_cache
from typing import NamedTuple

from adapters.amqp.frames import (
    BODY,
    CONTENT,
    END,
    HEAD,
    HEAD_BYTES,
    HEADER,
    LONG,
    PERSISTENT,
    PROPERTIES,
)
from hub.envelope import Wire

# The broker itself takes no more; one that sends more is not to be waited for.
MESSAGE_BYTES_MAX = 16 * 1_024 * 1_024

_BASIC_DELIVER = struct.pack(">HH", 60, 60)
_METHOD_BYTES = len(_BASIC_DELIVER)
_TAG = struct.Struct(">QB")
_MORE_FLAGS = 1
_TEXT = ord("S")
# How often it was delivered, or where in a stream: it is no part of the message.
_THE_BROKERS = frozenset((b"x-delivery-count", b"x-acquired-count", b"x-stream-offset"))
_WITH_LENGTH = frozenset(b"xAF")
_SIZES = dict(zip(b"tbBsuUIilLfdTDV", (1, 1, 1, 2, 2, 2, 4, 4, 8, 8, 4, 8, 8, 5, 0), strict=True))
_TABLE, _MODE = PROPERTIES.index("headers"), PROPERTIES.index("delivery_mode")
_CORRELATION, _REPLY_TO = PROPERTIES.index("correlation_id"), PROPERTIES.index("reply_to")
_EXPIRATION, _MESSAGE_ID = PROPERTIES.index("expiration"), PROPERTIES.index("message_id")
_TYPE, _USER_ID = PROPERTIES.index("type"), PROPERTIES.index("user_id")


class BrokenFrames(Exception):
    """The broker does not send what AMQP says; the connection is of no more use."""


class Read(NamedTuple):
    """One delivery: where it ends in the buffer, its tag, whether it came before, the message."""

    end: int
    tag: int
    redelivered: bool
    wire: Wire


def is_delivery(buffer: bytes, at: int) -> bool:
    """Return whether the method frame at ``at`` begins a delivery."""
    return buffer.startswith(_BASIC_DELIVER, at + HEAD_BYTES)


def delivery(buffer: bytes, at: int, stop: int) -> Read | None:
    """Read the delivery whose first frame lies from ``at`` to ``stop``.

    None while its frames have not all come; BrokenFrames where they are not what they must be.
    """
    tag_at = at + HEAD_BYTES + _METHOD_BYTES
    tag, again = _TAG.unpack_from(buffer, tag_at + 1 + buffer[tag_at])
    if len(buffer) < stop + HEAD_BYTES:
        return None
    kind, _, size = HEAD.unpack_from(buffer, stop)
    start = stop + HEAD_BYTES
    end = start + size
    if kind != HEADER or size < CONTENT.size:
        raise BrokenFrames("a delivery without its header")
    if len(buffer) <= end:
        return None
    _, _, length, flags = CONTENT.unpack_from(buffer, start)
    if length > MESSAGE_BYTES_MAX or buffer[end] != END:
        raise BrokenFrames("a header that cannot be")
    body = _body(buffer, end + 1, length)
    if body is None:
        return None
    properties = buffer[start + CONTENT.size : end]
    return Read(body[0], tag, again & 1 == 1, _wire(properties, flags, body[1]))


def _body(buffer: bytes, at: int, length: int) -> tuple[int, bytes] | None:
    """Return where the body's frames end, and the body; None while they have not all come."""
    if len(buffer) < at + length:
        return None
    parts: list[bytes] = []
    while length:
        if len(buffer) < at + HEAD_BYTES:
            return None
        kind, _, size = HEAD.unpack_from(buffer, at)
        start, at = at + HEAD_BYTES, at + HEAD_BYTES + size + 1
        if kind != BODY or not 0 < size <= length:
            raise BrokenFrames("a body that is none")
        if len(buffer) < at:
            return None
        if buffer[at - 1] != END:
            raise BrokenFrames("a body without its end")
        parts.append(buffer[start : at - 1])
        length -= size
    return at, parts[0] if len(parts) == 1 else b"".join(parts)


def _wire(properties: bytes, flags: int, body: bytes) -> Wire:
    try:
        texts, headers, odd, persistent = _properties(properties, flags)
    except (IndexError, struct.error):
        return Wire(type="", message_id="", body=body)
    expiration = texts[_EXPIRATION]
    return Wire(
        texts[_TYPE],
        texts[_MESSAGE_ID],
        body,
        headers,
        texts[_REPLY_TO],
        texts[_CORRELATION],
        texts[_USER_ID],
        int(expiration) if expiration.isascii() and expiration.isdigit() else None,
        persistent,
        odd,
    )


@lru_cache(maxsize=64)
def _present(flags: int) -> tuple[tuple[int, int], ...]:
    """Return the places of the properties that follow, each with its size, or 0 for a text."""
    if flags & _MORE_FLAGS:
        return ()
    sizes = [entry if isinstance(entry, int) else 0 for entry in PROPERTIES]
    return tuple((at, size) for at, size in enumerate(sizes) if flags & (1 << (15 - at)))


def _properties(data: bytes, flags: int) -> tuple[list[str], dict[str, str], bytes, bool]:
    """Return the properties that are text, the headers that are, those that are none as they
    came, and whether it is persistent.
    """
    texts = [""] * len(PROPERTIES)
    headers: dict[str, str] = {}
    odd = b""
    persistent = False
    at = 0
    for place, size in _present(flags):
        if place == _TABLE:
            end = at + LONG.size + LONG.unpack_from(data, at)[0]
            headers, odd = _headers(data[at + LONG.size : end])
        elif place == _MODE:
            persistent, end = data[at] == PERSISTENT, at + 1
        elif size:
            end = at + size
        else:
            end = at + 1 + data[at]
            texts[place] = _text(data[at + 1 : end])
        at = end
    if at > len(data):
        raise IndexError
    return texts, headers, odd, persistent


def _headers(table: bytes) -> tuple[dict[str, str], bytes]:
    headers: dict[str, str] = {}
    odd: list[bytes] = []
    at = 0
    while at < len(table):
        value = at + 2 + table[at]
        kind = table[value - 1]
        if kind == _TEXT:
            start = value + LONG.size
            end = start + LONG.unpack_from(table, value)[0]
            try:
                headers[table[at + 1 : value - 1].decode()] = table[start:end].decode()
            except UnicodeDecodeError:
                odd.append(table[at:end])
        else:
            if kind in _WITH_LENGTH:
                end = value + LONG.size + LONG.unpack_from(table, value)[0]
            else:
                end = value + _SIZES[kind] if kind in _SIZES else len(table)
            if table[at + 1 : value - 1] not in _THE_BROKERS:
                odd.append(table[at:end])
        at = end
    return headers, b"".join(odd)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return ""


def publish_number(application_id: object) -> int:
    """Return the number of a publish from the application id it travelled as, or 0."""
    text = application_id if isinstance(application_id, str) else ""
    return int(text) if text.isascii() and text.isdigit() else 0
