"""Sending a message and waiting for its reply: bounded in time and in number."""

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from dmz_gateway.books.book import NotWritten
from dmz_gateway.patience import Patience
from hub.counting import from_nought
from hub.envelope import Message, Wire, to_wire
from hub.errors import KeyMissing, KeyNotTrusted
from hub.machine import MACHINE, Machine
from hub.messages import INWARD_EXCHANGE, ONCE, Lane, sealed_route
from hub.ports import Address, Metrics, Published
from hub.sealing import Readers, Sealer

_log = logging.getLogger(__name__)

_NOT_TAKEN = (Published.UNKNOWN, Published.NOT_SENT, Published.REFUSED)


class Expected(Protocol):
    """A reply that is being waited for."""

    def wait(self, seconds: float) -> Message | None:
        """Return it, or None if it did not come within ``seconds``."""


class Requests(Protocol):
    """What the gateway asks of the brokers' thread; ``hub.requester.Requester`` is it."""

    def ready(self) -> bool:
        """Return whether a message would be sent now."""

    def send(self, to: Address, wire: Wire, ended: Callable[[Published], None] = ...) -> Published:
        """Publish and wait for the confirm, for a bounded time; tell ``ended`` whenever it is."""

    def expect(self, correlation: str) -> AbstractContextManager[Expected]:
        """Be ready for the reply to a transmission; enter before sending."""


class Books(Protocol):
    """Where requests are written down before they are sent."""

    def ahead(self, message: Message, wire: Wire) -> Callable[[Published], None]:
        """Write down what is about to be published; return what to tell how that ended.

        NotWritten where it could not be written down.
        """


def _unheard() -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How asking ended; ``crowded``: so many wait already that nobody waited for this one."""

    published: Published
    reply: Message | None = None
    crowded: bool = False


class Replies:
    """Publishes inward and waits; at most ``waiting_max`` threads wait at a time."""

    def __init__(
        self,
        requests: Requests,
        books: Books,
        metrics: Metrics,
        *,
        account: str,
        sealer: Sealer,
        readers: Readers,
        waiting_max: int,
        broker_wait_seconds: float = 0.0,
        machine: Machine = MACHINE,
    ) -> None:
        """``readers``: to whom what is sent is sealed."""
        self._requests = requests
        self.patience = Patience(requests.ready, broker_wait_seconds, machine)
        self._books = books
        self._metrics = metrics
        self._account = account
        self._sealer = sealer
        self._readers = readers
        self._seats = threading.BoundedSemaphore(waiting_max)
        for lane in (*ONCE, Lane.QUERIES):
            from_nought(metrics, "lupu_gateway_crowded_total", lane=lane.value)

    def ask(
        self,
        message: Message,
        lane: Lane,
        wait_seconds: float,
        sent: Callable[[], None] = _unheard,
    ) -> Asked:
        """Publish on ``lane``; once it is confirmed wait for the reply.

        While the broker is away, and not only for a moment, that is known at once: NOT_SENT. A
        request that the gateway's book does not take is not sent either. ``sent``: told once it
        is known how sending ended.
        """
        if not self.patience.ready():
            return Asked(Published.NOT_SENT)
        try:
            wire = self._sealed(message, lane)
        except (KeyMissing, KeyNotTrusted) as error:
            _log.error("gateway.cannot_seal", extra={"reason": str(error)})
            return Asked(Published.NOT_SENT)
        to = Address(INWARD_EXCHANGE, lane.value)
        if wait_seconds <= 0:
            return Asked(self._send(to, wire, message, lane))
        if not self._seats.acquire(blocking=False):
            self._metrics.count("lupu_gateway_crowded_total", lane=lane.value)
            return Asked(self._send(to, wire, message, lane), crowded=True)
        try:
            with self._requests.expect(str(message.transmission)) as expected:
                published = self._send(to, wire, message, lane)
                sent()
                # Even where the confirm is missing the reply may be there, and it is the proof.
                seconds = wait_seconds if published is Published.CONFIRMED else 0.0
                return Asked(published, expected.wait(seconds))
        finally:
            self._seats.release()

    def until_taken(self, lane: Lane, send: Callable[[], Asked]) -> Asked:
        """Call ``send``, which asks on ``lane``; again for a while where that was not taken.

        It may have gone with its connection, or found its broker slow or its queue without a
        leader: each is a new transmission of one request, as if its agent had sent it again.
        """
        asked = send()
        while asked.published in _NOT_TAKEN and asked.reply is None and self.patience.again(lane):
            asked = send()
        if asked.published is Published.CONFIRMED:
            self.patience.taken(lane)
        return asked

    def _sealed(self, message: Message, lane: Lane) -> Wire:
        persistent = lane in ONCE
        wire = to_wire(message, account=self._account, persistent=persistent)
        return self._sealer.seal(wire, sealed_route(lane), self._readers())

    def _send(self, to: Address, wire: Wire, message: Message, lane: Lane) -> Published:
        if lane not in ONCE:
            return self._requests.send(to, wire)
        try:
            ended = self._books.ahead(message, wire)
        except NotWritten:
            return Published.NOT_SENT
        return self._requests.send(to, wire, ended)
