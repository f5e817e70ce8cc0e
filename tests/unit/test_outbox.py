"""What was committed leaves, and only that; what was not confirmed leaves again."""

import itertools
from collections.abc import Callable

import pytest

from adapters.memory.store import MemoryStore
from hub.envelope import Message, Wire
from hub.errors import DatabaseAway
from hub.outbox import HELD_SECONDS_MAX, IN_FLIGHT_MAX, Outbox
from hub.ports import Address, Published
from hub.trace import Tracer
from tests.unit.hub_world import CountedMetrics, MovedClock, booking


class ScriptedPublisher:
    """Settles each publish when and how the test says."""

    def __init__(self) -> None:
        self.up = True
        self.sent: list[tuple[Address, Wire, Callable[[Published], None]]] = []

    def ready(self) -> bool:
        """Return whether it would send."""
        return self.up

    def publish(self, to: Address, wire: Wire, settled: Callable[[Published], None]) -> None:
        """Keep it until the test settles it."""
        self.sent.append((to, wire, settled))

    def settle(self, outcome: Published) -> None:
        """End all that is under way."""
        sent, self.sent = self.sent, []
        for _, _, settled in sent:
            settled(outcome)

    def settle_each(self, outcome: Published, *, replies: Published) -> None:
        """End all that is under way, replies in a way of their own."""
        sent, self.sent = self.sent, []
        for to, _, settled in sent:
            settled(replies if to.routing_key == "replies" else outcome)


class World:
    """An outbox over a store in memory."""

    def __init__(self, tracer: Tracer | None = None) -> None:
        self.store = MemoryStore()
        self.publisher = ScriptedPublisher()
        self.clock = MovedClock()
        self.metrics = CountedMetrics()
        self.outbox = Outbox(
            self.store,
            self.publisher,
            lambda function: function(),
            account="ticketing-1",
            clock=self.clock,
            metrics=self.metrics,
            tracer=tracer,
        )

    def commit(self, *messages: Message) -> None:
        """Commit messages to the outbox."""
        with self.store.unit() as unit:
            unit.send(messages)


def edition() -> Message:
    """Return a document to be published."""
    return booking(type="Offers.1")


def answer(reply_to: str = "replies.gateway-1.b00t") -> Message:
    """Return a reply to a booking."""
    return booking(type="PlaceBookingResponse.1", reply_to=reply_to)


def test_a_row_is_published_once_and_marked_when_it_is_confirmed() -> None:
    """While a publish is under way the row is not published again."""
    world = World()
    world.commit(answer())
    assert (world.outbox.publish_soon(), world.outbox.publish_soon()) == (1, 0)
    world.publisher.settle(Published.CONFIRMED)
    assert world.outbox.mark() == 1
    assert world.store.unsent(10) == []


def test_what_was_not_confirmed_is_published_again() -> None:
    """A lost connection and a stall only delay."""
    world = World()
    world.commit(answer())
    for outcome in (Published.UNKNOWN, Published.NOT_SENT):
        world.outbox.publish_soon()
        world.publisher.settle(outcome)
        assert world.outbox.mark() == 0
    assert world.outbox.publish_soon() == 1


def test_a_reply_to_a_queue_that_has_gone_is_done() -> None:
    """Its outcome is stored; nobody waits for it any more."""
    world = World()
    world.commit(answer("replies.staff-1.gone"))
    world.outbox.publish_soon()
    world.publisher.settle(Published.RETURNED)
    assert world.outbox.mark() == 1


