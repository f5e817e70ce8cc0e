"""Workers on one database: nothing waits or is lost for what another commits in between."""

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from adapters.database import Database
from hub.envelope import Message
from tests.contract.rush import handled
from tests.unit.ticketing.world import World, booking_values, contact_values

# On SQLite the other worker cannot get in between: it waits until the first has committed.
BETWEEN_SECONDS_MAX = 1.0
_NUMBERS = itertools.count(1)

Workers = Callable[[], World]


@pytest.fixture
def worker(ticketing_database: Database) -> Iterator[Workers]:
    """Offer workers, each with connections of its own to the same database."""
    url = ticketing_database.url.render_as_string(hide_password=False)
    opened: list[Database] = []

    def open_one() -> World:
        opened.append(Database(url, lock_wait_seconds=20))
        return World(opened[-1], name=f"R{next(_NUMBERS)}")

    yield open_one
    for database in opened:
        database.close()


@contextmanager
def before_it_commits(world: World, table: str, other: Callable[[], object]) -> Iterator[None]:
    """Let ``other`` happen, as far as it can, just before ``world`` commits rows of ``table``."""
    thread = threading.Thread(target=other)
    engine = world.database.engine

    def executing(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(f"INSERT INTO {table} ") and thread.ident is None:
            sa.event.listen(engine, "commit", committing, once=True)

    def committing(_connection: Any) -> None:
        thread.start()
        thread.join(BETWEEN_SECONDS_MAX)

    sa.event.listen(engine, "before_cursor_execute", executing)
    yield
    assert thread.ident is not None, "nothing was inserted"
    thread.join()


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
    with before_it_commits(first, "waiting", lambda: handled(second, [place])):
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
    with before_it_commits(second, "waiting", lambda: handled(third, [two])):
        handled(second, [one])
    assert first.outcome(early).booking["Version"] == 4


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
    with before_it_commits(first, "inbox", lambda: handled(second, [shared, own])):
        handled(first, [shared])
    answers = [said.booking["BookingReference"] for said in second.said()]
    assert answers == [second.outcome(one).booking["BookingReference"] for one in (shared, own)]
    assert [said.booking["BookingReference"] for said in first.said()] == answers[:1]
