"""A dial ends as a dial that failed, whenever the other end goes."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from pika.adapters.select_connection import IOLoop

from adapters.amqp.dialling import Services


@pytest.fixture
def loop() -> Iterator[IOLoop]:
    """A loop that runs for a moment."""
    made = IOLoop()
    yield made
    made.close()


def run(loop: IOLoop) -> None:
    """Run what is due."""
    loop.call_later(0.05, loop.stop)
    loop.start()


def begun(loop: IOLoop, ended: list[Any]) -> tuple[socket.socket, Any]:
    """Begin on a socket whose other end is gone; return it and what would cancel that."""
    gone = socket.socket()
    services = Services(loop)
    return gone, services.create_streaming_connection(lambda: None, gone, ended.append)


def test_an_end_that_is_gone_before_tls_begins_is_reported(loop: IOLoop) -> None:
    """The dial has failed, no more: raised into the loop, as pika does, it ended the process."""
    ended: list[Any] = []
    gone, _ = begun(loop, ended)
    assert not ended, "reported only later, as whoever dials expects"
    run(loop)
    (error,) = ended
    assert isinstance(error, ConnectionResetError)
    assert gone.fileno() == -1


def test_a_dial_that_was_given_up_meanwhile_reports_nothing(loop: IOLoop) -> None:
    """Its time was over first: it is reported once."""
    ended: list[Any] = []
    _, reference = begun(loop, ended)
    assert reference.cancel()
    run(loop)
    assert not ended
