"""A quarantine in an operator's hand, over a connection that breaks like any other."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from adapters.memory.hand import MemoryHand
from hub.envelope import Wire
from hub.errors import BrokerAway, InHand
from hub.messages import QUARANTINE_HAND
from hub.ports import Address, Delivery, Published
from tests.simulation.broker import Broker
from tests.simulation.chaos import Chaos
from tests.simulation.world import Process


class Hand(MemoryHand):
    """Implements ``adapters.quarantine.entries.Hand``; whoever uses it waits for the broker."""

    def __init__(self, process: Process, broker: Broker, chaos: Chaos) -> None:
        super().__init__(broker.memory, process.name)
        self.broker = broker
        self._process = process
        self._world = process.world
        self._chaos = chaos
        self._open = True
        process.links.append(self)
        broker.connected.append(self)

    def take(self) -> Delivery | None:
        """Take the next message."""
        if not self._open:
            raise BrokerAway("The connection broke.")
        return super().take()

    def publish(self, to: Address, wire: Wire) -> Published:
        """Publish and wait for how it ended, as far as that is heard."""
        self._enough = True
        self._chaos.at("publish")
        if not self._open or self.broker.blocked:
            return Published.NOT_SENT
        if self._chaos.happens("confirm.never"):
            self.broken()
        self._hop()
        if not self._open:
            return Published.UNKNOWN
        outcome = self.broker.publish(to, self._process.name, wire)
        self._world.trace(f"{self.broker.name} {outcome.value} again {wire.message_id}")
        self._chaos.at("published")
        self._hop()
        heard = self._open and not self._chaos.happens("confirm.never")
        return outcome if heard else Published.UNKNOWN

    def acknowledge(self, tags: Sequence[int]) -> bool:
        """Take these out for good."""
        self._enough = True
        self._chaos.at("acknowledge")
        self._hop()
        if not self._open:
            return False
        done = super().acknowledge(tags)
        self._chaos.at("acknowledged")
        return done

    def give_back(self) -> None:
        """Give back what is not acknowledged, once."""
        super().give_back()
        self._taken.clear()

    def broken(self) -> None:
        """Break: the broker gives back what was held."""
        if self._open:
            self._open = False
            self.give_back()

    def close(self) -> None:
        """Be laid down, or end with its process."""
        self.broken()
        self.broker.connected.remove(self)
        self._process.links.remove(self)

    def abandon(self) -> None:
        """Its process has ended, and with it this."""
        self.broken()

    def heal(self) -> None:
        """There is nothing in it that does not end by itself."""

    def unblocked(self) -> None:
        """Publishing looks for itself."""

    def _hop(self) -> None:
        self._world.sleep(self._world.delay())


@contextmanager
def hand(process: Process, broker: Broker, chaos: Chaos) -> Iterator[Hand]:
    """Take the quarantine of ``broker`` in hand; InHand where somebody else has it."""
    in_hand = broker.memory.in_hand
    if not broker.up:
        raise BrokerAway("The broker is away.")
    if QUARANTINE_HAND in in_hand:
        raise InHand("Somebody else has it.")
    in_hand.add(QUARANTINE_HAND)
    taken = Hand(process, broker, chaos)
    try:
        yield taken
    finally:
        taken.close()
        in_hand.discard(QUARANTINE_HAND)
