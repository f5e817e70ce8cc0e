"""A message's frames: written so that pika reads them, read whatever a stranger writes."""

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pika.data import decode_table, encode_table
from pika.frame import Body, Header, Method, decode_frame
from pika.spec import Basic, BasicProperties

from adapters.amqp import writing
from adapters.amqp.frames import HEAD
from adapters.amqp.reading import (
    MESSAGE_BYTES_MAX,
    BrokenFrames,
    Read,
    delivery,
    is_delivery,
    publish_number,
)
from hub.envelope import Wire
from hub.ports import Address

CHANNEL = 3
FRAME_BYTES_MAX = 4_096
REQUESTS = Address("inward", "requests")

short = st.text(max_size=60)
wires = st.builds(
    Wire,
    type=short,
    message_id=short,
    body=st.binary(max_size=3 * FRAME_BYTES_MAX),
    headers=st.dictionaries(short, st.text(max_size=300), max_size=8),
    reply_to=short,
    correlation_id=short,
    user_id=short,
    expiration_ms=st.none() | st.integers(0, 10**9),
    persistent=st.booleans(),
    odd=st.just(b""),
)


def delivered(properties: BasicProperties, body: bytes, tag: int = 7) -> bytes:
    """Return the frames of a delivery as pika would write them for a broker."""
    method = Method(CHANNEL, Basic.Deliver("ctag", tag, False, "inward", "requests"))
    frames: list[Any] = [method, Header(CHANNEL, len(body), properties)]
    if body:
        frames.append(Body(CHANNEL, body))
    return b"".join(frame.marshal() for frame in frames)


def as_delivery(published: bytes, tag: int = 7) -> bytes:
    """Return published frames with their method frame turned into that of a delivery."""
    stop = HEAD.unpack_from(published, 0)[2] + 8
    method = Basic.Deliver("ctag", tag, True, "inward", "requests")
    return bytes(Method(CHANNEL, method).marshal()) + published[stop:]


def read(frames: bytes) -> Read:
    """Read the one delivery that ``frames`` hold."""
    assert is_delivery(frames, 0)
    found = delivery(frames, 0, HEAD.unpack_from(frames, 0)[2] + 8)
    assert found is not None
    assert found.end == len(frames)
    return found


@given(wires, st.integers(1, 10**12))
def test_what_is_written_is_read_as_it_was(wire: Wire, number: int) -> None:
    """Every wire, of any size and in any script, comes back the same."""
    frames = writing.publish(CHANNEL, REQUESTS, wire, number, FRAME_BYTES_MAX)
    found = read(as_delivery(frames))
    assert (found.tag, found.redelivered, found.wire) == (7, True, wire)


@given(wires, st.integers(1, 10**12))
def test_pika_reads_what_is_written(wire: Wire, number: int) -> None:
    """The frames are those of AMQP: mandatory, complete, with the number of the publish."""
    frames = writing.publish(CHANNEL, REQUESTS, wire, number, FRAME_BYTES_MAX)
    found: list[Any] = []
    while frames:
        taken, frame = decode_frame(frames)
        assert taken <= FRAME_BYTES_MAX
        found.append(frame)
        frames = frames[taken:]
    method, header, *bodies = found
    assert (method.method.exchange, method.method.routing_key) == ("inward", "requests")
    assert method.method.mandatory
    assert header.body_size == len(wire.body)
    assert header.properties.headers == dict(wire.headers)
    assert header.properties.delivery_mode == (2 if wire.persistent else 1)
    assert publish_number(header.properties.app_id) == number
    assert b"".join(body.fragment for body in bodies) == wire.body


@given(wires, st.data())
def test_a_delivery_that_has_not_all_come_is_waited_for(wire: Wire, data: st.DataObject) -> None:
    """Cut anywhere after its method frame, a delivery is not read before its last byte."""
    frames = as_delivery(writing.publish(CHANNEL, REQUESTS, wire, 1, FRAME_BYTES_MAX))
    stop = HEAD.unpack_from(frames, 0)[2] + 8
    cut = data.draw(st.integers(stop, len(frames) - 1))
    assert delivery(frames[:cut], 0, stop) is None


