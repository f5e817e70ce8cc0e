"""Publishing: mandatory and confirmed, pipelined, never one by one."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from adapters.amqp.link import Link
from adapters.amqp.loop import Loop
from adapters.amqp.reading import publish_number
from hub.envelope import Wire
from hub.ports import Address, Published
from hub.settings import Broker

_log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5


@dataclass(slots=True)
class _UnderWay:
    settled: Callable[[Published], None]
    sent_at: float
    returned: bool = False


class AmqpPublisher:
    """Implements ``hub.ports.Publisher`` over a connection of its own.

    While nothing is confirmed for ``confirm_seconds`` the broker counts as away: more is not
    sent, so that what is in doubt stays what was sent before. A connection on which one confirm
    is missing for ``unconfirmed_seconds_max`` is broken off, for it may never come.
    """

    def __init__(self, loop: Loop, broker: Broker, purpose: str) -> None:
        self._link = Link(
            loop, broker, f"{purpose} publishes to", opened=self._opened, closed=self._lost
        )
        self._window_max = broker.window_max
        self._stall_seconds = broker.confirm_seconds
        self._unconfirmed_seconds_max = broker.unconfirmed_seconds_max
        self._heard_at = 0.0
        self._channel: Any = None
        self._blocked = False
        self._number = 0
        self._under_way: OrderedDict[int, _UnderWay] = OrderedDict()

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
        return self._channel is not None and not self._blocked and not stalled

    def publish(self, to: Address, wire: Wire, settled: Callable[[Published], None]) -> None:
        """Send, mandatory; ``settled`` is called once, with how it ended."""
        now, channel = time.monotonic(), self._channel
        stalled = self._waits(now, self._stall_seconds)
        if channel is None or self._blocked or stalled or self._full():
            settled(Published.NOT_SENT)
            return
        self._number += 1
        self._under_way[self._number] = _UnderWay(settled, now)
        channel.connection.publish(channel.channel_number, to, wire, self._number)

    def _full(self) -> bool:
        return len(self._under_way) >= self._window_max

    def _waits(self, now: float, seconds: float) -> bool:
        for oldest in self._under_way.values():
            return now - oldest.sent_at > seconds
        return False

    def _opened(self, connection: Any) -> None:
        self._blocked = False
        self._heard_at = time.monotonic()
        self._link.loop.call_later(LOOK_SECONDS, partial(self._look, connection))
        connection.add_on_connection_blocked_callback(self._on_blocked)
        connection.add_on_connection_unblocked_callback(self._on_unblocked)
        connection.channel(on_open_callback=self._channel_opened)

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
        return self._channel is None or self._waits(now, self._unconfirmed_seconds_max)

    def _channel_opened(self, channel: Any) -> None:
        channel.add_on_close_callback(self._channel_closed)
        channel.add_on_return_callback(self._on_return)
        channel.confirm_delivery(self._on_confirm, callback=lambda _: self._confirming(channel))

    def _confirming(self, channel: Any) -> None:
        self._number = 0
        self._channel = channel

    def _channel_closed(self, _channel: Any, reason: BaseException) -> None:
        self._lost()
        connection = self._link.connection
        if connection is not None and connection.is_open:
            self._link.break_off(f"publishing channel closed: {reason}")

    def _on_blocked(self, _connection: Any, method: Any) -> None:
        self._blocked = True
        said = {"link": self._link.purpose, "reason": str(method.method.reason)[:200]}
        _log.warning("amqp.blocked", extra=said)

    def _on_unblocked(self, _connection: Any, _method: Any) -> None:
        self._blocked = False
        self._heard_at = time.monotonic()
        _log.info("amqp.unblocked", extra={"link": self._link.purpose})

    def _on_return(self, _channel: Any, _method: Any, properties: Any, _body: bytes) -> None:
        # The broker returns a message before it confirms it.
        under_way = self._under_way.get(publish_number(properties.app_id))
        if under_way is not None:
            under_way.returned = True

    def _on_confirm(self, frame: Any) -> None:
        method = frame.method
        outcome = Published.CONFIRMED if method.NAME == "Basic.Ack" else Published.REFUSED
        if not method.multiple:
            self._settle(method.delivery_tag, outcome)
            return
        while self._under_way:
            number = next(iter(self._under_way))
            if number > method.delivery_tag:
                break
            self._settle(number, outcome)

    def _settle(self, number: int, outcome: Published) -> None:
        under_way = self._under_way.pop(number, None)
        if under_way is None:
            return
        returned = under_way.returned and outcome is Published.CONFIRMED
        under_way.settled(Published.RETURNED if returned else outcome)

    def _lost(self) -> None:
        self._channel = None
        lost, self._under_way = self._under_way, OrderedDict()
        for under_way in lost.values():
            under_way.settled(Published.UNKNOWN)
