"""A message whose properties and headers fill the one frame that a broker takes for them."""

import struct
from collections.abc import Iterator

from adapters.amqp import frames, writing
from hub.envelope import Wire
from hub.ports import Address

FRAME_BYTES_MAX = 131_072
NAME = "stuffing"
# The number of a publish travels along, and grows.
NUMBER_LARGEST = 9_999_999


def frame_sizes(wire: Wire) -> Iterator[tuple[int, int]]:
    """Return the kind and the size of each frame in which a message travels."""
    to = Address("inward", "requests")
    run = writing.publish(1, to, wire, NUMBER_LARGEST, FRAME_BYTES_MAX)
    at = 0
    while at < len(run):
        kind, size = run[at], struct.unpack_from(">I", run, at + 3)[0] + frames.FRAME_BYTES
        yield kind, size
        at += size


def stuffed(wire: Wire) -> Wire:
    """Return the message with one header more, and not a byte of room in its frame."""
    headers = {**wire.headers, NAME: ""}
    taken = dict(frame_sizes(wire._replace(headers=headers)))[frames.HEADER]
    return wire._replace(headers={**headers, NAME: "y" * (FRAME_BYTES_MAX - taken)})
