"""What is published over one channel and not yet settled."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from adapters.amqp.reading import publish_number
from hub.envelope import Wire
from hub.ports import Address, Published

Settled = Callable[[Published], None]


@dataclass(slots=True)
class _UnderWay:
    settled: Settled
    sent_at: float
    returned: bool = False


class Sending:
    """One confirming channel; each publish is settled once.

    ``refused`` is told of each refusal, before it settles.
    """

    def __init__(self, channel: Any, refused: Callable[[], None]) -> None:
        self.channel = channel
        self._refused = refused
        self._number = 0
        self._under_way: OrderedDict[int, _UnderWay] = OrderedDict()
        self._emptied: Callable[[], None] | None = None

    def __len__(self) -> int:
        """How many are under way."""
        return len(self._under_way)

    def publish(self, to: Address, wire: Wire, settled: Settled, now: float) -> None:
        """Send, mandatory."""
        self._number += 1
        self._under_way[self._number] = _UnderWay(settled, now)
        self.channel.connection.publish(self.channel.channel_number, to, wire, self._number)

    def waits(self, now: float, seconds: float) -> bool:
        """Return whether the oldest has been under way for longer."""
        for oldest in self._under_way.values():
            return now - oldest.sent_at > seconds
        return False

    def on_return(self, _channel: Any, _method: Any, properties: Any, _body: bytes) -> None:
        """Note that no queue takes it; the broker returns a message before it confirms it."""
        under_way = self._under_way.get(publish_number(properties.app_id))
        if under_way is not None:
            under_way.returned = True

    def on_confirm(self, frame: Any) -> None:
        """Settle one, or all up to one."""
        method = frame.method
        outcome = Published.CONFIRMED if method.NAME == "Basic.Ack" else Published.REFUSED
        if outcome is Published.REFUSED:
            self._refused()
        if not method.multiple:
            self._settle(method.delivery_tag, outcome)
            return
        while self._under_way:
            number = next(iter(self._under_way))
            if number > method.delivery_tag:
                break
            self._settle(number, outcome)

    def lose(self) -> None:
        """Settle whatever is under way as unknown: its channel has gone, or says nothing."""
        lost, self._under_way = self._under_way, OrderedDict()
        for under_way in lost.values():
            under_way.settled(Published.UNKNOWN)
        self._end()

    def retire(self, emptied: Callable[[], None]) -> None:
        """Call ``emptied`` once nothing is under way any more; nothing more is published."""
        self._emptied = emptied
        self._end()

    def _end(self) -> None:
        if self._emptied is not None and not self._under_way:
            emptied, self._emptied = self._emptied, None
            emptied()

    def _settle(self, number: int, outcome: Published) -> None:
        under_way = self._under_way.pop(number, None)
        if under_way is None:
            return
        returned = under_way.returned and outcome is Published.CONFIRMED
        under_way.settled(Published.RETURNED if returned else outcome)
        self._end()
