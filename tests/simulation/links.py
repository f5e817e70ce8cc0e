"""Connections of a process to a broker: in order, with delays, and broken at any byte.

They behave as ``adapters/amqp`` does on RabbitMQ: confirms come back or never, what is under way
when a connection breaks is UNKNOWN, a silent broker counts as away, late tags are ignored.
"""

from collections import OrderedDict
from collections.abc import Callable
from functools import partial

from hub.envelope import Wire
from hub.ports import Address, Delivery, Published
from tests.simulation.broker import Broker
from tests.simulation.chaos import Chaos
from tests.simulation.subscriptions import Subscription
from tests.simulation.world import Do, Process

CONFIRM_SECONDS = 5.0
DIAL_SECONDS = 0.5
LATE_SECONDS = 3.0
SLOW_SECONDS = 5.0
NOTICE_SECONDS = 2.0


class Link:
    """One connection: what is sent arrives in its order, or up to where it broke."""

    def __init__(self, process: Process, broker: Broker, chaos: Chaos) -> None:
        self.process = process
        self.world = process.world
        self.broker = broker
        self.chaos = chaos
        self.generation = 0
        self.open = False
        self._there_at = self._back_at = 0.0
        self._cuts: dict[int, float] = {}
        process.links.append(self)
        self._dial()

    def send(self, arrive: Do) -> None:
        """Have something arrive at the broker, after all that was sent before."""
        generation = self.generation
        self._there_at = max(self._there_at, self.world.seconds + self._delay())
        seconds = self._there_at - self.world.seconds
        self.world.later(seconds, lambda: self._arrive(generation, arrive))

    def answer(self, arrive: Do) -> None:
        """Have something come back to the process, on this connection or not at all."""
        generation = self.generation
        self._back_at = max(self._back_at, self.world.seconds + self._delay())

        def come() -> None:
            if self.open and generation == self.generation:
                arrive()

        self.world.later(self._back_at - self.world.seconds, come, self.process)

    def broken(self) -> None:
        """Break: the process notices at once, the broker when what was on its way has come."""
        if self.open:
            self.abandon()
            self.world.soon(self._lost_and_dial, self.process)

    def abandon(self) -> None:
        """Be closed by the process, or by its end."""
        if self.open:
            self.open = False
            # What was written may still arrive, up to where chance cuts it.
            self._cuts[self.generation] = self.world.seconds + self.world.delay() / 2
            self.broker.connected.remove(self)
            notice = self.world.random.random() * NOTICE_SECONDS
            self.world.later(notice, partial(self.noticed, self.generation))

    def noticed(self, generation: int) -> None:
        """The broker knows that the connection of this generation has gone."""

    def heal(self) -> None:
        """End what would not end by itself."""

    def unblocked(self) -> None:
        """The broker reads again."""

    def opened(self) -> None:
        """The connection stands."""

    def lost(self) -> None:
        """The connection has gone."""

    def _dial(self) -> None:
        self.world.later(self.world.delay(DIAL_SECONDS), self._open, self.process)

    def _open(self) -> None:
        if not self.broker.up:
            self._dial()
            return
        self.generation += 1
        self.open = True
        self._there_at = self._back_at = 0.0
        self.broker.connected.append(self)
        self.opened()

    def _lost_and_dial(self) -> None:
        self.lost()
        self._dial()

    def _arrive(self, generation: int, arrive: Do) -> None:
        if not self.broker.up:
            return
        is_open = self.open and generation == self.generation
        if is_open or self.world.seconds <= self._cuts.get(generation, 0.0):
            arrive()

    def _delay(self) -> float:
        slow = SLOW_SECONDS if self.chaos.happens("message.slow") else 0.0
        return self.world.delay() + slow * self.world.random.random()


