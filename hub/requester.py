"""Asking and waiting: for a process whose threads send a request and wait for its answer.

The publisher lives on one thread of its own; any other thread may call ``send`` and ``expect``.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty
from typing import Protocol

from hub.counting import from_nought
from hub.envelope import Message, Wire, from_wire, request_of
from hub.errors import NeverWorks
from hub.machine import MACHINE, Box, Machine
from hub.messages import REPLIES_EXCHANGE
from hub.parking import Reason
from hub.places import HUB
from hub.ports import Address, Delivery, Metrics, Published, Publisher
from hub.sealing import Opener, opened_from

_log = logging.getLogger(__name__)


Ended = Callable[[Published], None]


def _unheard(_published: Published) -> None:
    """Tell nobody."""


class Runner(Protocol):
    """Runs functions on the thread that owns the publisher."""

    def call(self, function: Callable[[], None]) -> None:
        """Run ``function`` soon, in the order of the calls; from any thread."""


class Reply:
    """A reply that one thread waits for."""

    __slots__ = ("_box",)

    def __init__(self, box: Box) -> None:
        self._box = box

    def put(self, message: Message) -> None:
        """Hand over the reply; from any thread."""
        self._box.put(message)

    def wait(self, seconds: float) -> Message | None:
        """Return the reply, or None if it did not come within ``seconds``."""
        try:
            message: Message = self._box.get(timeout=max(seconds, 0.0))
        except Empty:
            return None
        return message


class Requester:
    """Sends from many threads and hands each reply to the thread that waits for it.

    A reply nobody waits for is counted and dropped: its outcome is stored inside, and a repeat
    of the request fetches it.
    """

    def __init__(
        self,
        runner: Runner,
        publisher: Publisher,
        metrics: Metrics,
        confirm_seconds: float,
        machine: Machine = MACHINE,
        *,
        opener: Opener | None = None,
    ) -> None:
        """``opener``: replies are sealed, as they are outside."""
        self._runner = runner
        self._publisher = publisher
        self._metrics = metrics
        self._confirm_seconds = confirm_seconds
        self._box = machine.box
        self._opener = opener
        self._lock = threading.Lock()
        self._expected: dict[str, Reply] = {}
        from_nought(metrics, "lupu_replies_late_total", "lupu_replies_unreadable_total")

    def ready(self) -> bool:
        """Return whether the publisher would send now."""
        return self._publisher.ready()

    def send(self, to: Address, wire: Wire, ended: Ended = _unheard) -> Published:
        """Publish and wait for the confirm; UNKNOWN if none comes in ``confirm_seconds``.

        ``ended`` is told, on the publisher's thread, how it ended by the broker's word, also
        where that comes after the wait.
        """
        outcome = self._box()

        def settled(published: Published) -> None:
            ended(published)
            outcome.put(published)

        self._runner.call(lambda: self._publisher.publish(to, wire, settled))
        try:
            published: Published = outcome.get(timeout=self._confirm_seconds)
        except Empty:
            return Published.UNKNOWN
        return published

    @contextmanager
    def expect(self, correlation: str) -> Iterator[Reply]:
        """Be ready for the reply to the transmission ``correlation``; enter before sending."""
        reply = Reply(self._box())
        with self._lock:
            self._expected[correlation] = reply
        try:
            yield reply
        finally:
            with self._lock:
                del self._expected[correlation]

    def waiting(self) -> int:
        """Return how many replies are being waited for."""
        return len(self._expected)

    def deliver(self, delivery: Delivery) -> None:
        """Take a delivery from the reply queue; acknowledging it is the caller's."""
        try:
            message = self._read(delivery.wire)
        except NeverWorks as error:
            self._metrics.count("lupu_replies_unreadable_total")
            facts = {"request": request_of(delivery.wire), "reason": str(Reason.of(error))}
            _log.warning("reply.unreadable", extra=facts)
            return
        reply = self._expected.get(message.correlation)
        if reply is None:
            self._metrics.count("lupu_replies_late_total")
            return
        reply.put(message)

    def _read(self, wire: Wire) -> Message:
        if self._opener is not None:
            wire = opened_from(self._opener, wire, REPLIES_EXCHANGE, HUB)
        return from_wire(wire)
