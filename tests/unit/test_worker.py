"""A worker loses nothing that it refuses, whatever happens to the quarantine or the database."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest

from adapters.memory.broker import MemoryBroker, inside_broker
from adapters.memory.links import MemoryConsumer, MemoryPublisher, MemorySubscription
from adapters.memory.loop import MemoryLoop
from adapters.memory.store import MemoryStore
from adapters.quarantine import REASON, QueueQuarantine, restored
from hub.envelope import Message, Wire, from_wire, to_wire
from hub.errors import DatabaseAway, InvalidBody
from hub.guard import INSIDE, Guard
from hub.handling import Handled
from hub.inbox import Inbox
from hub.intake import Source
from hub.messages import (
    INWARD_EXCHANGE,
    ONCE,
    QUARANTINE_QUEUE,
    Direction,
    Lane,
    inside_queue,
    lanes,
)
from hub.outbox import Outbox
from hub.ports import Address, Answer, Taken, Unit
from hub.worker import Pace, RequestWorker
from tests.contract.transports import until
from tests.unit.hub_world import CountedMetrics, MovedClock, PlainContracts, booking
from tests.unit.test_inbox import REFUSALS

QUEUE = "ticketing.requests"
PACE = Pace(idle_seconds=0.01, retry_seconds_min=0.02, retry_seconds_max=0.1, mark_seconds=0.01)


class PoisonedContracts(PlainContracts):
    """Contracts with a mistake in them."""

    def check(self, element: str, body: bytes) -> None:
        """Break at a certain body."""
        if b"poison" in body:
            raise ZeroDivisionError
        super().check(element, body)

    def digest(self, element: str, body: bytes) -> str:
        """Fail for another, which the check let pass."""
        if b"unreadable" in body:
            raise InvalidBody("No calendar holds this day.")
        return super().digest(element, body)


def books(message: Message, _unit: Unit, _now: datetime) -> Handled:
    """Answer; there is nothing to do."""
    return Handled(Answer("PlaceBookingResponse.1", message.body), "DONE")


class World:
    """A worker on brokers and a database in memory, its loop on a thread."""

    def __init__(
        self,
        pace: Pace = PACE,
        *,
        start: bool = True,
        contracts: PlainContracts | None = None,
        store: MemoryStore | None = None,
    ) -> None:
        self.broker: MemoryBroker = inside_broker()
        self.store, self.clock = store or MemoryStore(), MovedClock()
        self.metrics = CountedMetrics()
        self.loop = MemoryLoop()
        publisher = MemoryPublisher(self.broker, "ticketing-1")
        contracts = contracts or PoisonedContracts()
        self.worker = RequestWorker(
            Inbox(
                self.store,
                {"PlaceBooking.1": books},
                contracts=contracts,
                refusals=REFUSALS,
                clock=self.clock,
                metrics=self.metrics,
            ),
            self._outbox(publisher),
            Guard(Direction.INWARD, (Lane.REQUESTS,), contracts, self.clock, INSIDE),
            run=self.loop.call,
            quarantine=QueueQuarantine(publisher, "ticketing-1", self.clock),
            metrics=self.metrics,
            pace=pace,
            chores=lambda: None,
        )
        sources = {
            lane: Source(inside_queue("ticketing", lane), 100) for lane in lanes("ticketing")
        }
        self.worker.start(MemoryConsumer(self.loop, self.broker), sources)
        self._thread = threading.Thread(target=self.worker.run)
        if start:
            self.start()

    def start(self) -> None:
        """Let broker and worker go on."""
        self.loop.start_thread("broker")
        self._thread.start()

    def _outbox(self, publisher: MemoryPublisher) -> Outbox:
        return Outbox(
            self.store,
            publisher,
            self.loop.call,
            account="ticketing-1",
            clock=self.clock,
            metrics=self.metrics,
        )

    def send(self, reference: str, body: bytes = b"<PlaceBooking/>") -> Wire:
        """Publish a request as the hub does."""
        wire = to_wire(booking(reference, body=body), account="hub-1")
        self.broker.route(Address(INWARD_EXCHANGE, QUEUE), "hub-1", wire)
        return wire

    def held(self) -> int:
        """Return how many deliveries are not acknowledged."""
        return len(self.subscription()._held)

    def subscription(self) -> MemorySubscription:
        """Return how the worker takes what is ordinary."""
        subscription = self.worker._intake._subscriptions[ONCE.index(Lane.REQUESTS)]
        assert isinstance(subscription, MemorySubscription)
        return subscription

    def handled(self, reference: str) -> bool:
        """Return whether a request has its outcome."""
        return f"agent:1001/PlaceBooking/{reference}" in self.store.books.inbox

    def declare_quarantine(self) -> None:
        """Let the quarantine be there again."""
        self.broker.declare(QUARANTINE_QUEUE)

    def kept(self, count: int = 1) -> list[Wire]:
        """Wait until so many lie in the quarantine and nothing is held; take them."""
        found: list[Wire] = []

        def came() -> bool:
            found.extend(self.broker.take_all(QUARANTINE_QUEUE))
            return len(found) >= count and self.held() == 0

        assert until(came), (len(found), self.held())
        return found

    def close(self) -> None:
        """End both threads."""
        self.worker.stop()
        self._thread.join()
        self.loop.stop()


@pytest.fixture
def world() -> Iterator[World]:
    """Offer a worker at work."""
    made = World()
    yield made
    made.close()


def events(caplog: pytest.LogCaptureFixture, *names: str) -> list[str]:
    """Return what was said of ``names``, in order."""
    return [record.message for record in caplog.records if record.message in names]


def test_what_is_refused_is_kept_with_its_reason_and_acknowledged(world: World) -> None:
    """It leaves the queue only for the quarantine."""
    wire = world.send("A-1", b"invalid")
    (kept,) = world.kept()
    assert restored([kept]) == wire
    assert kept.headers[REASON].startswith("InvalidBody: ")


def test_what_is_refused_is_in_the_inside_book_before_it_is_acknowledged(world: World) -> None:
    """What the hub brought counts as taken in, and not as lost, though the database was away."""
    world.store.away = True
    wire = world.send("A-1", b"invalid")
    assert until(lambda: "lupu_worker_refused_total" in world.metrics.counts)
    time.sleep(PACE.retry_seconds_max)
    assert world.held() == 1
    world.store.away = False
    world.kept()
    assert world.store.taken() == [(from_wire(wire), Taken.QUARANTINED)]


def test_what_breaks_the_guard_is_kept_and_does_not_end_the_worker(world: World) -> None:
    """A mistake in the guard costs one message its way, no process its life."""
    world.send("A-1", b"poison")
    world.send("A-2")
    (kept,) = world.kept()
    assert kept.headers[REASON] == "GuardBroken: ZeroDivisionError in the guard."
    assert until(lambda: world.handled("A-2"))


def test_while_the_quarantine_takes_nothing_the_refused_wait_and_the_others_go_on(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Each is offered until it is kept, once; it is said once when it begins and when it ends."""
    caplog.set_level("INFO")
    world.broker.delete(QUARANTINE_QUEUE)
    refused = [world.send(f"A-{number}", b"invalid") for number in range(3)]
    world.send("A-9")
    assert until(lambda: world.handled("A-9") and world.held() == 3)
    time.sleep(5 * PACE.retry_seconds_max)
    assert world.metrics.gauges["lupu_quarantine_waiting worker"] == 3
    world.declare_quarantine()
    assert [restored([one]) for one in world.kept(3)] == refused
    assert not until(lambda: world.broker.depth(QUARANTINE_QUEUE) > 0, seconds=0.3)
    said = events(caplog, "worker.refused", "quarantine.away", "quarantine.back")
    assert said == ["worker.refused"] * 3 + ["quarantine.away", "quarantine.back"]
    assert world.metrics.gauges["lupu_quarantine_waiting worker"] == 0


