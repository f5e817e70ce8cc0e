"""Workers on one database: nothing waits or is lost for what another commits in between."""

import itertools
import threading
from collections.abc import Callable, Iterator

import pytest

from adapters.database import Database
from hub.envelope import Message
from tests.contract.between import after_it_reads, before_it_commits
from tests.contract.rush import handled
from tests.unit.ticketing.world import World, booking_values, contact_values

_NUMBERS = itertools.count(1)

Workers = Callable[[], World]


@pytest.fixture
def worker(ticketing_database: Database) -> Iterator[Workers]:
    """Offer workers, each with connections of its own to the same database."""
    url = ticketing_database.url.render_as_string(hide_password=False)
    opened: list[World] = []

    def open_one() -> World:
        opened.append(World(Database(url, lock_wait_seconds=20), name=f"R{next(_NUMBERS)}"))
        return opened[-1]

    yield open_one
    for world in opened:
        world.database.close()


def change(world: World, placed_as: str, version: int) -> Message:
    """Return a change of the booking that was placed as ``placed_as``."""
    named = {"PlacedAs": placed_as, "Version": version}
    return world.message("ChangeBooking", {**named, "Contact": contact_values("王")})


def test_a_change_is_done_though_its_booking_was_placed_while_it_was_told_to_wait(
    worker: Workers,
) -> None:
    """The other worker saw nobody waiting; the change goes on at once all the same."""
    first, second = worker(), worker()
    place = second.message("PlaceBooking", booking_values())
    overtook = change(first, place.id.reference, 1)
    with before_it_commits(first.database, "waiting", lambda: handled(second, [place])):
        handled(first, [overtook])
    assert first.outcome(overtook).booking["Version"] == 2


def test_one_that_is_woken_in_vain_goes_on_though_its_turn_came_meanwhile(
    worker: Workers,
) -> None:
    """Lent to a worker that finds it too early, it cannot be woken by the one that is in time."""
    first, second, third = worker(), worker(), worker()
    place = first.message("PlaceBooking", booking_values())
    handled(first, [place])
    early = change(first, place.id.reference, 3)
    handled(first, [early])
    assert first.outcome(early).code == "PENDING"
    one, two = (change(second, place.id.reference, version) for version in (1, 2))
    with before_it_commits(second.database, "waiting", lambda: handled(third, [two])):
        handled(second, [one])
    assert first.outcome(early).booking["Version"] == 4


def test_a_change_finds_its_booking_though_it_was_placed_between_two_looks(
    worker: Workers,
) -> None:
    """First no booking is seen, then its request as done: it is looked for once more."""
    first, second = worker(), worker()
    place = second.message("PlaceBooking", booking_values())
    asked = change(first, place.id.reference, 1)
    with after_it_reads(first.database, "bookings", lambda: handled(second, [place])):
        handled(first, [asked])
    first.inbox.wake_due()
    assert first.outcome(asked).booking["Version"] == 2


def test_a_change_is_done_though_its_hold_was_confirmed_as_it_seemed_over(
    worker: Workers,
) -> None:
    """Who reads a hold that is over asks the row itself before it refuses."""
    first, second = worker(), worker()
    place = first.message("PlaceBooking", booking_values())
    handled(first, [place])
    confirm = second.message("ConfirmBooking", {"PlacedAs": place.id.reference, "Version": 1})
    first.clock.move(minutes=31)
    asked = change(first, place.id.reference, 2)
    with after_it_reads(first.database, "bookings", lambda: handled(second, [confirm])):
        handled(first, [asked])
    confirmed = second.outcome(confirm).code == "DONE"
    assert first.outcome(asked).code == ("DONE" if confirmed else "HOLD_ENDED")


def test_a_booking_is_shown_as_it_was_at_one_moment(worker: Workers) -> None:
    """Its version and its lines belong together, though it is changed as it is read."""
    first, second = worker(), worker()
    placed = first.place(quantity=2).booking["BookingReference"]
    lines = {"Lines": booking_values(quantity=5)["Lines"]}
    more = second.message("ChangeBooking", {"BookingReference": placed, "Version": 1, **lines})
    with after_it_reads(first.database, "bookings", lambda: handled(second, [more])):
        shown = first.get({"BookingReference": placed}).booking
    quantities = {1: 2, 2: 5}
    assert shown["Lines"]["Line"][0]["Quantity"] == quantities[shown["Version"]]


def test_many_that_overtake_each_other_between_workers_are_all_done(worker: Workers) -> None:
    """Whoever takes which request of a booking first, none is left waiting."""
    for _ in range(5):
        workers = [worker() for _ in range(2)]
        place = workers[0].message("PlaceBooking", booking_values())
        changes = [change(workers[0], place.id.reference, version) for version in (1, 2, 3)]
        shares = ([changes[2], place], [changes[1], changes[0]])
        threads = [
            threading.Thread(
                target=lambda one=one, share=share: [handled(one, [m]) for m in share]
            )
            for one, share in zip(workers, shares, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        told = [workers[0].outcome(message).code for message in (place, *changes)]
        assert told == ["DONE"] * 4


def test_who_loses_the_race_for_one_request_loses_nothing_else(worker: Workers) -> None:
    """The whole batch of the second is undone, and handled anew: each is done and answered."""
    first, second = worker(), worker()
    shared = first.message("PlaceBooking", booking_values())
    own = second.message("PlaceBooking", booking_values())
    with before_it_commits(first.database, "inbox", lambda: handled(second, [shared, own])):
        handled(first, [shared])
    answers = [said.booking["BookingReference"] for said in second.said()]
    assert answers == [second.outcome(one).booking["BookingReference"] for one in (shared, own)]
    assert [said.booking["BookingReference"] for said in first.said()] == answers[:1]
