"""Nothing disappears: what failed by itself is kept, looked at, and handled again."""

import itertools

import pytest
import sqlalchemy as sa

from adapters.database import Database, ParkedMessages
from hub.envelope import Message
from hub.errors import NotAllowed
from hub.ports import InboxEntry, InboxState
from internal_apps.ticketing import quotas
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
        entry = InboxEntry(message.id, digest, InboxState.PARKED, None, "")
        unit.park(message, entry, "ValueError: a mistake of ours")


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


class Broken:
    """Takes places unless it is broken: a mistake of ours that is mended later."""

    def __init__(self) -> None:
        self.broken = False

    def __call__(self, connection: sa.Connection, row: int, places: int) -> bool:
        """Take places, or break."""
        if self.broken:
            raise ZeroDivisionError
        return quotas.take(connection, row, places)


def test_what_comes_after_a_failure_waits_for_it(ticketing_database: Database) -> None:
    """An agency names its booking by its own reference, a clerk by ours: it is one booking."""
    taking = Broken()
    world = World(ticketing_database, taking=taking, name=f"K{next(_WORLDS)}")
    place = world.message("PlaceBooking", booking_values())
    placed = {"PlacedAs": place.id.reference}
    ours = world.handle(place)[0].booking["BookingReference"]
    lines = {"Lines": booking_values(quantity=3)["Lines"]}
    broken = world.message("ChangeBooking", {**placed, "Version": 1, **lines})
    taking.broken = True
    assert world.handle(broken) == []
    confirm = world.message("ConfirmBooking", {"BookingReference": ours, "Version": 2}, "staff:w")
    cancel = world.message("CancelBooking", {**placed, "Version": 3})
    assert world.handle(confirm, cancel, confirm)[0].code == "PENDING"
    taking.broken = False
    assert world.place().code == "DONE"
    world.clock.move(seconds=5)
    world.inbox.wake_due()
    outcomes = [world.outcome(one).code for one in (broken, confirm, cancel)]
    assert outcomes == ["DONE"] * 3
    assert unbalanced(world.database) == []
