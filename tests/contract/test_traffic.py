"""Pausing and draining by people, on SQLite, PostgreSQL and Db2's driver."""

import threading

import pytest

from adapters.database import Database
from hub.parking import Place
from hub.ports import InboxState
from hub.traffic import Kind, Mode, Target
from internal_apps.parking.domain import Forbidden
from internal_apps.parking.traffic import Traffic
from internal_apps.previewing import Foreseen
from tests.unit.parking.world import ParkingWorld, bookings_of
from tests.unit.ticketing.balance import unbalanced
from tests.unit.ticketing.world import booking_values

AGENCY = Target(Kind.AGENCY, "1001")
PLACING = Target(Kind.ROUTE, "PlaceBooking")


@pytest.fixture
def world(ticketing_database: Database) -> ParkingWorld:
    """Offer each database in turn."""
    return ParkingWorld(ticketing_database)


@pytest.fixture
def traffic(world: ParkingWorld) -> Traffic:
    """Offer what people do to traffic."""
    return Traffic(world.database, world.clock)


def test_a_pause_keeps_what_comes_and_its_end_lets_it_be_done(
    world: ParkingWorld, traffic: Traffic
) -> None:
    """It says since when, who, why and how many; the booking is made once, a repeat told so."""
    traffic.halt(Mode.PAUSE, AGENCY, why="asked for", who="wang")
    message = world.worker.message("PlaceBooking", booking_values())
    change = world.worker.message(
        "ConfirmBooking", {"PlacedAs": message.id.reference, "Version": 1}
    )
    assert world.worker.handle(message, change) == []
    assert [said.code for said in world.worker.handle(message)] == ["PENDING"]
    (halted,) = traffic.halted()
    assert (halted.target, halted.mode, halted.who, halted.why, halted.kept) == (
        *(AGENCY, Mode.PAUSE, "wang", "asked for", 2),
    )
    world.later(86_400)
    assert world.state(message) is InboxState.PAUSED
    traffic.resume(Mode.PAUSE, AGENCY, why="settled", who="li")
    world.later(0)
    assert [said.code for said in world.worker.said()] == ["DONE", "DONE"]
    assert world.worker.outcome(message).code == "DONE"
    assert bookings_of(world, message.id.reference) == 1
    assert unbalanced(world.database) == []
    assert traffic.halted() == []


def test_what_is_parked_stays_so_and_its_replay_is_foreseen_to_be_kept(
    world: ParkingWorld, traffic: Traffic
) -> None:
    """A replay passes no pause: it is done when both are ended."""
    message = world.worker.message("PlaceBooking", booking_values())
    name = world.park(message)
    traffic.halt(Mode.PAUSE, PLACING, why="prices", who="wang")
    assert world.work.preview(Place.PARKED, name, "wang").foreseen is Foreseen.PAUSED
    world.work.replay(Place.PARKED, [name], why="mended", who="wang")
    world.later()
    assert world.state(message) is InboxState.PAUSED
    traffic.resume(Mode.PAUSE, PLACING, why="right now", who="wang")
    world.later(0)
    assert world.worker.outcome(message).code == "DONE"


def test_who_comes_second_is_told_and_leaves_no_entry(
    world: ParkingWorld, traffic: Traffic
) -> None:
    """Each step is in the audit trail once, with its reason."""
    traffic.halt(Mode.DRAIN, AGENCY, why="asked for", who="wang")
    with pytest.raises(Forbidden, match="begun before"):
        traffic.halt(Mode.DRAIN, AGENCY, why="me too", who="li")
    with pytest.raises(Forbidden, match="has not begun"):
        traffic.resume(Mode.PAUSE, AGENCY, why="wrong one", who="li")
    traffic.resume(Mode.DRAIN, AGENCY, why="settled", who="li")
    with pytest.raises(Forbidden, match="Say why"):
        traffic.halt(Mode.DRAIN, AGENCY, why=" ", who="wang")
    facts = world.facts(str(AGENCY))
    assert facts[-2:] == [("wang", "drain"), ("li", "resume")]
    assert world.trail.verify().faults == []


def test_two_people_at_once_begin_one_pause(world: ParkingWorld, traffic: Traffic) -> None:
    """One of them is told that it has begun; nobody meets an error of the database."""
    ends: list[str] = []

    def halt(who: str) -> None:
        try:
            traffic.halt(Mode.PAUSE, PLACING, why="a race", who=who)
        except Forbidden:
            ends.append("second")
        else:
            ends.append("first")

    people = [threading.Thread(target=halt, args=(who,)) for who in ("wang", "li")]
    for one in people:
        one.start()
    for one in people:
        one.join()
    assert sorted(ends) == ["first", "second"]
    traffic.resume(Mode.PAUSE, PLACING, why="over", who="wang")
    assert world.trail.verify().faults == []
