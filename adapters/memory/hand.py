"""The quarantine of a broker in memory, in one person's hand."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from adapters.memory.broker import MemoryBroker, load
from hub.envelope import Wire
from hub.errors import BrokerAway, InHand
from hub.messages import QUARANTINE_HAND, QUARANTINE_QUEUE
from hub.ports import Address, Delivery, Published


class MemoryHand:
    """Implements ``adapters.quarantine.entries.Hand``."""

    def __init__(self, broker: MemoryBroker, account: str) -> None:
        self._broker = broker
        self._account = account
        self._taken: dict[int, bytes] = {}
        self._number = 0
        self._enough = False

    def take(self) -> Delivery | None:
        """Take the next message."""
        if not self._broker.up:
            raise BrokerAway("The broker in memory has been switched off.")
        body = None if self._enough else self._broker.take(QUARANTINE_QUEUE)
        if body is None:
            return None
        self._number += 1
        self._taken[self._number] = body
        return Delivery(load(body), self._number)

    def publish(self, to: Address, wire: Wire) -> Published:
        """Publish; settles at once."""
        self._enough = True
        return self._broker.route(to, self._account, wire)

    def acknowledge(self, tags: Sequence[int]) -> bool:
        """Take these out for good."""
        self._enough = True
        if not self._broker.up:
            return False
        for tag in tags:
            self._taken.pop(tag, None)
        return True

    def give_back(self) -> None:
        """Give back what is not acknowledged, in its order."""
        self._broker.put_back(QUARANTINE_QUEUE, list(self._taken.values()))


@contextmanager
def hand(broker: MemoryBroker, account: str) -> Iterator[MemoryHand]:
    """Take the quarantine of ``broker`` in hand; InHand where somebody else has it."""
    if not broker.up:
        raise BrokerAway("The broker in memory has been switched off.")
    with broker.lock:
        if QUARANTINE_HAND in broker.in_hand:
            raise InHand("Somebody else has the quarantine in hand; try again in a moment.")
        broker.in_hand.add(QUARANTINE_HAND)
    taken = MemoryHand(broker, account)
    try:
        yield taken
    finally:
        taken.give_back()
        broker.in_hand.discard(QUARANTINE_HAND)
