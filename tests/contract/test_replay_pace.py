"""How fast parked messages are replayed, whoever asks, on each kind of database."""

import itertools
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from adapters.database import Database
from adapters.database.tables import replays, waiting
from hub.envelope import RequestId
from hub.errors import TryAgain
from hub.parked import REPLAYED
from hub.parking import End, Ended, Place
from hub.ports import InboxState
from tests.unit.parking.world import ParkingWorld, bookings_of
from tests.unit.ticketing.world import booking_values

PARKED = Place.PARKED
PAUSE_SECONDS = 0.1
SAID = {"why": "mended", "who": "wang"}

_DUE = (
    sa.select(waiting.c.deadline).where(waiting.c.subject == REPLAYED).order_by(waiting.c.deadline)
)


@pytest.fixture
def world(ticketing_database: Database) -> ParkingWorld:
    """Offer each database in turn; other tests' clocks are not this one's."""
    with ticketing_database.begin() as connection:
        connection.execute(replays.update().values(last_due=None))
    return ParkingWorld(ticketing_database)


def test_replays_come_so_many_a_second(world: ParkingWorld) -> None:
    """However many are asked for at once, and by however many people."""
    shelves = [world.new_shelf(replays_per_second=0.5) for _ in range(2)]
    messages = [world.worker.message("PlaceBooking", booking_values()) for _ in range(4)]
    names = [world.park(message) for message in messages]
    world.shelf = shelves[0]
    for shelf, two in zip(shelves, (names[:2], names[2:]), strict=True):
        world.work.shelves = {PARKED: shelf}
        world.work.replay(PARKED, two, why="mended", who="wang")
    done = []
    for _ in range(4):
        world.worker.inbox.wake_due()
        done.append(sum(bookings_of(world, one.id.reference) for one in messages))
        world.clock.move(seconds=2)
    assert done == [1, 2, 3, 4]


def test_people_who_replay_at_the_same_moment_keep_one_pace(world: ParkingWorld) -> None:
    """Each replay waits for its own turn: none is due within the pace of another."""
    names = [world.park() for _ in range(9)]
    start, ended = threading.Barrier(3), list[Sequence[Ended]]()

    def act(mine: Sequence[str]) -> None:
        work = world.interventions()
        start.wait()
        ended.extend(patiently(partial(work.replay, PARKED, [name], **SAID)) for name in mine)

    threads = [threading.Thread(target=act, args=(names[n::3],)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.end for (one,) in ended] == [End.DONE] * len(names)
    with world.database.reading() as connection:
        due = connection.execute(_DUE).scalars().all()
    pauses = [(later - one).total_seconds() for one, later in itertools.pairwise(due)]
    assert len(pauses) == len(names) - 1
    assert min(pauses) >= PAUSE_SECONDS
    world.later(len(names) * PAUSE_SECONDS)


def test_a_pace_outlives_what_was_handled_and_a_clock_that_was_wrong(world: ParkingWorld) -> None:
    """The next is due a turn after the last, were that handled; no later than a turn from now."""
    shelf = world.new_shelf(replays_per_second=0.5)
    world.work.shelves = {PARKED: shelf}
    first, second, third = (world.park() for _ in range(3))
    world.work.replay(PARKED, [first], why="mended", who="wang")
    world.worker.inbox.wake_due()
    for name, last_due in ((second, None), (third, world.clock.now() + timedelta(days=365))):
        with world.database.begin() as connection:
            if last_due is not None:
                connection.execute(replays.update().values(last_due=last_due))
        world.work.replay(PARKED, [name], why="mended", who="wang")
        for seconds, state in ((1.9, InboxState.RETRIED), (0.2, InboxState.HANDLED)):
            world.later(seconds)
            with world.worker.store.reading() as unit:
                entry = unit.entry(RequestId.parse(name))
            assert entry is not None
            assert entry.state is state
        world.clock.move(seconds=2)


def patiently(act: Callable[[], Sequence[Ended]]) -> Sequence[Ended]:
    """Do it once the database can serve: others are at it too."""
    while True:
        with suppress(TryAgain):
            return act()
