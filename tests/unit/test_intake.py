"""What a worker takes from its lanes, and in which order."""

from queue import SimpleQueue

from adapters.memory.broker import inside_broker
from adapters.memory.links import MemoryConsumer, MemorySubscription
from adapters.memory.loop import MemoryLoop
from hub.envelope import to_wire
from hub.intake import Intake, Source, lane_of
from hub.messages import INWARD_EXCHANGE, ONCE, Lane, inside_queue
from hub.ports import Address, Delivery
from tests.unit.hub_world import booking

BATCH_MAX, PREFETCH = 10, 100


class World:
    """An intake of ticketing's lanes, on a broker in memory."""

    def __init__(self) -> None:
        self.loop, self.broker = MemoryLoop(), inside_broker()
        self.intake = Intake(SimpleQueue())
        sources = {lane: Source(inside_queue("ticketing", lane), PREFETCH) for lane in ONCE}
        self.intake.start(MemoryConsumer(self.loop, self.broker), sources)

    def send(self, lane: Lane, *references: str) -> None:
        """Publish requests on a lane, and have them delivered."""
        to = Address(INWARD_EXCHANGE, inside_queue("ticketing", lane))
        for reference in references:
            self.broker.route(to, "hub-1", to_wire(booking(reference), account="hub-1"))
        self.loop.pump()

    def take(self) -> list[str]:
        """Take a batch; return the references in it."""
        return [_reference(one) for one in self.intake.take(BATCH_MAX, 0.0)]


def _reference(delivery: Delivery) -> str:
    return delivery.wire.message_id.rpartition("/")[2]


def test_the_more_urgent_is_taken_first_whatever_waits_behind() -> None:
    """What came last goes first where its lane is more urgent; within a lane order is kept."""
    world = World()
    world.send(Lane.REQUESTS, *(f"R-{number}" for number in range(BATCH_MAX + 1)))
    assert len(world.take()) == BATCH_MAX
    world.send(Lane.URGENT, "U-1", "U-2")
    assert world.take() == ["U-1", "U-2"]
    assert world.take() == [f"R-{BATCH_MAX}"]
    assert world.take() == []


def test_of_bulk_one_is_taken_at_a_time() -> None:
    """Each is much: whoever is more urgent waits for one at the most."""
    world = World()
    world.send(Lane.BULK, "B-1", "B-2")
    assert world.take() == ["B-1"]
    world.send(Lane.REQUESTS, "R-1")
    assert world.take() == ["R-1"]
    assert world.take() == ["B-2"]


def test_each_is_acknowledged_on_the_lane_on_which_it_came() -> None:
    """Lanes have channels of their own, on which tags begin anew."""
    world = World()
    for lane in ONCE:
        world.send(lane, f"{lane.value}-1", f"{lane.value}-2")
    urgent = world.intake.take(BATCH_MAX, 0.0)
    assert [lane_of(one) for one in urgent] == [Lane.URGENT] * 2
    world.intake.acknowledge(urgent[0])
    # What is not acknowledged comes again when the connection breaks.
    for subscription in world.intake._subscriptions.values():
        assert isinstance(subscription, MemorySubscription)
        subscription.lose()
    left = {lane: world.broker.depth(inside_queue("ticketing", lane)) for lane in ONCE}
    assert left == {Lane.URGENT: 1, Lane.REQUESTS: 2, Lane.BULK: 2}
