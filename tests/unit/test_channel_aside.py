"""What the quarantine does not take is set aside; the others go on, and nothing is lost."""

import pytest

from hub.bridge import Hub
from hub.channel import ASIDE_SHARE, OFFER_SECONDS_MAX
from hub.flow import CALM_SECONDS
from tests.unit.channel_world import Delays, World, said

MANY = 50
LONG_SECONDS = 120.0
PREFETCH = Hub().requests_prefetch_max
ROOM = PREFETCH // ASIDE_SHARE
REFUSED = "lupu_channel_refused_total inward.requests"
WAITING = "lupu_quarantine_waiting inward.requests"
PAUSED = "lupu_channel_paused inward.requests"


@pytest.fixture(name="world")
def world_with_a_full_quarantine() -> World:
    """Offer a world whose outside quarantine takes nothing."""
    world = World(delays=Delays(outside_seconds=0.1, inside_seconds=0.1))
    world.outside.limit("quarantine", 0)
    return world


def make_room(world: World) -> None:
    """Let the quarantine take again, and wait as long as it may take."""
    world.outside.limit("quarantine", None)
    world.loop.pass_seconds(OFFER_SECONDS_MAX + CALM_SECONDS)


def test_the_others_go_on_and_the_refused_are_kept_once_when_there_is_room(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said once when it begins and once when it ends; each refused one counts once."""
    caplog.set_level("INFO")
    world.queue_many(MANY, every=10)
    world.loop.pass_seconds(LONG_SECONDS)
    assert len(world.arrived()) == MANY - 4
    assert (world.held(), world.kept()) == (4, [])
    assert world.metrics.gauges[WAITING] == 4
    assert world.metrics.gauges[PAUSED] == 0
    assert (said(caplog, "quarantine.away"), said(caplog, "guard.refused")) == (1, 0)
    make_room(world)
    assert world.kept() == ["A-10", "A-20", "A-30", "A-40"]
    assert (world.held(), world.metrics.gauges[WAITING]) == (0, 0)
    assert (said(caplog, "quarantine.back"), said(caplog, "guard.refused")) == (1, 4)
    assert world.metrics.counts[REFUSED] == 4


def test_a_full_quarantine_is_asked_ever_more_rarely(world: World) -> None:
    """Not each second for each message, for hours."""
    world.queue_many(11, every=10)
    world.loop.pass_seconds(LONG_SECONDS)
    assert 4 < world.to_outside.tried < 15


def test_a_reconnect_meanwhile_makes_no_second_copy(world: World) -> None:
    """What comes again is known; its new delivery is the one that is acknowledged."""
    world.queue_many(MANY, every=10)
    world.loop.pass_seconds(1)
    for _ in range(3):
        world.reconnect()
        world.loop.pass_seconds(1)
    make_room(world)
    assert world.kept() == ["A-10", "A-20", "A-30", "A-40"]
    assert world.held() == 0
    assert world.metrics.counts[REFUSED] == 4


def test_a_pause_of_the_destination_gives_them_back_and_makes_no_second_copy(
    world: World,
) -> None:
    """Room while all is given back is no reason to keep what comes again."""
    world.queue_many(MANY, every=10)
    world.loop.pass_seconds(1)
    world.inside.limit("ticketing.requests", 0)
    world.queue_many(1)
    world.loop.pass_seconds(1)
    assert (world.held(), world.metrics.gauges[WAITING]) == (0, 0)
    world.outside.limit("quarantine", None)
    world.inside.limit("ticketing.requests", None)
    world.loop.pass_seconds(LONG_SECONDS)
    assert sorted(world.kept()) == ["A-10", "A-20", "A-30", "A-40"]
    assert world.held() == 0


def test_too_many_pause_the_channel_and_all_are_kept_once_in_the_end(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """A flood of what is refused may not fill the hub; what is good still gets through."""
    caplog.set_level("INFO")
    number, every = 3 * PREFETCH, 6
    world.queue_many(number, every=every)
    world.loop.pass_seconds(LONG_SECONDS)
    refused = [f"A-{count}" for count in range(every, number, every)]
    assert len(refused) > ROOM
    assert said(caplog, "channel.paused") > 1
    assert world.held() <= ROOM
    assert len(world.arrived()) == number - len(refused)
    make_room(world)
    world.loop.pass_seconds(LONG_SECONDS)
    assert sorted(world.kept()) == sorted(refused)
    assert (world.held(), world.outside.depth("inward.requests")) == (0, 0)


def test_a_quarantine_that_takes_slowly_is_not_taken_for_one_that_is_away(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What is on its way there holds nobody up."""
    world = World(delays=Delays(outside_seconds=3.0))
    world.queue_many(MANY, every=10)
    world.loop.pass_seconds(10)
    assert len(world.arrived()) == MANY - 4
    assert world.kept() == ["A-10", "A-20", "A-30", "A-40"]
    assert said(caplog, "quarantine.away") == said(caplog, "channel.paused") == 0
