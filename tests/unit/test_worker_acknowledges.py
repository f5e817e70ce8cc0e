"""A worker acknowledges what is committed, and not before."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from functools import partial

from adapters.memory.broker import MemoryBroker
from adapters.memory.links import MemoryPublisher
from adapters.memory.loop import MemoryLoop
from adapters.memory.store import MemoryStore, MemoryUnit
from adapters.quarantine.keeping import REASON, restored
from hub.envelope import Wire, from_wire, to_wire
from hub.errors import DatabaseAway
from hub.messages import INWARD_EXCHANGE, QUARANTINE_QUEUE
from hub.outbox import Outbox
from hub.ports import Address, Published, Taken
from tests.contract.transports import until
from tests.unit.hub_world import booking
from tests.unit.test_worker import PACE, QUEUE, World


def test_what_is_not_committed_is_not_acknowledged() -> None:
    """While the database is away the broker keeps every request; afterwards each leaves it."""
    with closing(World()) as world:
        world.store.away = True
        for number in range(3):
            world.send(f"A-{number}")
        assert until(lambda: world.held() == 3)
        time.sleep(5 * PACE.retry_seconds_max)
        assert world.held() == 3
        world.store.away = False
        assert until(lambda: world.held() == 0)
        assert all(world.handled(f"A-{number}") for number in range(3))


class GoesAway:
    """Lets a store's first unit, that of the whole batch, fail, and its third one, once."""

    def __init__(self, store: MemoryStore) -> None:
        self._count = 0
        self._store = store
        self._unit = store.unit

    def unit(self) -> AbstractContextManager[MemoryUnit]:
        """Open a transaction, or be away."""
        self._count += 1
        if self._count in (1, 3):
            raise DatabaseAway("It failed over just now.")
        return self._unit()


def test_what_was_committed_before_the_database_went_away_is_taken_in_once() -> None:
    """A batch that meets it half-way goes on from there: one line in the book, one reply each."""
    world = World(start=False)
    wires = [world.send(f"A-{number}") for number in range(3)]
    world.store.unit = GoesAway(world.store).unit  # type: ignore[method-assign,assignment]
    world.start()
    with closing(world):
        assert until(lambda: world.held() == 0 and world.handled("A-2"))
        assert until(lambda: world.broker.depth("outward.replies") == 3)
    assert world.store.taken() == [(from_wire(wire), Taken.FIRST) for wire in wires]
    assert world.metrics.counts["lupu_inbox_repeats_total"] == 0


def test_a_worker_that_ends_before_its_commit_leaves_the_request_in_the_queue() -> None:
    """Whoever dies with a request in hand has not taken it away from the others."""
    with closing(World()) as world:
        world.store.away = True
        world.send("A-1")
        assert until(lambda: world.held() == 1)
        time.sleep(5 * PACE.retry_seconds_max)
    world.subscription().pause()
    assert world.broker.depth(QUEUE) == 1


def test_what_can_be_neither_handled_nor_parked_is_kept_in_the_quarantine() -> None:
    """It leaves the queue only for there, with its reason, and the others are handled."""
    with closing(World()) as world:
        world.store.parks = False
        wire = world.send("A-1", b"unreadable")
        world.send("A-2")
        (kept,) = world.kept()
        assert restored([kept]) == wire
        assert kept.headers[REASON].startswith("Unkept: ")
        assert until(lambda: world.handled("A-2"))


class LatePublisher(MemoryPublisher):
    """Confirms what it publishes a moment later."""

    def __init__(self, broker: MemoryBroker, loop: MemoryLoop) -> None:
        super().__init__(broker, "ticketing-1")
        self._loop = loop

    def publish(self, to: Address, wire: Wire, settled: Callable[[Published], None]) -> None:
        """Route at once, settle later."""
        later = partial(self._loop.call_later, 0.1)
        super().publish(to, wire, lambda outcome: later(partial(settled, outcome)))


class LateWorld(World):
    """A worker whose broker confirms late."""

    def _outbox(self, _publisher: MemoryPublisher) -> Outbox:
        return super()._outbox(LatePublisher(self.broker, self.loop))


def test_a_worker_that_ends_waits_for_the_confirms_under_way() -> None:
    """Whoever comes next would publish again what it left unmarked."""
    world = LateWorld()
    world.send("A-1")
    assert until(lambda: world.broker.depth("outward.replies") == 1)
    world.close()
    assert world.store.unsent(10) == []


def test_a_worker_that_ends_marks_what_it_has_published() -> None:
    """Whoever comes next would publish it again."""
    world = World(replace(PACE, mark_seconds=3_600.0))
    world.send("A-1")
    assert until(lambda: world.broker.depth("outward.replies") == 1)
    world.close()
    assert world.store.unsent(10) == []


def test_what_nobody_may_bring_is_in_no_book() -> None:
    """An account inside cannot have another's transmission counted as quarantined."""
    world = World()
    wire = to_wire(booking("A-1", body=b"invalid"), account="staff-1")
    world.broker.route(Address(INWARD_EXCHANGE, QUEUE), "staff-1", wire)
    assert until(lambda: world.broker.depth(QUARANTINE_QUEUE) == 1)
    world.close()
    assert world.store.taken() == []
