"""Corrections of parked messages: which holds, and that it is the one that was approved."""

import pytest

from adapters.database import Database
from adapters.database.parts import bytes_to_text, split
from hub.errors import NotAllowed
from hub.parking import End, Place
from hub.ports import InboxState
from internal_apps.parking.domain import State, approved
from internal_apps.parking.store import NewCorrection
from internal_apps.parking.tables import correction_parts
from tests.unit.parking.world import ParkingWorld
from tests.unit.ticketing.world import booking_values

PARKED = Place.PARKED


@pytest.fixture
def world(ticketing_database: Database) -> ParkingWorld:
    """Offer each database in turn."""
    return ParkingWorld(ticketing_database)


def test_the_last_approval_holds_and_can_be_taken_back(world: ParkingWorld) -> None:
    """An approval rejects the one before it; rejected itself, the original is replayed."""
    message = world.worker.message("PlaceBooking", booking_values())
    name = world.park(message)
    numbers = []
    for quantity in (b"3", b"4"):
        body = message.body.replace(b"<Quantity>2<", b"<Quantity>" + quantity + b"<")
        numbers.append(world.work.propose(PARKED, name, body, why="a test", who="wang"))
        world.work.approve(numbers[-1], "li")
    first, second = numbers
    states = {one.number: one.state for one in world.work.corrections.of(PARKED, name)}
    assert states == {first: State.REJECTED, second: State.APPROVED}
    assert [what for _, what in world.facts(name)].count("rejected") == 1
    world.work.reject(second, "a mistake", "li")
    assert approved(world.work.corrections.of(PARKED, name)) is None
    for number in numbers:
        with pytest.raises(NotAllowed):
            world.work.reject(number, "again", "li")
    world.work.replay(PARKED, [name], why="as it was", who="li")
    world.later()
    assert world.worker.outcome(message).booking["Lines"]["Line"][0]["Quantity"] == 2


def test_those_of_one_place_do_not_hide_those_of_another(world: ParkingWorld) -> None:
    """Who looks at what is parked sees what waits there, however many wait in a quarantine."""
    message = world.worker.message("PlaceBooking", booking_values())
    name = world.park(message)
    number = world.work.propose(PARKED, name, message.body, why="a test", who="wang")
    named = (Place.OUTSIDE, "q", "PlaceBooking.1", "", "x")
    with world.database.begin() as connection:
        other = NewCorrection(*named, b"<a/>", "0" * 64, b"<b/>", "1" * 64, "wang")
        world.work.corrections.add(connection, other, world.clock.now())
    waiting = world.work.corrections.waiting(1, [PARKED])
    assert [one.number for one in waiting] == [number]


def test_a_correction_that_was_changed_after_it_was_proposed_goes_nowhere(
    world: ParkingWorld,
) -> None:
    """Its bytes are held to the digest that two people saw, and the refusal is written down."""
    message = world.worker.message("PlaceBooking", booking_values())
    name = world.park(message)
    body = message.body.replace(b"<Quantity>2<", b"<Quantity>3<")
    number = world.work.propose(PARKED, name, body, why="a test", who="wang")
    world.work.approve(number, "li")
    part = correction_parts.c
    changed = body.replace(b"<Quantity>3<", b"<Quantity>7<")
    with world.database.begin() as connection:
        for index, text in split(bytes_to_text(changed)):
            which = (part.correction == number, part.kind == "BODY", part.number == index)
            connection.execute(correction_parts.update().where(*which).values(text=text))
    with pytest.raises(NotAllowed, match="was changed"):
        world.work.preview(PARKED, name, "li")
    (ended,) = world.work.replay(PARKED, [name], why="a test", who="li")
    assert ended.end is End.CANNOT
    assert world.facts(name)[-1] == ("li", "ended")
    assert world.state(message) is InboxState.PARKED
    world.work.discard(PARKED, [name], why="a test", who="wang")