def test_what_is_not_a_reply_is_kept_when_no_queue_takes_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It stays unsent, is tried again ever more rarely, said once, and leaves in the end."""
    world = World()
    world.commit(edition(), answer())
    tried = []
    for _ in range(120):
        if world.outbox.publish_soon():
            tried.append(world.clock.monotonic())
        world.publisher.settle_each(Published.RETURNED, replies=Published.CONFIRMED)
        world.outbox.mark()
        world.clock.move(seconds=1)
    assert [number for number, _ in world.store.unsent(10)] == [1]
    pauses = [later - earlier for earlier, later in itertools.pairwise(tried)]
    assert len(pauses) >= 5
    for pause, seconds in zip(pauses, (1, 2, 4, 8, 16, 32, 60, 60), strict=False):
        assert seconds / 2 <= pause <= seconds
    assert [record.message for record in caplog.records] == ["outbox.held_back"]
    assert world.metrics.counts["lupu_outbox_held_back_total returned"] == len(tried)
    world.clock.move(seconds=HELD_SECONDS_MAX)
    world.outbox.publish_soon()
    world.publisher.settle(Published.CONFIRMED)
    assert world.outbox.mark() == 1
    assert world.store.unsent(10) == []


def test_a_full_queue_is_not_tried_at_every_turn(caplog: pytest.LogCaptureFixture) -> None:
    """Replies that it refuses stay, said once, while staff on another queue are answered."""
    world = World()
    world.commit(answer(), answer("replies.staff-1.b00t"))
    world.outbox.publish_soon()
    gateway, staff = world.publisher.sent
    world.publisher.sent = []
    gateway[2](Published.REFUSED)
    staff[2](Published.CONFIRMED)
    assert world.outbox.mark() == 1
    assert sum(world.outbox.publish_soon() for _ in range(100)) == 0
    assert [record.message for record in caplog.records] == ["outbox.held_back"]
    assert len(world.store.unsent(10)) == 1


def test_one_that_a_queue_takes_brings_out_all_that_it_refused() -> None:
    """Nobody waits for the end of a pause once there is room."""
    world = World()
    world.commit(answer(), answer())
    world.outbox.publish_soon()
    world.publisher.settle(Published.REFUSED)
    world.outbox.mark()
    world.commit(answer())
    assert world.outbox.publish_soon() == 1
    world.publisher.settle(Published.CONFIRMED)
    world.outbox.mark()
    assert world.outbox.publish_soon() == 2


def test_what_is_held_back_does_not_hold_up_the_rest() -> None:
    """However many editions nobody takes, replies leave."""
    world = World()
    world.commit(*(edition() for _ in range(IN_FLIGHT_MAX)), answer())
    world.outbox.publish_soon()
    world.publisher.settle(Published.RETURNED)
    world.outbox.mark()
    assert world.outbox.publish_soon() == 1
    world.publisher.settle(Published.CONFIRMED)
    assert world.outbox.mark() == 1


def test_what_was_confirmed_while_the_database_was_away_is_marked_afterwards() -> None:
    """It is not published again meanwhile, and not forgotten either."""
    world = World()
    world.commit(answer())
    world.outbox.publish_soon()
    world.publisher.settle(Published.CONFIRMED)
    world.store.away = True
    with pytest.raises(DatabaseAway):
        world.outbox.mark()
    world.store.away = False
    assert world.outbox.publish_soon() == 0
    assert world.outbox.mark() == 1
    assert world.store.unsent(10) == []


def test_replies_to_staff_stay_inside_and_all_others_go_to_the_channel() -> None:
    """A staff page waits on the inside broker itself."""
    world = World()
    world.commit(answer("replies.staff-1.b00t"), answer(), booking(type="Offers.1"))
    world.outbox.publish_soon()
    assert [to for to, _, _ in world.publisher.sent] == [
        Address("replies", "replies.staff-1.b00t"),
        Address("outward", "replies"),
        Address("outward", "published.Offers.1"),
    ]
    assert [wire.persistent for _, wire, _ in world.publisher.sent] == [False, False, True]


def test_nothing_is_read_while_the_broker_is_away() -> None:
    """Rows stay where they are until they can leave."""
    world = World()
    world.commit(answer())
    world.publisher.up = False
    assert world.outbox.publish_soon() == 0
