"""Publishing: mandatory and confirmed, pipelined, never one by one."""

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from adapters.amqp.link import Done, Link
from adapters.amqp.loop import Loop
from adapters.amqp.sending import Sending
from hub.envelope import Wire
from hub.ports import Address, Published
from hub.settings import Broker

_log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
ANEW_SECONDS = 1.0


class AmqpPublisher:
    """Implements ``hub.ports.Publisher`` over a connection of its own.

    While nothing is confirmed for ``confirm_seconds`` the broker counts as away: more is not
    sent, so that what is in doubt stays what was sent before. A connection on which one confirm
    is missing for ``unconfirmed_seconds_max`` is broken off, for it may never come.

    What follows a refusal goes over another channel, once in ``ANEW_SECONDS``: a channel whose
    first message for a quorum queue met a leader that had just died refuses whatever comes for
    that queue until the dead node is back, though another leads (RabbitMQ 3.10's
    ``rabbit_fifo_client:enqueue``).
    """

    def __init__(self, loop: Loop, broker: Broker, purpose: str) -> None:
        self._link = Link(
            loop,
            broker,
            f"{purpose} publishes to",
            opened=self._opened,
            closed=self._lost,
            moves=self._move,
        )
        self._window_max = broker.window_max
        self._stall_seconds = broker.confirm_seconds
        self._unconfirmed_seconds_max = broker.unconfirmed_seconds_max
        self._heard_at = 0.0
        self._sending: Sending | None = None
        self._anew_at = 0.0
        self._blocked = False

    def start(self) -> None:
        """Dial and stay connected until ``stop``."""
        self._link.start()

    def stop(self) -> None:
        """Close; what is under way settles as UNKNOWN."""
        self._link.stop()

    def closed(self) -> bool:
        """Return whether the connection has gone."""
        return self._link.closed()

    def ready(self) -> bool:
        """Return whether the connection is open, not blocked, and confirms keep coming."""
        stalled = self._waits(time.monotonic(), self._stall_seconds)
        return self._sending is not None and not self._blocked and not stalled

    def publish(self, to: Address, wire: Wire, settled: Callable[[Published], None]) -> None:
        """Send, mandatory; ``settled`` is called once, with how it ended."""
        now, sending = time.monotonic(), self._sending
        stalled = self._waits(now, self._stall_seconds)
        if sending is None or self._blocked or stalled or len(sending) >= self._window_max:
            settled(Published.NOT_SENT)
            return
        sending.publish(to, wire, settled, now)

    def _waits(self, now: float, seconds: float) -> bool:
        return self._sending is not None and self._sending.waits(now, seconds)

    def _opened(self, connection: Any) -> None:
        self._blocked = False
        self._look_later(connection)
        self._listen(connection)
        self._open(connection, self._begin)

    def _listen(self, connection: Any) -> None:
        connection.add_on_connection_blocked_callback(self._on_blocked)
        connection.add_on_connection_unblocked_callback(self._on_unblocked)

    def _look_later(self, connection: Any) -> None:
        self._heard_at = time.monotonic()
        self._link.loop.call_later(LOOK_SECONDS, partial(self._look, connection))

    def _look(self, connection: Any) -> None:
        if connection is not self._link.connection:
            return
        if self._silent(time.monotonic()):
            seconds = f"{self._unconfirmed_seconds_max:.0f} s"
            self._link.break_off(f"a confirm has been missing for {seconds}")
            return
        self._link.loop.call_later(LOOK_SECONDS, partial(self._look, connection))

    def _silent(self, now: float) -> bool:
        # While it is blocked the broker has said why, and will say when it is over.
        if self._blocked or now - self._heard_at <= self._unconfirmed_seconds_max:
            return False
        return self._sending is None or self._waits(now, self._unconfirmed_seconds_max)

    def _open(self, connection: Any, begin: Callable[[Sending], None]) -> None:
        """Open a channel that confirms; ``begin`` when it does."""

        def opened(channel: Any) -> None:
            sending = Sending(channel, self._refused)
            channel.add_on_close_callback(partial(self._channel_closed, sending))
            channel.add_on_return_callback(sending.on_return)
            channel.confirm_delivery(sending.on_confirm, callback=lambda _: begin(sending))

        connection.channel(on_open_callback=opened)

    def _begin(self, sending: Sending) -> None:
        self._sending = sending

    def _channel_closed(self, sending: Sending, _channel: Any, reason: BaseException) -> None:
        if self._sending not in (None, sending):
            sending.lose()
            return
        self._lost()
        connection = self._link.connection
        if connection is not None and connection.is_open:
            self._link.break_off(f"publishing channel closed: {reason}")

    def _refused(self) -> None:
        """Publish over another channel of this connection, unless that was done just now."""
        connection, now = self._link.connection, time.monotonic()
        if self._stays_on(connection) and now - self._anew_at >= ANEW_SECONDS:
            self._anew_at = now
            self._open(connection, partial(self._anew, connection))

    def _anew(self, connection: Any, sending: Sending) -> None:
        if self._sending is not None and self._stays_on(connection):
            self._follow(sending, partial(_close, self._sending.channel))

    def _stays_on(self, connection: Any) -> bool:
        link = self._link
        in_use = connection is not None and connection is link.connection
        return in_use and connection.is_open and link.successor is None

    def _move(self, connection: Any, done: Done) -> None:
        """Publish over another connection from its first moment on; see the rest confirmed."""
        self._listen(connection)
        self._open(connection, partial(self._moved, connection, done))

    def _moved(self, connection: Any, done: Done, sending: Sending) -> None:
        def emptied() -> None:
            done()
            self._look_later(connection)

        if self._link.successor is connection:
            self._follow(sending, emptied)

    def _follow(self, sending: Sending, emptied: Done) -> None:
        """Publish over ``sending`` from now on; ``emptied`` once what went before is settled."""
        before, self._sending = self._sending, sending
        if before is None:
            emptied()
            return
        before.retire(emptied)
        self._link.loop.call_later(self._unconfirmed_seconds_max, before.lose)

    def _on_blocked(self, _connection: Any, method: Any) -> None:
        self._blocked = True
        said = {"link": self._link.purpose, "reason": str(method.method.reason)[:200]}
        _log.warning("amqp.blocked", extra=said)

    def _on_unblocked(self, _connection: Any, _method: Any) -> None:
        self._blocked = False
        self._heard_at = time.monotonic()
        _log.info("amqp.unblocked", extra={"link": self._link.purpose})

    def _lost(self) -> None:
        """Settle what is under way: the connection has gone."""
        lost, self._sending = self._sending, None
        if lost is not None:
            lost.lose()


def _close(channel: Any) -> None:
    if channel.is_open:
        channel.close()
