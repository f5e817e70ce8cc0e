"""A quarantine in hand while something dies, is full, or is far too much."""

import subprocess
import tracemalloc
from collections.abc import Iterator
from functools import partial

import pytest

from adapters.amqp.hand import PREFETCH
from hub.envelope import Wire
from hub.errors import InHand
from hub.messages import QUARANTINE_QUEUE
from hub.parking import End
from hub.ports import Published
from tests.contract.dying_operator import arguments
from tests.contract.shelves import OPERATOR, REQUESTS, World, on_rabbitmq, wire
from tests.contract.transports import until
from tests.servers.brokers import Brokers

MIB = 1_024 * 1_024
MANY = 10_000
LARGE = 45


@pytest.fixture
def world(brokers: Brokers) -> Iterator[World]:
    """Offer an empty quarantine on RabbitMQ."""
    made = on_rabbitmq(brokers)
    yield made
    made.side.close()


def in_hand(world: World) -> bool:
    """Return whether somebody has the quarantine in hand."""
    try:
        world.listed()
    except InHand:
        return True
    return False


def test_who_is_killed_after_the_confirm_leaves_a_second_copy_and_no_loss(
    world: World, brokers: Brokers
) -> None:
    """The kept one is there as before, and goes on once more when asked; nobody is locked out."""
    world.keep(wire("A-1"), wire("A-2"))
    before = world.listed()
    died = subprocess.run(arguments(brokers.outside(OPERATOR), before[0].id), check=False)
    assert died.returncode == -9
    assert until(lambda: not in_hand(world))
    assert world.listed() == before
    assert world.shelf.replay([before[0].id], world.trail)[0].end is End.DONE
    sent = wire("A-1")._replace(user_id=OPERATOR)
    assert world.arrived(2) == [sent, sent]
    assert world.listed() == before[1:]


def test_ten_thousand_are_listed_and_the_last_of_them_is_found(world: World) -> None:
    """In their order, with the number of each kind; none is lost by looking."""
    settled: list[Published] = []
    for start in range(0, MANY, 1_000):
        kept = [wire(f"A-{number}") for number in range(start, start + 1_000)]

        def keep(wires: list[Wire] = kept) -> None:
            for one in wires:
                world.clock.move(seconds=0.001)
                world.quarantine.keep(one, "NotAllowed: no", settled.append)

        world.side.call(keep)
        assert until(lambda count=start + 1_000: len(settled) == count, 60)  # type: ignore[misc]
    listing = world.shelf.list(count_max=MANY)
    assert [kept.request_id.rpartition("-")[2] for kept in listing.kept] == [
        *map(str, range(MANY))
    ]
    assert (listing.kinds, listing.more) == ({"NotAllowed": MANY}, False)
    last = listing.kept[-1]
    assert world.shelf.replay([last.id], world.trail)[0].end is End.DONE
    assert len(world.arrived(1)) == 1
    after = world.shelf.list(count_max=MANY)
    assert list(after.kept) == list(listing.kept[:-1])


def test_a_full_quarantine_is_looked_through_in_little_memory(world: World) -> None:
    """Hundreds of megabytes take no more than one consumer's share at a time."""
    body = bytes(8 * MIB - 1)
    for number in range(LARGE):
        world.keep(wire(f"A-{number}", body=body))
    tracemalloc.start()
    try:
        listing = world.shelf.list()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(listing.kept) == LARGE
    assert most < (PREFETCH + 4) * 8 * MIB


def test_a_full_quarantine_is_emptied_by_replays(own_brokers: Brokers) -> None:
    """It takes nothing more, and still gives what it holds."""
    own_brokers.outside_broker.bound(QUARANTINE_QUEUE, 2)
    world = on_rabbitmq(own_brokers)
    outcomes: list[Published] = []

    def offer(reference: str) -> Published:
        count = len(outcomes)
        world.clock.move(seconds=1)
        keep = partial(world.quarantine.keep, wire(reference), "NotAllowed: no", outcomes.append)
        world.side.call(keep)
        assert until(lambda: len(outcomes) > count)
        return outcomes[-1]

    assert until(lambda: offer("A-1") is Published.REFUSED)
    names = [kept.id for kept in world.listed()]
    assert {ended.end for ended in world.shelf.replay(names, world.trail)} == {End.DONE}
    assert len(world.arrived(len(names))) == len(names)
    assert offer("A-2") is Published.CONFIRMED
    world.side.close()


def test_a_broker_that_dies_in_the_middle_keeps_what_it_had(own_brokers: Brokers) -> None:
    """Nothing is said to be done that is not, and nothing is lost, however young the broker."""
    own_brokers.outside_broker.destroy()
    own_brokers.start()
    world = on_rabbitmq(own_brokers)
    world.keep(wire("A-1"), wire("A-2"))
    before = world.listed()
    world.trail.at = own_brokers.outside_broker.kill
    first, second = world.shelf.replay([kept.id for kept in before], world.trail)
    assert first.end in (End.NOT_TAKEN, End.UNKNOWN)
    assert second.end is End.NOT_REACHED
    assert (world.trail.begun, world.trail.done) == ([first.id], [first])
    own_brokers.outside_broker.restart()
    assert until(lambda: own_brokers.outside_broker.queue_messages()[QUARANTINE_QUEUE] == 2)
    assert world.listed() == before
    assert own_brokers.outside_broker.queue_messages()[REQUESTS] == 0
    world.side.close()
