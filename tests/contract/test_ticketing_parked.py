"""Nothing disappears: what failed by itself is kept, looked at, and handled again."""

import itertools

import pytest

from adapters.database import Database, ParkedMessages
from hub.envelope import Message
from hub.errors import NotAllowed
from hub.ports import InboxState
from tests.unit.ticketing.balance import unbalanced
from tests.unit.ticketing.world import World, booking_values

_WORLDS = itertools.count(1)


@pytest.fixture
def world(ticketing_database: Database) -> World:
    """Offer a worker on each database."""
    return World(ticketing_database, name=f"K{next(_WORLDS)}")


def park(world: World, message: Message) -> None:
    """Leave a message as the inbox leaves one that failed."""
    digest = world.schemas.digest("{urn:lupu:ticketing:1}PlaceBooking", message.body)
    with world.store.unit() as unit:
        unit.park(message, digest, "ValueError: a mistake of ours")


def test_a_released_message_is_handled_once(world: World) -> None:
    """After the mistake is mended it has its outcome; a repeat gets the same."""
    message, parked = world.message("PlaceBooking", booking_values()), ParkedMessages(world.store)
    park(world, message)
    assert world.outcome(message).code == "PENDING"
    assert world.handle(message)[0].code == "PENDING"
    (kept,) = [entry for entry in parked.all() if entry.request_id == str(message.id)]
    assert (kept.type, kept.reason) == ("PlaceBooking.1", "ValueError: a mistake of ours")
    assert parked.message(str(message.id)) == message
    parked.release(str(message.id))
    world.inbox.wake_due()
    (said,) = world.said()
    assert said.code == "DONE"
    assert world.handle(message) == [said]
    assert str(message.id) not in [entry.request_id for entry in parked.all()]
    assert unbalanced(world.database) == []


def test_only_what_is_parked_can_be_released(world: World) -> None:
    """A request that has its outcome is not handled again by mistake."""
    message, parked = world.message("PlaceBooking", booking_values()), ParkedMessages(world.store)
    world.handle(message)
    for request in (str(message.id), "agent:1001/PlaceBooking/NEVER"):
        with pytest.raises(NotAllowed, match="parked"):
            parked.release(request)
    with world.store.reading() as unit:
        entry = unit.entry(message.id)
    assert entry is not None
    assert entry.state is InboxState.HANDLED
