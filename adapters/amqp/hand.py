"""The quarantine of a RabbitMQ broker, in one person's hand.

Taken messages are held unacknowledged, by a consumer for a few at a time, and given back one by
one: a quorum queue puts them behind all others in that order, but in any order what a closing
channel gives back. That there is one hand is the broker's doing: an exclusive queue can be
declared once, and goes with its connection.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from pika.exceptions import AMQPError, ChannelClosedByBroker

from adapters.amqp.link import Link, first_line
from adapters.amqp.loop import Loop
from adapters.amqp.publisher import AmqpPublisher
from adapters.amqp.reading import Read
from hub.envelope import Wire
from hub.errors import BrokerAway, InHand
from hub.messages import QUARANTINE_HAND, QUARANTINE_QUEUE
from hub.ports import Address, Delivery, Published
from hub.settings import Broker

# A broker reads as much ahead for a consumer as this, of 8 MiB each at worst.
PREFETCH = 25
# After as many as were counted, one more may just be coming.
QUIET_SECONDS = 0.2
ANSWER_SECONDS_MAX = 10.0
GIVE_BACK_SECONDS_MAX = 3.0
POLL_SECONDS = 0.01
_LOCKED = 405

Told = Callable[[Any], None]


@contextmanager
def hand(broker: Broker, account: str) -> Iterator["AmqpHand"]:
    """Take the quarantine of ``broker`` in hand; InHand where somebody else has it."""
    loop = Loop()
    loop.start_thread("quarantine")
    taken = AmqpHand(loop, broker, account)
    try:
        taken.begin()
        try:
            yield taken
        finally:
            taken.give_back()
    finally:
        taken.end()


class AmqpHand:
    """Implements ``adapters.quarantine.entries.Hand``; its methods wait for the broker."""

    def __init__(self, loop: Loop, broker: Broker, account: str) -> None:
        self._held = 0
        self._loop = loop
        self._dial_seconds = broker.connect_seconds
        self._link = Link(
            loop, broker, f"{account} looks into", opened=self._opened, closed=self._lost
        )
        self._publisher = AmqpPublisher(loop, broker, account)
        self._publishing = False
        self._ready: SimpleQueue[object] = SimpleQueue()
        self._arrived: SimpleQueue[Delivery | BrokerAway] = SimpleQueue()
        self._tell: Told = self._ready.put
        self._channel: Any = None
        self._away: Exception | None = None
        self._open: dict[int, None] = {}
        self._consumers = 0
        self._credit = 0
        self._taken = 0
        self._acknowledged = 0
        self._enough = False

    def begin(self) -> None:
        """Dial and take it in hand."""
        self._link.start()
        self._answer(self._ready, self._dial_seconds)
        self._ask(lambda tell: self._declare(QUARANTINE_HAND, tell, exclusive=True))
        self._held = self._count()

    def take(self) -> Delivery | None:
        """Take the next message."""
        counted = self._taken >= self._held
        if self._enough or (counted and not self._credit):
            return None
        if not self._credit:
            self._ask(self._consume)
            self._credit = PREFETCH
        try:
            arrived = self._arrived.get(timeout=QUIET_SECONDS if counted else ANSWER_SECONDS_MAX)
        except Empty:
            return None
        if isinstance(arrived, BrokerAway):
            raise arrived
        self._credit -= 1
        self._taken += 1
        return arrived

    def publish(self, to: Address, wire: Wire) -> Published:
        """Publish over another connection and wait for how it ended."""
        try:
            self._stop_taking()
        except BrokerAway:
            return Published.NOT_SENT
        if not self._publishing:
            self._publishing = True
            self._publisher.start()
        deadline = time.monotonic() + self._dial_seconds
        while not self._publisher.ready() and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        ended: SimpleQueue[Published] = SimpleQueue()
        self._loop.call(partial(self._publisher.publish, to, wire, ended.put))
        try:
            return ended.get(timeout=ANSWER_SECONDS_MAX)
        except Empty:
            return Published.UNKNOWN

    def acknowledge(self, tags: Sequence[int]) -> bool:
        """Take these out for good; what is asked after it comes after it."""
        try:
            self._stop_taking()
            self._ask(partial(self._settle, self._acknowledge, tags))
        except BrokerAway:
            return False
        self._acknowledged += len(tags)
        return True

    def give_back(self) -> None:
        """Give back what is not acknowledged, in its order, and wait until it lies there again.

        Where the connection broke the broker has given it back.
        """
        with suppress(BrokerAway):
            self._stop_taking()
            self._ask(partial(self._settle, self._nack, tuple(self._open)))
            deadline = time.monotonic() + GIVE_BACK_SECONDS_MAX
            while self._count() < self._held - self._acknowledged and time.monotonic() < deadline:
                time.sleep(POLL_SECONDS)

    def end(self) -> None:
        """Close every connection."""
        self._link.stop()
        self._publisher.stop()
        gone = (self._link.closed, self._publisher.closed)
        self._loop.end(lambda: all(closed() for closed in gone), ANSWER_SECONDS_MAX)

    def _stop_taking(self) -> None:
        if not self._enough:
            self._enough = True
            if self._consumers:
                self._ask(self._cancel)

    def _count(self) -> int:
        return int(self._ask(lambda tell: self._declare(QUARANTINE_QUEUE, tell, passive=True)))

    def _ask(self, start: Callable[[Told], None]) -> Any:
        told: SimpleQueue[object] = SimpleQueue()
        self._loop.call(partial(self._begin, start, told.put))
        return self._answer(told, ANSWER_SECONDS_MAX)

    @staticmethod
    def _answer(told: SimpleQueue[object], seconds: float) -> Any:
        try:
            answer = told.get(timeout=seconds)
        except Empty:
            raise BrokerAway("The broker does not answer; 'lupu check' says more.") from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    # What follows runs on the loop's thread.

    def _begin(self, start: Callable[[Told], None], tell: Told) -> None:
        self._tell = tell
        if self._away is not None:
            tell(self._away)
            return
        try:
            start(tell)
        except AMQPError as error:
            tell(BrokerAway(first_line(error)))

    def _opened(self, connection: Any) -> None:
        connection.channel(on_open_callback=self._channel_opened)

    def _channel_opened(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_close_callback(self._channel_closed)
        channel.connection.deliver_to(channel.channel_number, self._on_message)
        channel.basic_qos(prefetch_count=PREFETCH, callback=lambda _: self._tell(True))

    def _channel_closed(self, _channel: Any, error: BaseException) -> None:
        if isinstance(error, ChannelClosedByBroker) and error.reply_code == _LOCKED:
            self._break(InHand("Somebody else has the quarantine in hand; try again in a moment."))
        else:
            self._break(BrokerAway(first_line(error)))

    def _lost(self) -> None:
        self._link.stop()
        self._break(BrokerAway("The connection to the broker broke."))

    def _break(self, error: Exception) -> None:
        if self._away is None:
            self._away = error
            self._tell(error)
            if isinstance(error, BrokerAway):
                self._arrived.put(error)

    def _declare(self, queue: str, tell: Told, **how: bool) -> None:
        def declared(frame: Any) -> None:
            tell(frame.method.message_count)

        self._channel.queue_declare(queue, callback=declared, **how)

    def _consume(self, tell: Told) -> None:
        # The one before holds all it may; it must not take more when some of them are settled.
        if self._consumers:
            self._channel.basic_cancel(self._consumer())
        self._consumers += 1
        self._channel.basic_consume(
            QUARANTINE_QUEUE,
            _unexpected,
            consumer_tag=self._consumer(),
            callback=lambda _: tell(True),
        )

    def _cancel(self, tell: Told) -> None:
        self._channel.basic_cancel(self._consumer(), callback=lambda _: tell(True))

    def _consumer(self) -> str:
        return f"hand.{self._consumers}"

    def _on_message(self, read: Read) -> None:
        self._open[read.tag] = None
        self._arrived.put(Delivery(read.wire, read.tag, read.redelivered))

    def _acknowledge(self, tag: int) -> None:
        self._channel.basic_ack(tag)

    def _nack(self, tag: int) -> None:
        self._channel.basic_nack(tag, requeue=True)

    def _settle(self, how: Callable[[int], None], tags: Sequence[int], tell: Told) -> None:
        for tag in tags:
            how(tag)
            self._open.pop(tag, None)
        self._declare(QUARANTINE_QUEUE, tell, passive=True)


def _unexpected(*_: Any) -> None:
    raise AssertionError("Deliveries do not come through pika's own consumer.")