def test_headers_that_are_not_text_are_set_apart() -> None:
    """Numbers, tables, lists and bytes are kept as they came; the text after them is read."""
    headers = {
        "number": 5,
        "long": 2**40,
        "yes": True,
        "nothing": None,
        "table": {"inner": {"deeper": "x"}},
        "list": ["a", 1],
        "bytes": b"\xff\xfe",
        "lupu-origin": "gateway-1",
    }
    found = read(delivered(BasicProperties(headers=headers, type=b"\xff", message_id="m"), b"x"))
    assert found.wire.headers == {"lupu-origin": "gateway-1"}
    length = struct.pack(">I", len(found.wire.odd))
    assert decode_table(length + found.wire.odd, 0)[0] == {
        name: value for name, value in headers.items() if name != "lupu-origin"
    }
    assert (found.wire.type, found.wire.message_id) == ("", "m")


def test_what_a_broker_adds_is_no_part_of_a_message() -> None:
    """A message that comes again is the same, however often it was delivered."""
    headers = {"x-delivery-count": 3, "lupu-boot": "b"}
    found = read(delivered(BasicProperties(headers=headers), b"x"))
    assert (found.wire.headers, found.wire.odd) == ({"lupu-boot": "b"}, b"")


def test_tables_nested_without_end_cost_nothing() -> None:
    """A table in a table, five thousand deep, is stepped over like any other."""
    table = b""
    for _ in range(5_000):
        table = b"\x01t" + b"F" + struct.pack(">I", len(table)) + table
    pieces: list[bytes] = []
    encode_table(pieces, {"lupu-boot": "b"})
    text = b"".join(pieces)[4:]
    both = table + text
    content = struct.pack(">HHQH", 60, 0, 1, 1 << 13) + struct.pack(">I", len(both)) + both
    head = delivered(BasicProperties(), b"")[
        : -len(Header(CHANNEL, 0, BasicProperties()).marshal())
    ]
    frames = head + HEAD.pack(2, CHANNEL, len(content)) + content + b"\xce"
    assert read(frames + HEAD.pack(3, CHANNEL, 1) + b"x\xce").wire.headers == {"lupu-boot": "b"}


@given(st.binary(max_size=200), st.integers(0, 0xFFFF))
def test_properties_of_any_bytes_are_read_as_something(data: bytes, flags: int) -> None:
    """What cannot be understood becomes a wire that the guard refuses; it never raises."""
    method = Method(CHANNEL, Basic.Deliver("ctag", 7, False, "inward", "requests")).marshal()
    content = struct.pack(">HHQH", 60, 0, 1, flags) + data
    frames = method + HEAD.pack(2, CHANNEL, len(content)) + content + b"\xce"
    assert read(frames + HEAD.pack(3, CHANNEL, 1) + b"x\xce").wire.body == b"x"


@pytest.mark.parametrize(
    "rest",
    [
        HEAD.pack(3, CHANNEL, 1) + b"x\xce",
        HEAD.pack(2, CHANNEL, 14) + struct.pack(">HHQH", 60, 0, 1, 0) + b"\x00",
        HEAD.pack(2, CHANNEL, 14)
        + struct.pack(">HHQH", 60, 0, MESSAGE_BYTES_MAX + 1, 0)
        + b"\xce",
        HEAD.pack(2, CHANNEL, 14)
        + struct.pack(">HHQH", 60, 0, 1, 0)
        + b"\xce"
        + HEAD.pack(2, 3, 1)
        + b"x\xce",
        HEAD.pack(2, CHANNEL, 14)
        + struct.pack(">HHQH", 60, 0, 1, 0)
        + b"\xce"
        + HEAD.pack(3, 3, 1)
        + b"x\x00",
    ],
)
def test_a_broker_that_breaks_the_protocol_is_not_waited_for(rest: bytes) -> None:
    """Frames in the wrong order, without an end or too large end the connection."""
    method = Method(CHANNEL, Basic.Deliver("ctag", 7, False, "inward", "requests")).marshal()
    with pytest.raises(BrokenFrames):
        delivery(method + rest, 0, len(method))


@pytest.mark.parametrize(("text", "number"), [("17", 17), (None, 0), ("x", 0), (b"1", 0)])
def test_the_number_of_a_publish_comes_back(text: object, number: int) -> None:
    """What is not a number of ours is none."""
    assert publish_number(text) == number
