"""A mistake in Lupu is logged by its class and place: what it says may be somebody's name."""

import logging
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.amqp.loop import EXIT_SOFTWARE
from adapters.published import Edition, Snapshot
from hub.envelope import Message, Wire
from hub.messages import message_type
from hub.ports import Delivery
from tests.contract.transports import until
from tests.structure.source import ROOT
from tests.unit import channel_world, test_worker
from tests.unit.evidence.books import World
from tests.unit.hub_world import CountedMetrics, MovedClock, PlainContracts, booking

SAID = "Wang Wei, passport G1234567"


class TalkativeContracts(PlainContracts):
    """Contracts with a mistake that tells what stands in the body."""

    def check(self, element: str, body: bytes) -> None:
        """Break."""
        del element, body
        raise ZeroDivisionError(SAID)


def in_channel() -> None:
    """Have it break a hub's guard."""
    world = channel_world.World(TalkativeContracts())
    world.send(booking())


def in_worker() -> None:
    """Have it break a worker's guard."""
    world = test_worker.World(contracts=TalkativeContracts())
    world.send("A-1")
    world.kept()
    world.close()


def in_snapshot() -> None:
    """Have it break the taking up of an edition."""

    def breaks(_body: bytes) -> Edition[str]:
        raise ZeroDivisionError(SAID)

    metrics = CountedMetrics()
    taking = Snapshot(
        message_type("Offers.1"), None, read=breaks, clock=MovedClock(), metrics=metrics
    )
    taking.start_thread()
    taking.deliver(Delivery(Wire("Offers.1", "", b""), 1))
    assert until(lambda: "lupu_snapshot_refused_total Offers" in metrics.counts)


def in_pages() -> None:
    """Have it break the sending of a book's pages."""

    def breaks(_message: Message) -> None:
        raise ZeroDivisionError(SAID)

    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        world.asking.inside = breaks
        world.pages.start_thread(60.0)
        assert until(lambda: "lupu_book_pages_failed_total" in world.metrics.counts)
        world.pages.stop()


@pytest.mark.parametrize(
    ("event", "breaks"),
    [
        ("book.pages_failed", in_pages),
        ("guard.broken", in_channel),
        ("guard.broken", in_worker),
        ("snapshot.failed", in_snapshot),
    ],
)
def test_what_a_mistake_says_is_in_no_log(
    event: str, breaks: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Its class and where it broke are enough to report it."""
    breaks()

    def logged() -> list[logging.LogRecord]:
        return [record for record in caplog.records if record.message == event]

    assert until(lambda: bool(logged()))
    (record,) = logged()
    assert record.__dict__["error"] == "ZeroDivisionError"
    assert "test_mistakes_logged.py:" in record.__dict__["place"]
    assert SAID not in caplog.text


_LOOP = f"""
import threading
from adapters import logs
from adapters.amqp.loop import Loop
def breaks():
    raise ZeroDivisionError({SAID!r})
logs.configure("INFO")
loop = Loop()
loop.start_thread("brokers")
loop.call(breaks)
threading.Event().wait(30)
"""


def test_what_ends_the_thread_of_the_brokers_is_in_no_log() -> None:
    """The process ends with it, for it must not go on; its last line has class and place alone."""
    done = subprocess.run(
        [sys.executable, "-c", _LOOP], cwd=ROOT, capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == EXIT_SOFTWARE
    assert '"event": "amqp.loop_failed"' in said
    assert '"error": "ZeroDivisionError"' in said
    assert SAID not in said
