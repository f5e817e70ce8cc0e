"""How much is parked is a number that one can be woken by."""

from pathlib import Path

from adapters.database import Migrations
from hub.parking import Place
from internal_apps.parking.watching import LOOK_SECONDS, ParkedWatch
from lupu import opened
from tests.unit.hub_world import CountedMetrics
from tests.unit.parking.world import ParkingWorld
from tests.unit.ticketing.world import prepared

COUNT, SECONDS = "lupu_parked_messages ZeroDivisionError", "lupu_parked_held_seconds"


def test_what_is_parked_is_counted_by_reason_with_the_age_of_the_oldest(tmp_path: Path) -> None:
    """It grows, and goes back to nothing when somebody has worked on it."""
    database = prepared(f"sqlite:///{tmp_path / 'inside.sqlite'}")
    Migrations(database, opened.lines()).upgrade()
    world, metrics = ParkingWorld(database), CountedMetrics()
    watch = ParkedWatch(database, world.clock, metrics)
    names = [world.park() for _ in range(2)]
    watch()
    assert metrics.gauges[COUNT] == 2
    old = metrics.gauges[SECONDS]
    world.clock.move(seconds=LOOK_SECONDS)
    watch()
    assert metrics.gauges[SECONDS] == old + LOOK_SECONDS
    world.work.discard(Place.PARKED, names, why="a test", who="wang")
    world.clock.move(seconds=LOOK_SECONDS)
    watch()
    assert (metrics.gauges[COUNT], metrics.gauges[SECONDS]) == (0, 0)
    database.close()
