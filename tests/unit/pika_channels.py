"""A broker's end of a connection as pika shows it: callbacks come when the test lets them."""

from collections.abc import Callable
from typing import Any

from adapters.amqp.reading import Read

OPENING, OPEN, CLOSING, CLOSED = "opening", "open", "closing", "closed"


class FakeChannel:
    """One channel; what waits for the broker's answer is in ``waiting``."""

    def __init__(self, connection: "FakeConnection", number: int, opened: Any) -> None:
        self.connection = connection
        self.channel_number = number
        self.state = OPENING
        self.waiting: list[Callable[[], None]] = [lambda: self._open(opened)]
        self.prefetch_count = 0
        self.acknowledged: list[tuple[int, bool]] = []
        self.consumed: list[str] = []
        self.cancelled: list[Callable[[Any], None]] = []
        self._closed: list[Callable[[Any, BaseException], None]] = []

    is_open = property(lambda self: self.state == OPEN)
    is_closing = property(lambda self: self.state == CLOSING)
    is_closed = property(lambda self: self.state == CLOSED)

    def add_on_close_callback(self, callback: Callable[[Any, BaseException], None]) -> None:
        """As pika's."""
        self._closed.append(callback)

    def add_on_cancel_callback(self, callback: Callable[[Any], None]) -> None:
        """As pika's."""
        self.cancelled.append(callback)

    def queue_declare(self, _queue: str, *, exclusive: bool, callback: Any) -> None:
        """As pika's."""
        assert exclusive
        self.waiting.append(lambda: callback(None))

    def queue_bind(self, _queue: str, _exchange: str, _key: str, *, callback: Any) -> None:
        """As pika's."""
        self.waiting.append(lambda: callback(None))

    def basic_qos(self, *, prefetch_count: int, callback: Any) -> None:
        """As pika's."""
        self.prefetch_count = prefetch_count
        self.waiting.append(lambda: callback(None))

    def basic_consume(self, queue: str, _on_message: Any, *, arguments: Any, callback: Any) -> str:
        """As pika's, which names the consumer."""
        assert arguments is None
        self.consumed.append(queue)
        self.waiting.append(lambda: callback(None))
        return f"ctag.{queue}"

    def basic_ack(self, number: int, *, multiple: bool = False) -> None:
        """As pika's: an error on a channel that is not open."""
        assert self.state == OPEN
        self.acknowledged.append((number, multiple))

    def close(self, *, reply_text: str = "Normal shutdown") -> None:
        """As pika's: an error on a channel that is closing or closed."""
        assert self.state in (OPENING, OPEN)
        self.state = CLOSING
        self.waiting = [lambda: self.end(ConnectionError(reply_text))]

    def answer(self) -> None:
        """Let the broker answer the next of what waits."""
        self.waiting.pop(0)()

    def answer_all(self) -> None:
        """Let the broker answer until nothing waits."""
        while self.waiting:
            self.answer()

    def end(self, reason: BaseException) -> None:
        """Close, from the broker's side or as the answer to ``close``."""
        self.state, self.waiting = CLOSED, []
        for callback in self._closed:
            callback(self, reason)

    def _open(self, opened: Any) -> None:
        self.state = OPEN
        opened(self)


class FakeConnection:
    """One connection; ``channels`` are all that were ever asked for."""

    def __init__(self) -> None:
        self.is_open = True
        self.channels: list[FakeChannel] = []
        self.deliver: dict[int, Callable[[Read], None]] = {}

    def channel(self, *, on_open_callback: Any) -> FakeChannel:
        """As pika's."""
        channel = FakeChannel(self, len(self.channels) + 1, on_open_callback)
        self.channels.append(channel)
        return channel

    def deliver_to(self, channel: int, deliver: Callable[[Read], None]) -> None:
        """As ``WholeMessageConnection``'s."""
        self.deliver[channel] = deliver

    def answer_all(self) -> None:
        """Let the broker answer on every channel until nothing waits."""
        while waiting := [channel for channel in self.channels if channel.waiting]:
            waiting[0].answer()

    def held(self) -> list[int]:
        """Return the numbers of the channels that are open or will be."""
        return [entry.channel_number for entry in self.channels if entry.state in (OPENING, OPEN)]
