"""While something does not take messages: said once, tried with one, nothing kept twice."""

import pytest

from adapters.admission import KnownAgents
from hub.envelope import RequestId
from hub.flow import CALM_SECONDS, PAUSE_SECONDS_FIRST, PAUSE_SECONDS_MAX
from hub.messages import ONCE
from tests.unit import agents_world
from tests.unit.channel_world import Delays, World, said
from tests.unit.hub_world import booking

MANY = 50
LONG_SECONDS = 120.0
# The first pauses are 1, 2, 4, 8 seconds at the shortest, the others 15.
PROBES_MAX = 12
HELD_SECONDS_MAX = 20.0


@pytest.fixture(name="world")
def world_of_slow_brokers() -> World:
    """Offer a world in which a whole prefetch is under way before the first refusal comes."""
    return World(delays=Delays(outside_seconds=0.1, inside_seconds=0.1))


def test_while_the_inside_is_away_nothing_is_lost_and_it_is_said_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Messages wait outside, the log has one line, and all arrive when the inside is back."""
    caplog.set_level("INFO")
    world.inside.up = False
    world.queue_many(3)
    world.loop.pass_seconds(LONG_SECONDS)
    assert world.outside.depth("inward.requests") == 3
    assert (said(caplog, "channel.paused"), said(caplog, "channel.resumed")) == (1, 0)
    world.inside.up = True
    world.loop.pass_seconds(2)
    assert world.arrived() == ["A-0", "A-1", "A-2"]
    assert said(caplog, "channel.resumed") == 1


class SaysItKnows(KnownAgents):
    """Agents that are asked before they are known."""

    def known(self) -> bool:
        """Say so, to have messages taken."""
        return True


@pytest.mark.parametrize("kind", [KnownAgents, SaysItKnows])
def test_a_hub_that_does_not_know_the_agents_yet_waits(
    caplog: pytest.LogCaptureFixture, kind: type[KnownAgents]
) -> None:
    """Nothing is quarantined for it; all goes through once an edition has come."""
    caplog.set_level("INFO")
    known = agents_world.World(knows=False, kind=kind)
    world = World(agents=known.agents)
    message = booking(id=RequestId(f"agent:{agents_world.PLAIN}", "PlaceBooking", "A-1"))
    world.queue(message)
    world.loop.pass_seconds(LONG_SECONDS)
    assert (world.arrived(), world.kept()) == ([], [])
    assert world.outside.depth("inward.requests") + world.held() == 1
    paused = said(caplog, "channel.paused")
    assert paused == (len(ONCE) + 1 if kind is KnownAgents else 1)
    assert known.snapshot.offer(agents_world.edition())
    world.loop.pass_seconds(PAUSE_SECONDS_MAX + CALM_SECONDS)
    assert world.arrived() == ["A-1"]
    assert said(caplog, "channel.resumed") == paused


@pytest.mark.parametrize("refuse", ["full", "missing"])
def test_a_destination_that_refuses_is_tried_with_one_message_seldom_and_said_once(
    world: World, caplog: pytest.LogCaptureFixture, refuse: str
) -> None:
    """After the first refusal no prefetch is sent again until one message is confirmed."""
    caplog.set_level("INFO")
    if refuse == "full":
        world.inside.limit("ticketing.requests", 0)
    else:
        world.inside.delete("ticketing.requests")
    world.queue_many(MANY)
    world.loop.pass_seconds(LONG_SECONDS)
    assert MANY < world.to_inside.tried <= MANY + PROBES_MAX
    assert (said(caplog, "channel.paused"), said(caplog, "channel.resumed")) == (1, 0)
    assert world.metrics.gauges["lupu_channel_paused inward.requests"] == 1
    world.inside.declare("ticketing.requests")
    world.inside.limit("ticketing.requests", None)
    world.loop.pass_seconds(PAUSE_SECONDS_MAX + 1)
    assert sorted(world.arrived()) == sorted(f"A-{number}" for number in range(MANY))
    assert (said(caplog, "channel.paused"), said(caplog, "channel.resumed")) == (1, 1)
    assert world.metrics.gauges["lupu_channel_paused inward.requests"] == 0


@pytest.mark.parametrize("seconds", [0.1, 3.0], ids=["quick", "slow"])
def test_while_the_destination_refuses_nothing_is_kept_twice_in_the_quarantine(
    seconds: float,
) -> None:
    """What went to the quarantine settles before the rest is given back, and is acknowledged."""
    world = World(delays=Delays(outside_seconds=seconds, inside_seconds=0.1))
    world.inside.limit("ticketing.requests", 0)
    world.queue_many(MANY, every=10)
    world.loop.pass_seconds(LONG_SECONDS)
    assert world.kept() == ["A-10", "A-20", "A-30", "A-40"]
    assert world.outside.depth("inward.requests") == MANY - 4


def test_what_is_never_confirmed_is_given_back_soon(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """A silent destination, and no further message to show it: nothing is held for long."""
    caplog.set_level("INFO")
    world.to_inside.silent = True
    world.queue_many(3)
    world.loop.pass_seconds(0)
    assert world.outside.depth("inward.requests") == 0
    world.loop.pass_seconds(HELD_SECONDS_MAX)
    assert world.outside.depth("inward.requests") == 3
    world.loop.pass_seconds(LONG_SECONDS)
    assert world.outside.depth("inward.requests") == 3
    assert (world.to_inside.tried, said(caplog, "channel.paused")) == (3, 1)
    world.to_inside.speak()
    world.loop.pass_seconds(2)
    assert set(world.arrived()) == {"A-0", "A-1", "A-2"}
    assert world.outside.depth("inward.requests") == 0
    assert said(caplog, "channel.resumed") == 1


def test_a_destination_that_confirms_slowly_is_not_taken_for_a_silent_one() -> None:
    """While the oldest message changes, messages are moving."""
    world = World(delays=Delays(inside_seconds=4.0))
    for number in range(20):
        world.queue(booking(f"A-{number}"))
        world.loop.pass_seconds(2)
    world.loop.pass_seconds(5)
    assert world.to_inside.tried == 20
    assert world.metrics.gauges["lupu_channel_paused inward.requests"] == 0


def test_a_queue_at_its_bound_gets_a_prefetch_less_and_less_often(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """A success between two refusals does not begin the pauses anew; only calm does."""
    world.inside.limit("ticketing.requests", 1)
    world.queue_many(MANY)
    for _ in range(int(LONG_SECONDS)):
        world.loop.pass_seconds(1)
        world.arrived()
    assert said(caplog, "channel.paused") <= PROBES_MAX


def test_what_has_gone_by_itself_ends_the_pause_after_a_calm_time(world: World) -> None:
    """Questions that expire leave nothing to try with; the channel is not paused for ever."""
    world.inside.limit("ticketing.requests", 0)
    world.queue_many(1)
    world.loop.pass_seconds(1)
    assert world.metrics.gauges["lupu_channel_paused inward.requests"] == 1
    world.outside.take_all("inward.requests")
    world.loop.pass_seconds(PAUSE_SECONDS_FIRST + 31)
    assert world.metrics.gauges["lupu_channel_paused inward.requests"] == 0
    world.inside.limit("ticketing.requests", None)
    world.queue_many(MANY)
    world.loop.pass_seconds(1)
    assert len(world.arrived()) == MANY


def test_nothing_more_is_sent_on_while_what_is_under_way_settles() -> None:
    """What comes after the first refusal is given back with the rest, and tried later."""
    world = World(delays=Delays(outside_seconds=3.0, inside_seconds=0.1))
    world.inside.limit("ticketing.requests", 0)
    world.queue(booking("A-0"))
    world.queue(booking("A-1", body=b"invalid"))
    world.loop.pass_seconds(1)
    tried = world.to_inside.tried
    world.queue(booking("A-2"))
    world.loop.pass_seconds(1)
    assert world.to_inside.tried == tried
    world.inside.limit("ticketing.requests", None)
    world.loop.pass_seconds(PAUSE_SECONDS_MAX + CALM_SECONDS)
    assert sorted(world.arrived()) == ["A-0", "A-2"]