def test_the_pauses_between_offers_grow(world: World) -> None:
    """A quarantine that is away is asked ever more rarely, up to a bound."""
    offers: list[float] = []
    route = world.broker.route
    world.broker.delete(QUARANTINE_QUEUE)

    def counted(to: Address, account: str, wire: Wire) -> object:
        if to.routing_key == QUARANTINE_QUEUE:
            offers.append(time.monotonic())
        return route(to, account, wire)

    world.broker.route = counted  # type: ignore[assignment,method-assign]
    world.send("A-1", b"invalid")
    assert until(lambda: len(offers) == 6)
    pauses = [later - earlier for earlier, later in itertools.pairwise(offers)]
    assert all(
        pause >= least for pause, least in zip(pauses, (0.01, 0.02, 0.04, 0.05), strict=False)
    )


def lose(world: World) -> Callable[[], None]:
    """Return what breaks the worker's consuming connection."""

    def lost() -> None:
        subscription = world.subscription()
        subscription.lose()
        subscription.wake()

    return lost


def test_a_reconnect_meanwhile_makes_no_second_copy(world: World) -> None:
    """What is delivered anew while it waits is kept once, and the new delivery acknowledged."""
    world.broker.delete(QUARANTINE_QUEUE)
    refused = [world.send(f"A-{number}", b"invalid") for number in range(2)]
    refused += [world.send("A-1", b"invalid")]
    assert until(lambda: world.held() == 3)
    for _ in range(3):
        world.loop.call(lose(world))
        time.sleep(0.05)
    world.declare_quarantine()
    kept = [restored([one]) for one in world.kept(3)]
    assert sorted(kept, key=str) == sorted(refused, key=str)
    assert not until(lambda: world.broker.depth(QUARANTINE_QUEUE) > 0, seconds=0.3)


def test_a_database_that_is_away_makes_no_second_copy(world: World) -> None:
    """What was refused in a batch is not refused anew each time the batch is tried again."""
    world.store.away = True
    world.send("A-1", b"invalid")
    world.send("A-2")
    time.sleep(5 * PACE.retry_seconds_max)
    assert world.broker.depth(QUARANTINE_QUEUE) == 1
    assert not world.handled("A-2")
    world.store.away = False
    assert until(lambda: world.handled("A-2"))
    assert len(world.kept()) == 1


def test_what_was_handled_is_not_handled_anew_when_only_publishing_fails(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that goes away between the two costs no repeat."""

    def away(_limit: int) -> None:
        raise DatabaseAway("Gone between two transactions.")

    with monkeypatch.context() as patched:
        patched.setattr(world.store, "unsent", away)
        world.send("A-1")
        assert until(lambda: world.handled("A-1") and world.held() == 0)
        time.sleep(5 * PACE.retry_seconds_max)
    assert until(lambda: world.broker.depth("outward.replies") == 1)
    assert world.metrics.counts["lupu_inbox_repeats_total"] == 0
