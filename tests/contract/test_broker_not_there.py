"""A broker that nobody answers for: said once, with the reason, by us and not by the driver."""

import io
import json
import logging
import time
from collections.abc import Iterator

import pytest

from adapters import logs
from adapters.amqp.link import Link
from adapters.amqp.loop import Loop
from adapters.amqp.ping import look
from certs.authority import Purpose
from deploy.local.ports import LOOPBACK, free_port
from hub.places import outside_places
from hub.settings import OutsideBroker
from tests.servers.brokers import Authorities

DIALS_SECONDS = 2.0


@pytest.fixture
def nobody(authorities: Authorities) -> OutsideBroker:
    """How to dial a port on which nothing listens."""
    issued = authorities.outside.ensure("hub-1", Purpose.CLIENT)
    return OutsideBroker(LOOPBACK, free_port(), issued.authority, issued.certificate, issued.key)


@pytest.fixture
def log_lines() -> Iterator[io.StringIO]:
    """Offer what a process would log, and put logging back afterwards."""
    root, pika = logging.getLogger(), logging.getLogger("pika")
    before = root.handlers[:], root.level, pika.level
    stream = io.StringIO()
    logs.configure("INFO", stream)
    yield stream
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    pika.setLevel(before[2])


def test_many_dials_in_vain_are_one_line_with_the_reason(
    nobody: OutsideBroker, log_lines: io.StringIO
) -> None:
    """Whoever reads the log sees once that a broker is away, and that it refuses connections."""
    loop = Loop()
    link = Link(loop, nobody, "hub-1 publishes to", opened=lambda _: None, closed=lambda: None)
    loop.start_thread("dialling")
    link.start()
    time.sleep(DIALS_SECONDS)
    link.stop()
    loop.end(link.closed, DIALS_SECONDS)
    logging.getLogger().handlers[0].flush()
    (line,) = [json.loads(text) for text in log_lines.getvalue().splitlines()]
    assert line["event"] == "amqp.away"
    assert "refused" in line["reason"]


def test_a_look_at_a_broker_says_why_it_failed(nobody: OutsideBroker) -> None:
    """``lupu check`` names the system's own reason, not only the driver's class of error."""
    (found,) = look(nobody, "hub-1", outside_places("hub"))
    assert not found.fine
    assert "refused" in found.sentence
