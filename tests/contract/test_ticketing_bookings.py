"""A booking's life on SQLite, PostgreSQL and Db2's driver: placed, changed, confirmed, ended."""

import itertools
from datetime import date, timedelta
from typing import Any

import pytest

from adapters.database import Database
from adapters.database.tables import outbox
from hub.envelope import Message
from tests.unit.ticketing.balance import set_capacity, unbalanced
from tests.unit.ticketing.world import (
    NAME,
    STANDARD_DAY,
    WAIT_SECONDS,
    World,
    booking_values,
    contact_values,
    lines_values,
)

_WORLDS = itertools.count(1)
_DAYS = itertools.count(20)


@pytest.fixture
def world(ticketing_database: Database) -> World:
    """Offer a worker on each database; its references are its own, and so is what it says."""
    made = World(ticketing_database, name=f"W{next(_WORLDS)}")
    # It would take over what the workers of other tests left unsent.
    with ticketing_database.begin() as connection:
        connection.execute(outbox.update().values(sent_at=made.clock.now()))
    return made


@pytest.fixture
def day() -> date:
    """Offer a standard day that no other test uses."""
    return STANDARD_DAY + timedelta(days=next(_DAYS))


def versioned(booking: dict[str, Any], version: int | None = None, **more: Any) -> dict[str, Any]:
    """Return how a request names a booking and its version."""
    name = {"BookingReference": booking["BookingReference"]}
    return {**name, "Version": version or booking["Version"], **more}


def test_a_booking_is_held_then_confirmed_then_cancelled(world: World) -> None:
    """Each step is a version; names of a hundred characters come back as they were sent."""
    held = world.place().booking
    assert (held["State"], held["Version"], held["TotalFen"]) == ("HELD", 1, 32_000)
    assert held["Contact"] == contact_values(NAME)
    assert held["HoldUntil"] == world.clock.now() + timedelta(minutes=30)
    confirmed = world.ask("ConfirmBooking", versioned(held)).booking
    assert (confirmed["State"], confirmed["Version"]) == ("CONFIRMED", 2)
    assert "HoldUntil" not in confirmed
    cancelled = world.ask("CancelBooking", versioned(confirmed)).booking
    assert (cancelled["State"], cancelled["Version"]) == ("CANCELLED", 3)
    assert world.ask("ConfirmBooking", versioned(cancelled)).code == "BOOKING_CLOSED"
    assert unbalanced(world.database) == []


def test_a_change_moves_places_and_prices(world: World, day: date) -> None:
    """Places of the old lines go back, those of the new are taken; the contact may stay."""
    held = world.place().booking
    lines = lines_values(("STANDARD", day, 3), ("EVENING", day, 1))
    changed = world.ask("ChangeBooking", versioned(held, **lines)).booking
    assert (changed["Version"], changed["TotalFen"]) == (2, 3 * 16_000 + 9_000)
    assert changed["Contact"] == held["Contact"]
    renamed = world.ask("ChangeBooking", versioned(changed, Contact=contact_values("王")))
    assert renamed.booking["Contact"]["Name"] == "王"
    assert renamed.booking["Lines"] == changed["Lines"]
    assert unbalanced(world.database) == []


def test_a_change_that_finds_no_places_changes_nothing(world: World, day: date) -> None:
    """Sold out undoes what was taken before it was noticed."""
    set_capacity(world.database, day, 4)
    held = world.place(day=day).booking
    too_many = lines_values(("STANDARD", STANDARD_DAY, 1), ("STANDARD", day, 5))
    assert world.ask("ChangeBooking", versioned(held, **too_many)).code == "SOLD_OUT"
    still = world.get({"BookingReference": held["BookingReference"]}).booking
    assert (still["Version"], still["Lines"]) == (1, held["Lines"])
    assert world.ask(
        "ChangeBooking", versioned(held, **lines_values(("STANDARD", day, 4)))
    ).booking
    assert unbalanced(world.database) == []


def test_sold_out_reads_alike_at_once_and_later(world: World, day: date) -> None:
    """The refusal is stored; a repeat and GetBooking give the same document."""
    set_capacity(world.database, day, 1)
    request = world.message("PlaceBooking", booking_values(day=day))
    (at_once,) = world.handle(request)
    (again,) = world.handle(request)
    answer_to = {"Operation": "PlaceBooking", "RequestReference": request.id.reference}
    assert at_once.code == "SOLD_OUT"
    assert [again, world.get({"AnswerTo": answer_to}), world.outcome(request)] == [at_once] * 3
    assert unbalanced(world.database) == []


def test_a_repeat_has_no_second_effect(world: World) -> None:
    """The same request in one batch, and later, gets the same booking."""
    request = world.message("PlaceBooking", booking_values())
    first, second = world.handle(request, request)
    (third,) = world.handle(request)
    assert first.values == second.values == third.values
    other = world.message("PlaceBooking", booking_values(5), reference=request.id.reference)
    assert world.handle(other)[0].code == "REFERENCE_REUSED"
    assert unbalanced(world.database) == []


