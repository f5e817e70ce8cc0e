"""One queue being consumed on a channel of its own, acknowledged in runs."""

import logging
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from adapters.amqp.loop import Loop
from adapters.amqp.reading import Read
from hub.backoff import Backoff
from hub.messages import REPLIES_EXCHANGE
from hub.ports import Delivery

_log = logging.getLogger(__name__)

ACKNOWLEDGE_SECONDS = 0.01
BEHIND_SECONDS = 1.0
RESUBSCRIBE_SECONDS_FIRST = 2.0
RESUBSCRIBE_SECONDS_MAX = 30.0
_GENERATION_SHIFT = 48


class AmqpSubscription:
    """One queue on a channel of its own.

    There is one channel at most: it is closed before the next one is asked for, be it open or
    only opening, for a forgotten one would keep its prefetch. What comes back on any other is
    ignored. A tag carries the number of the channel it came on, so that a late acknowledgement
    never hits another message of the same number on a newer channel. Acknowledgements are kept
    back until a run of them is complete and sent as one; those behind a message that takes long
    are sent singly, or it would soon hold the whole prefetch.
    """

    def __init__(
        self,
        loop: Loop,
        queue: str,
        prefetch_max: int,
        deliver: Callable[[Delivery], None],
        *,
        answer_seconds_max: float,
        give_up: Callable[[str], None],
        exclusive: bool = False,
        arguments: dict[str, Any] | None = None,
    ) -> None:
        """``give_up`` is told why, where the broker does not serve in ``answer_seconds_max``."""
        self._loop = loop
        self._queue = queue
        self._prefetch_max = prefetch_max
        self._deliver = deliver
        self._answer_seconds_max = answer_seconds_max
        self._give_up = give_up
        self._exclusive = exclusive
        self._arguments = arguments
        self._connection: Any = None
        self._channel: Any = None
        # Of an exclusive queue: that of the connection before, until this one is served.
        self._channel_before: Any = None
        self._name = queue
        self._consumer_tag = ""
        self._generation = 0
        self._paused = False
        self._draining = self._coming = False
        self._served = False
        self._backoff = Backoff(RESUBSCRIBE_SECONDS_FIRST, RESUBSCRIBE_SECONDS_MAX)
        self._open: deque[int] = deque()
        self._done: set[int] = set()
        self._acknowledged = 0
        self._timer = False
        self._behind_timer = False

    def served(self) -> bool:
        """Return whether the broker serves this subscription, or it is paused on purpose."""
        return self._paused or self._served

    def acknowledge(self, tag: int, *, up_to: bool = False) -> None:
        """Say that a delivery is done; a tag of an older channel is ignored."""
        generation, number = divmod(tag, 1 << _GENERATION_SHIFT)
        if generation != self._generation or self._channel is None:
            return
        if up_to:
            self._done.update(entry for entry in self._open if entry <= number)
        elif self._open and self._open[0] == number:  # in their order, as nearly always
            self._acknowledged = self._open.popleft()
        else:
            self._done.add(number)
        while self._done and self._open and self._open[0] in self._done:
            self._acknowledged = self._open.popleft()
            self._done.discard(self._acknowledged)
        if self._acknowledged and not self._timer:
            self._timer = True
            self._loop.call_later(ACKNOWLEDGE_SECONDS, self._on_timer)
        if self._done and not self._behind_timer:
            self._behind_timer = True
            self._loop.call_later(BEHIND_SECONDS, self._on_behind_timer)

    def pause(self) -> None:
        """Take no more and give back what is not acknowledged: its channel is closed."""
        self._paused = True
        self.flush_all()
        self._leave()

    def resume(self, prefetch_max: int | None = None) -> None:
        """Take messages again, on a new channel, holding at most ``prefetch_max``."""
        if prefetch_max is not None:
            self._prefetch_max = prefetch_max
        if self._paused:
            self._paused = False
            self._open_channel()

    def drain(self) -> None:
        """Take no more over this connection, for another is about to follow it."""
        self._draining = not self._exclusive
        if self._draining and self._served and self._channel is not None:
            self._served = False
            self._coming = True
            self._channel.basic_cancel(self._consumer_tag, callback=self._last_came)

    def _last_came(self, _frame: Any) -> None:
        self._coming = False

    def drained(self) -> bool:
        """Return whether the last has come, and all that was taken is acknowledged."""
        self.flush_all()
        return self._channel is None or self._exclusive or not (self._coming or self._open)

    def connected(self, connection: Any) -> None:
        """Serve over a connection that has just opened, instead of the one before if it is."""
        if self._exclusive and self._served:
            self._channel_before, self._channel = self._channel, None
        self._draining = self._coming = False
        self._connection = connection
        self._open_channel()

    def disconnected(self) -> None:
        """Forget the channel: its connection has gone."""
        self._connection = self._channel = self._channel_before = None
        self._served = self._draining = self._coming = False

    def flush(self) -> None:
        """Send the run that is acknowledged so far."""
        number, self._acknowledged = self._acknowledged, 0
        if number and self._channel is not None and self._channel.is_open:
            self._channel.basic_ack(number, multiple=True)

    def flush_all(self) -> None:
        """Send every acknowledgement, those behind a message not yet done too."""
        self.flush()
        done, self._done = self._done, set()
        self._open = deque(number for number in self._open if number not in done)
        if self._channel is not None and self._channel.is_open:
            for number in sorted(done):
                self._channel.basic_ack(number)

    def _on_timer(self) -> None:
        self._timer = False
        self.flush()

    def _on_behind_timer(self) -> None:
        self._behind_timer = False
        self.flush_all()

    def _leave(self) -> None:
        channel, self._channel = self._channel, None
        self._served = False
        if channel is not None and not channel.is_closing and not channel.is_closed:
            channel.close()

    def _open_channel(self) -> None:
        self._leave()
        connection = self._connection
        if self._paused or self._draining or connection is None or not connection.is_open:
            return
        self._generation += 1
        self._open.clear()
        self._done.clear()
        self._acknowledged = 0
        self._channel = connection.channel(on_open_callback=self._opened)
        self._channel.add_on_close_callback(self._closed)
        self._loop.call_later(self._answer_seconds_max, partial(self._look, self._channel))

    def _look(self, channel: Any) -> None:
        # What it asked for, and nobody answers, it would wait for as long as the connection lives.
        if channel is self._channel and not self._served:
            seconds = f"{self._answer_seconds_max:.0f} s"
            self._give_up(f"a consumer of {self._queue} has not been answered for {seconds}")

    def _opened(self, channel: Any) -> None:
        if channel is not self._channel:
            return
        channel.add_on_cancel_callback(partial(self._cancelled, channel))
        self._name = self._queue
        if self._channel_before is not None:
            # The connection before has that name to itself as long as it lives.
            self._name = f"{self._queue}-{self._generation}"
        if self._exclusive:
            declared = partial(self._bind, channel)
            channel.queue_declare(self._name, exclusive=True, callback=declared)
        else:
            self._declared(channel, None)

    def _bind(self, channel: Any, _frame: Any) -> None:
        if channel is self._channel:
            bound = partial(self._declared, channel)
            channel.queue_bind(self._name, REPLIES_EXCHANGE, self._queue, callback=bound)

    def _declared(self, channel: Any, _frame: Any) -> None:
        if channel is self._channel:
            limited = partial(self._consume, channel)
            channel.basic_qos(prefetch_count=self._prefetch_max, callback=limited)

    def _consume(self, channel: Any, _frame: Any) -> None:
        if channel is not self._channel or self._draining:
            return
        channel.connection.deliver_to(channel.channel_number, partial(self._on_message, channel))
        self._consumer_tag = channel.basic_consume(
            self._name,
            _unexpected,
            arguments=self._arguments,
            callback=partial(self._consuming, channel),
        )

    def _consuming(self, channel: Any, _frame: Any) -> None:
        if channel is not self._channel:
            return
        self._served = True
        self._channel_before = None
        if self._backoff.failures:
            _log.info("amqp.subscription_served", extra={"queue": self._queue})
        self._backoff.reset()

    def _on_message(self, channel: Any, read: Read) -> None:
        if channel is self._channel_before:
            # Both have it; it is not acknowledged here, and goes with this channel.
            self._deliver(Delivery(read.wire, 0, read.redelivered, self._generation))
            return
        if channel is not self._channel:
            return
        self._open.append(read.tag)
        tag = (self._generation << _GENERATION_SHIFT) + read.tag
        self._deliver(Delivery(read.wire, tag, read.redelivered, self._generation))

    def _cancelled(self, channel: Any, _method: Any) -> None:
        self._served = self._served and channel is not self._channel
        if channel.is_open:
            channel.close(reply_text="the broker ended the consumer: its queue has gone")

    def _closed(self, channel: Any, reason: BaseException) -> None:
        if channel is not self._channel:
            return
        self._channel = None
        self._served = False
        if self._connection is None or not self._connection.is_open:
            return
        if not self._backoff.failures:
            said = {"queue": self._queue, "reason": str(reason)[:200]}
            _log.warning("amqp.subscription_lost", extra=said)
        again = partial(self._resubscribe, self._generation)
        self._loop.call_later(self._backoff.next_seconds(), again)

    def _resubscribe(self, generation: int) -> None:
        if generation == self._generation and self._channel is None:
            self._open_channel()


def _unexpected(*_: Any) -> None:
    raise AssertionError("Deliveries do not come through pika's own consumer.")
