"""Large bodies by the drop, through the real HAProxy and gateway, hold nobody else up."""

import contextlib
import time
from collections.abc import Iterator

import pytest

from tests.acceptance.gateway_edge import Edge, booking, edge, post, received
from tests.servers.brokers import Brokers

RECEIVED = "<Status>RECEIVED</Status>"
SLOW_CLIENTS = 80  # more than a gateway has threads
LARGE_BYTES = 200_000
BOUND_SECONDS = 13


@pytest.fixture(scope="module")
def entrance(brokers: Brokers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """Offer a gateway behind HAProxy."""
    with edge(brokers, tmp_path_factory.mktemp("edge")) as running:
        yield running


def chunk(data: bytes) -> bytes:
    """Return data as one chunk of a body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def beginning(number: int, sent_bytes: int, length_bytes: int) -> bytes:
    """Return the start of a request that goes on for ever: with a length, or in chunks."""
    body = b"<a>" + b" " * sent_bytes
    if number % 2:
        return post(body, f"Content-Length: {length_bytes}", length=False)
    return post(b"", "Transfer-Encoding: chunked", length=False) + chunk(body)


def assert_nobody_is_held_up(entrance: Edge, name: str) -> None:
    """Send a large request and a small one; both are answered at once."""
    began = time.monotonic()
    assert RECEIVED in entrance.send(post(booking(f"{name}-1")), quiet_seconds=1)
    large = post(booking(f"{name}-2") + " " * LARGE_BYTES)
    assert RECEIVED in entrance.send(large, quiet_seconds=1)
    assert time.monotonic() - began < 5


def test_slow_bodies_hold_nobody_up_and_are_told_so(entrance: Edge) -> None:
    """While eighty large bodies stand still others are answered; theirs end as a SOAP fault."""
    began = time.monotonic()
    slow = [entrance.connect() for _ in range(SLOW_CLIENTS)]
    for number, connection in enumerate(slow):
        connection.sendall(beginning(number, 70_000, LARGE_BYTES))
    assert_nobody_is_held_up(entrance, "S")
    told = [received(connection, BOUND_SECONDS) for connection in slow[:4]]
    assert time.monotonic() - began < BOUND_SECONDS
    for connection in slow:
        connection.close()
    for text in told:
        assert text.startswith("HTTP/1.1 408")
        assert "<Code>NOT_ACCEPTED</Code>" in text
        assert "too slowly" in text


def test_bodies_that_are_too_large_and_slow_hold_nobody_up(entrance: Edge) -> None:
    """While eighty that are refused for their size never end, others are answered."""
    slow = [entrance.connect() for _ in range(SLOW_CLIENTS)]
    for number, connection in enumerate(slow):
        with contextlib.suppress(OSError):  # refused already, the rest not awaited
            connection.sendall(beginning(number, 500_000, 900_000))
    assert_nobody_is_held_up(entrance, "L")
    told = [received(connection, 0.1) for connection in slow]
    for connection in slow:
        connection.close()
    assert any("TOO_LARGE" in text for text in told)
