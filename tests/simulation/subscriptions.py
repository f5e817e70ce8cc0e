"""One queue being consumed, channel after channel, as a process and as its broker see it."""

from collections.abc import Callable
from functools import partial
from typing import Protocol

from adapters.memory.broker import load
from hub.messages import REPLIES_EXCHANGE
from hub.ports import Delivery
from tests.simulation.broker import Broker
from tests.simulation.chaos import Chaos
from tests.simulation.world import Do

TAG_SHIFT = 32


class Connection(Protocol):
    """The connection on which it consumes."""

    broker: Broker
    chaos: Chaos
    generation: int
    open: bool

    def send(self, arrive: Do) -> None:
        """Have something arrive at the broker."""

    def answer(self, arrive: Do) -> None:
        """Have something come back to the process."""


class Subscription:
    """Implements ``hub.ports.Subscription``: one channel after another."""

    def __init__(
        self,
        link: Connection,
        queue: str,
        prefetch_max: int,
        deliver: Callable[[Delivery], None],
        *,
        exclusive: bool = False,
    ) -> None:
        self._link = link
        self._queue = queue
        self._prefetch_max = prefetch_max
        self._deliver = deliver
        self._exclusive = exclusive
        self._channels = 0
        self._channel: _Channel | None = None
        self._paused = False
        self._all: list[_Channel] = []

    def begin(self) -> None:
        """Open a channel on the connection, which stands."""
        if self._paused or not self._link.open:
            return
        self._channels += 1
        self._channel = _Channel(
            self._link, self._queue, self._prefetch_max, self._channels, self._take
        )
        self._all = [one for one in self._all if not one.closed] + [self._channel]
        self._link.send(partial(self._attach, self._channel))

    def acknowledge(self, tag: int, *, up_to: bool = False) -> None:
        """Say that a delivery (``up_to``: and all before it) is done; late tags are ignored."""
        self._link.chaos.at("acknowledge")
        channel = self._channel
        if self._link.open and channel is not None and tag >> TAG_SHIFT == channel.number:
            number = tag & ((1 << TAG_SHIFT) - 1)
            self._link.send(partial(channel.acknowledged, number, up_to=up_to))
        self._link.chaos.at("acknowledged")

    def pause(self) -> None:
        """Take no more; what is not acknowledged is given back when that arrives."""
        self._paused = True
        channel, self._channel = self._channel, None
        if channel is not None and self._link.open:
            self._link.send(channel.close)

    def resume(self, prefetch_max: int | None = None) -> None:
        """Take messages again, on another channel."""
        if prefetch_max is not None:
            self._prefetch_max = prefetch_max
        if self._paused:
            self._paused = False
            self.begin()

    def give_back(self, generation: int) -> None:
        """The broker has noticed that a connection has gone."""
        for channel in self._all:
            if channel.generation == generation:
                channel.close()
        if self._exclusive:
            self._link.broker.memory.delete(self._queue)
            if self._link.open and self._channel is not None:
                self._attach(self._channel)

    def _attach(self, channel: "_Channel") -> None:
        memory = self._link.broker.memory
        if self._exclusive:
            memory.declare(self._queue)
            memory.bind(REPLIES_EXCHANGE, self._queue, self._queue)
        channel.attach()

    def _take(self, channel: "_Channel", delivery: Delivery) -> None:
        if channel is self._channel:
            self._deliver(delivery)


class _Channel:
    """A channel as the broker sees it: what it has delivered and not heard of."""

    def __init__(
        self,
        link: Connection,
        queue: str,
        prefetch_max: int,
        number: int,
        take: Callable[["_Channel", Delivery], None],
    ) -> None:
        self.number = number
        self.generation = link.generation
        self.closed = False
        self._link = link
        self._queue = queue
        self._prefetch_max = prefetch_max
        self._take = take
        self._held: dict[int, bytes] = {}
        self._tags = 0
        self._last_of_stream = b""

    def attach(self) -> None:
        """Begin to deliver."""
        if not self.closed:
            self._link.broker.channels[self] = None
            self._link.broker.memory.attach(self._queue, self)

    def held(self) -> int:
        """Return how many are delivered and not acknowledged."""
        return len(self._held)

    def wake(self) -> None:
        """Deliver what there is, up to the prefetch."""
        broker = self._link.broker
        while not self.closed and len(self._held) < self._prefetch_max and broker.up:
            body = broker.take(self._queue)
            if body is None or body is self._last_of_stream:
                return
            if broker.memory.is_stream(self._queue):
                self._last_of_stream = body
            self._tags += 1
            self._held[self._tags] = body
            tag = (self.number << TAG_SHIFT) + self._tags
            delivery = Delivery(load(body), tag, body in broker.redelivered, self.number)
            self._link.answer(partial(self._take, self, delivery))

    def acknowledged(self, number: int, *, up_to: bool) -> None:
        """Forget what is done."""
        for held in [one for one in self._held if one == number or (up_to and one < number)]:
            del self._held[held]
        self.wake()

    def close(self) -> None:
        """Give back the rest."""
        if not self.closed:
            self.closed = True
            self._link.broker.channels.pop(self, None)
            self._link.broker.memory.detach(self._queue, self)
            held, self._held = self._held, {}
            self._link.broker.put_back(self._queue, list(held.values()))
