"""Bodies that are too large and come by the drop hold few threads, and nobody else up."""

import io
import threading
from pathlib import Path

import pytest

from hub.errors import SettingsError
from hub.guard import BODY_BYTES_MAX
from tests.contract.transports import until
from tests.slice.gateway_answers import document, fault
from tests.slice.gateway_requests import envelope, place_booking
from tests.slice.gateway_world import Posted, World, gateway, settings

DRAINS_MAX = 3


class Dripping(io.BytesIO):
    """A body in chunks of which the rest does not come before it is let."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__(b"x" * size_bytes)
        self.awaited = threading.Event()
        self.let = threading.Event()

    def read(self, size: int | None = -1, /) -> bytes:
        """Return what is there, then wait."""
        piece = super().read(size)
        if not piece:
            self.awaited.set()
            self.let.wait(30)
        return piece


class Sender(threading.Thread):
    """Sends such a body and keeps its answer."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world
        self.body = Dripping(BODY_BYTES_MAX + 1)
        self.answer: Posted | None = None
        self.start()

    def run(self) -> None:
        """Send, and wait for the answer."""
        environ = {"CONTENT_TYPE": "text/xml; charset=utf-8"}
        self.answer = self._world.open("POST", "/soap/ticketing", self.body, environ)


def test_only_so_many_are_awaited_and_one_more_is_answered_at_once(tmp_path: Path) -> None:
    """Each is told TOO_LARGE; a booking meanwhile is done."""
    with gateway(tmp_path, drains_max=DRAINS_MAX) as world:
        senders = [Sender(world) for _ in range(DRAINS_MAX)]
        try:
            assert all(sender.body.awaited.wait(10) for sender in senders)
            another = Sender(world)
            assert until(lambda: another.answer is not None, 5)
            assert not another.body.awaited.is_set()
            assert document(world.post(envelope(place_booking())))["Status"] == "DONE"
            assert all(sender.answer is None for sender in senders)
        finally:
            for sender in senders:
                sender.body.let.set()
        for sender in [*senders, another]:
            sender.join(10)
            assert sender.answer is not None
            assert fault(sender.answer).code == "TOO_LARGE"


def test_settings_that_would_leave_no_thread_are_refused(tmp_path: Path) -> None:
    """Waiting requests and awaited bodies together stay below the threads."""
    with pytest.raises(SettingsError, match="drains_max"):
        settings(tmp_path, threads=58).check()
    settings(tmp_path, threads=59).check()
