"""What lies in a quarantine goes back to the guard that refused it, and is handled once."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest

from adapters.memory.broker import MemoryBroker
from adapters.memory.hand import hand
from adapters.quarantine import QuarantineShelf
from hub.channel import OFFER_SECONDS_MAX
from hub.envelope import from_wire, to_wire
from hub.flow import CALM_SECONDS
from hub.messages import INWARD_EXCHANGE, QUARANTINE_QUEUE
from hub.parking import End, Place
from hub.ports import Address, Published, Taken
from tests.contract.shelves import OPERATOR, Trail
from tests.contract.transports import until
from tests.unit import channel_world, test_worker
from tests.unit.hub_world import PlainContracts, booking

SOON = timedelta(minutes=10)


def shelf_of(broker: MemoryBroker, place: Place) -> QuarantineShelf:
    """Return the shelf of a broker's quarantine."""
    return QuarantineShelf(place, partial(hand, broker, OPERATOR), OPERATOR, PlainContracts())


@pytest.fixture
def inside() -> Iterator[test_worker.World]:
    """Offer a worker at work."""
    made = test_worker.World()
    yield made
    made.close()


def lies(world: test_worker.World, kind: str) -> str:
    """Wait until one of a kind lies in the inside quarantine; return its id."""
    shelf = shelf_of(world.broker, Place.INSIDE)
    assert until(lambda: shelf.list().kinds == {kind: 1} and world.held() == 0)
    return shelf.list().kept[0].id


def test_what_a_worker_refused_is_handled_when_the_reason_has_gone(
    inside: test_worker.World,
) -> None:
    """A clock that was wrong, say: it is brought again by an operator, and takes effect once."""
    message = booking("A-1", accepted_at=inside.clock.now() + SOON)
    to = Address(INWARD_EXCHANGE, test_worker.QUEUE)
    wire = to_wire(message, account="hub-1")
    assert inside.broker.route(to, "hub-1", wire) is Published.CONFIRMED
    first = lies(inside, "NotAllowed")
    shelf, trail = shelf_of(inside.broker, Place.INSIDE), Trail()
    assert shelf.replay([first], trail)[0].end is End.DONE
    second = lies(inside, "NotAllowed")
    assert second != first
    assert not inside.handled("A-1")
    inside.clock.move(seconds=SOON.total_seconds())
    assert shelf.replay([second], trail)[0].end is End.DONE
    assert until(lambda: inside.handled("A-1"))
    assert shelf.list().kept == []
    taken = [what for _, what in inside.store.taken()]
    assert taken == [Taken.QUARANTINED, Taken.QUARANTINED, Taken.FIRST]


def test_what_could_be_neither_handled_nor_parked_is_handled_later(
    inside: test_worker.World,
) -> None:
    """It has a kind of its own, and its original."""
    inside.store.parks = False
    wire = inside.send("A-1", b"unreadable")
    name = lies(inside, "Unkept")
    shelf = shelf_of(inside.broker, Place.INSIDE)
    shown = shelf.show(name)
    assert shown is not None
    assert shown.wire == wire
    inside.store.parks = True
    assert shelf.replay([name], Trail())[0].end is End.DONE
    assert until(lambda: inside.handled("A-1"))
    assert shelf.list().kept == []


def test_what_waits_for_a_full_quarantine_is_kept_once_somebody_makes_room() -> None:
    """The hub puts there what it had set aside; nothing is lost and nothing is there twice."""
    world = channel_world.World()
    world.outside.limit(QUARANTINE_QUEUE, 2)
    world.queue_many(50, every=10)
    world.loop.pass_seconds(60)
    assert world.held() == 2
    shelf, trail = shelf_of(world.outside, Place.OUTSIDE), Trail()
    seen: list[str] = []
    while listed := shelf.list().kept:
        seen += [kept.request_id.rpartition("/")[2] for kept in listed]
        shelf.discard([kept.id for kept in listed], trail)
        world.loop.pass_seconds(OFFER_SECONDS_MAX + CALM_SECONDS)
    assert sorted(seen) == ["A-10", "A-20", "A-30", "A-40"]
    assert world.held() == 0


def test_what_the_outside_guard_refused_comes_to_it_again() -> None:
    """The hub takes it as from its gateway, and sends it on as what it was."""
    world = channel_world.World()
    world.keys.revoked.add("gateway-1")
    world.send(booking("A-1"))
    shelf = shelf_of(world.outside, Place.OUTSIDE)
    (kept,) = shelf.list().kept
    assert kept.reason.kind == "KeyNotTrusted"
    world.keys.revoked.clear()
    assert shelf.replay([kept.id], Trail())[0].end is End.DONE
    world.loop.pass_seconds(0)
    (arrived,) = world.inside.take_all("ticketing.requests")
    assert from_wire(arrived).transmission == booking().transmission
    assert shelf.list().kept == []