class Publisher(Link):
    """Implements ``hub.ports.Publisher``."""

    def __init__(self, process: Process, broker: Broker, chaos: Chaos, account: str) -> None:
        self._account = account
        self._number = 0
        self._under_way: OrderedDict[int, tuple[Callable[[Published], None], float]] = (
            OrderedDict()
        )
        self._unread: list[Do] = []
        self._told_blocked = False
        self._withheld = False
        super().__init__(process, broker, chaos)

    def ready(self) -> bool:
        """Return whether the connection stands, is not blocked, and confirms keep coming."""
        return self.open and not self._told_blocked and not self._is_stalled()

    def publish(self, to: Address, wire: Wire, settled: Callable[[Published], None]) -> None:
        """Send; ``settled`` is called once, with how it ended."""
        self.chaos.at("publish")
        if not self.ready():
            settled(Published.NOT_SENT)
            return
        self._number += 1
        self._under_way[self._number] = settled, self.world.seconds
        self.send(partial(self._reach, self.generation, self._number, to, wire))
        self.chaos.at("published")

    def lost(self) -> None:
        """Nothing is known of what was under way."""
        self._told_blocked = self._withheld = False
        self._unread.clear()
        under_way, self._under_way = self._under_way, OrderedDict()
        for settled, _ in under_way.values():
            settled(Published.UNKNOWN)

    def heal(self) -> None:
        """Break where a confirm is withheld for ever, as a heartbeat or an operator would."""
        if self._withheld:
            self.broken()

    def unblocked(self) -> None:
        """Hear that it reads again, and have read what had been sent."""
        self._told_blocked = False
        unread, self._unread = self._unread, []
        for reach in unread:
            reach()

    def _is_stalled(self) -> bool:
        for _, sent_at in self._under_way.values():
            return self.world.seconds - sent_at > CONFIRM_SECONDS
        return False

    def _reach(self, generation: int, number: int, to: Address, wire: Wire) -> None:
        if self.broker.blocked:
            self._unread.append(partial(self._reach, generation, number, to, wire))
            self.answer(self._hear_blocked)
            return
        outcome = self.broker.publish(to, self._account, wire)
        self.world.trace(f"{self.broker.name} {outcome.value} {wire.message_id} {to.routing_key}")
        if outcome is Published.UNKNOWN:
            self.broken()
        elif self.chaos.happens("confirm.never"):
            self._withheld = True
        elif self.chaos.happens("confirm.late"):
            late = LATE_SECONDS * self.world.random.random() * 3
            self.world.later(late, partial(self._confirm, generation, number, outcome))
        else:
            self._confirm(generation, number, outcome)

    def _confirm(self, generation: int, number: int, outcome: Published) -> None:
        if generation == self.generation:
            self.answer(partial(self._settle, number, outcome))

    def _settle(self, number: int, outcome: Published) -> None:
        if number in self._under_way:
            settled, _ = self._under_way.pop(number)
            self.chaos.at("settle")
            settled(outcome)
            self.chaos.at("settled")

    def _hear_blocked(self) -> None:
        self._told_blocked = self.broker.blocked


class Consumer(Link):
    """Implements ``hub.ports.Consumer``."""

    def __init__(self, process: Process, broker: Broker, chaos: Chaos) -> None:
        self._subscriptions: list[Subscription] = []
        super().__init__(process, broker, chaos)

    def subscribe(
        self, queue: str, prefetch_max: int, deliver: Callable[[Delivery], None]
    ) -> Subscription:
        """Consume ``queue``."""
        return self._add(Subscription(self, queue, prefetch_max, deliver))

    def subscribe_exclusive(
        self, queue: str, prefetch_max: int, deliver: Callable[[Delivery], None]
    ) -> Subscription:
        """Consume a queue that goes with its connection."""
        return self._add(Subscription(self, queue, prefetch_max, deliver, exclusive=True))

    def subscribe_stream(
        self, stream: str, prefetch_max: int, deliver: Callable[[Delivery], None]
    ) -> Subscription:
        """Consume a stream."""
        return self.subscribe(stream, prefetch_max, deliver)

    def opened(self) -> None:
        """Subscribe anew."""
        for subscription in self._subscriptions:
            subscription.begin()

    def noticed(self, generation: int) -> None:
        """Give back what this connection held."""
        for subscription in self._subscriptions:
            subscription.give_back(generation)

    def _add(self, subscription: Subscription) -> Subscription:
        self._subscriptions.append(subscription)
        if self.open:
            subscription.begin()
        return subscription