def test_an_older_version_is_refused_and_says_the_present_one(world: World) -> None:
    """Two who change one booking are told."""
    held = world.place().booking
    world.ask("ChangeBooking", versioned(held, Contact=contact_values("甲")))
    said = world.ask("ChangeBooking", versioned(held, Contact=contact_values("乙")))
    assert said.code == "VERSION_CONFLICT"
    assert said.refusal is not None
    assert "version 2" in said.refusal.sentence_en
    assert "2" in said.refusal.sentence_zh


def test_requests_that_overtook_each_other_are_carried_out_in_order(world: World) -> None:
    """A cancel and a confirm that arrive before the booking wait for it and for their turn."""
    place = world.message("PlaceBooking", booking_values())
    placed_as = {"PlacedAs": place.id.reference}
    confirm = world.message("ConfirmBooking", {**placed_as, "Version": 1})
    cancel = world.message("CancelBooking", {**placed_as, "Version": 2})
    assert world.handle(cancel, confirm) == []
    assert world.outcome(cancel).code == "PENDING"
    answer_to = {"Operation": "CancelBooking", "RequestReference": cancel.id.reference}
    assert world.get({"AnswerTo": answer_to}).code == "PENDING"
    states = [said.booking["State"] for said in world.handle(place)]
    assert states == ["HELD", "CONFIRMED", "CANCELLED"]
    assert unbalanced(world.database) == []


def test_what_waits_for_nothing_is_refused_at_its_deadline(world: World) -> None:
    """A booking that never comes, and a version that never comes, are refused once."""
    held = world.place().booking
    nothing = world.message("CancelBooking", {"PlacedAs": "never-placed", "Version": 1})
    later = world.message("CancelBooking", versioned(held, 7))
    assert world.handle(nothing, later) == []
    world.clock.move(seconds=WAIT_SECONDS + 1)
    world.inbox.wake_due()
    assert {said.code for said in world.said()} == {"NO_SUCH_BOOKING", "VERSION_CONFLICT"}
    assert world.inbox.wake_due() == 0


def test_what_was_refused_is_not_waited_for(world: World, day: date) -> None:
    """A booking that was sold out will not come: its cancel is refused at once."""
    set_capacity(world.database, day, 1)
    place = world.message("PlaceBooking", booking_values(day=day))
    cancel = world.message("CancelBooking", {"PlacedAs": place.id.reference, "Version": 1})
    assert [said.code for said in world.handle(place, cancel)] == ["SOLD_OUT", "NO_SUCH_BOOKING"]


def test_a_hold_that_ends_gives_its_places_back_once(world: World, day: date) -> None:
    """The sweep ends it, however often it runs; another may have the places."""
    set_capacity(world.database, day, 2)
    held = world.place(day=day).booking
    assert world.place(day=day).code == "SOLD_OUT"
    world.clock.move(minutes=30)
    world.sweep()
    world.sweep()
    assert world.get({"BookingReference": held["BookingReference"]}).booking["State"] == "EXPIRED"
    assert world.place(day=day).code == "DONE"
    assert world.ask("ConfirmBooking", versioned(held)).code == "HOLD_ENDED"
    assert unbalanced(world.database) == []


def test_a_confirm_after_the_hold_is_told_so_before_any_sweep(world: World, day: date) -> None:
    """Who comes late ends the hold; the sweep then finds nothing to do."""
    set_capacity(world.database, day, 2)
    held = world.place(day=day).booking
    world.clock.move(minutes=31)
    late: Message = world.message("ConfirmBooking", versioned(held))
    assert [said.code for said in world.handle(late, late)] == ["HOLD_ENDED"] * 2
    assert world.place(day=day).code == "DONE"
    world.sweep()
    assert unbalanced(world.database) == []


def test_a_confirmed_booking_is_not_swept(world: World) -> None:
    """Confirming ends the hold's end."""
    held = world.place().booking
    confirmed = world.ask("ConfirmBooking", versioned(held)).booking
    world.clock.move(hours=5)
    world.sweep()
    assert world.get({"BookingReference": held["BookingReference"]}).booking == confirmed
    assert world.ask("ConfirmBooking", versioned(confirmed)).booking == confirmed


def test_agents_see_their_own_bookings_and_staff_see_all(world: World) -> None:
    """Another agent is told that there is none such, whatever it asks."""
    held = world.place().booking
    name = {"BookingReference": held["BookingReference"]}
    assert world.get(name, sender="agent:1002").code == "NO_SUCH_BOOKING"
    assert world.ask("CancelBooking", versioned(held), sender="agent:1002").code == (
        "NO_SUCH_BOOKING"
    )
    assert world.get(name, sender="staff:li").booking == held
    assert world.ask("ConfirmBooking", versioned(held), sender="staff:li").code == "DONE"


def test_what_is_not_known_yet_is_never_said_not_to_exist(world: World) -> None:
    """An outcome asked for before the request was handled is to be asked for again."""
    request = world.message("PlaceBooking", booking_values())
    answer_to = {"Operation": "PlaceBooking", "RequestReference": request.id.reference}
    said = world.get({"AnswerTo": answer_to})
    assert (said.code, said.values["AskAgainSeconds"]) == ("NOT_KNOWN_YET", 2)
    assert world.outcome(request).type == "NotKnownYet.1"
    (placed,) = world.handle(request)
    assert world.get({"AnswerTo": answer_to}).booking == placed.booking
    assert world.outcome(request) == placed
