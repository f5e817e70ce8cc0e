"""What a hub cannot judge yet waits a little, alone, and is neither lost, doubled nor refused."""

from datetime import datetime, timedelta

import pytest

from hub.bridge import Hub
from hub.channel import ASIDE_SHARE
from hub.envelope import Message, RequestId
from hub.undecided import UNDECIDED_SECONDS
from tests.servers.known import agent, agents_document
from tests.unit import agents_world
from tests.unit.channel_world import World
from tests.unit.hub_world import NOON, booking

NEW, KNOWN = "2001", "1001"
HELD_MAX = Hub().requests_prefetch_max // ASIDE_SHARE


class Hurried:
    """A bridge whose agents are those of a minute ago."""

    def __init__(self) -> None:
        self.agents = agents_world.World(knows=False)
        self.world = World(agents=self.agents.agents)
        self.known(KNOWN, version=1, at=NOON - timedelta(minutes=1))
        self.pass_seconds(1)

    def known(self, *numbers: str, version: int, at: datetime) -> None:
        """Let these agents be known, as they were at a time."""
        of_tls = {"CertificateFingerprint": ["00" * 32]}
        known = (agent(number, **of_tls) for number in numbers)
        assert self.agents.snapshot.offer(agents_document(*known, version=version, at=at))

    def send(self, reference: str, number: str = NEW) -> None:
        """Send a request of an agent, which its gateway has just accepted."""
        self.world.send(sent(reference, number))

    def pass_seconds(self, seconds: float) -> None:
        """Let time pass."""
        self.world.loop.pass_seconds(seconds)


def sent(reference: str, number: str) -> Message:
    """Return a request of an agent."""
    return booking(id=RequestId(f"agent:{number}", "PlaceBooking", reference))


@pytest.fixture
def hurried() -> Hurried:
    """Offer such a bridge."""
    return Hurried()


def test_what_comes_before_its_agent_is_known_waits_and_others_go_on(hurried: Hurried) -> None:
    """It crosses once the edition that knows it is there, and is in no quarantine."""
    hurried.send("A-1")
    hurried.send("B-1", KNOWN)
    assert hurried.world.arrived() == ["B-1"]
    hurried.pass_seconds(UNDECIDED_SECONDS / 2)
    assert (hurried.world.arrived(), hurried.world.held()) == ([], 1)
    hurried.known(KNOWN, NEW, version=2, at=NOON)
    hurried.pass_seconds(1)
    assert (hurried.world.arrived(), hurried.world.kept()) == (["A-1"], [])
    hurried.pass_seconds(60)
    assert (hurried.world.arrived(), hurried.world.held()) == ([], 0)
    assert hurried.world.outside.depth("inward.requests") == 0


def test_what_stays_unknown_is_kept_with_its_reason(hurried: Hurried) -> None:
    """After UNDECIDED_SECONDS and no sooner, once."""
    hurried.send("A-1")
    hurried.pass_seconds(UNDECIDED_SECONDS - 1)
    assert hurried.world.kept() == []
    hurried.pass_seconds(2)
    assert hurried.world.kept() == ["A-1"]
    hurried.pass_seconds(60)
    assert hurried.world.kept() == ["A-1"]
    (found,) = hurried.world.outside.take_all("quarantine")
    assert found.headers["lupu-quarantine-reason"].startswith("UnknownAgent")


def test_nobody_stops_a_lane_with_agents_that_he_invents(hurried: Hurried) -> None:
    """A tenth of the prefetch waits at most; what is more is refused at once, others go on."""
    for number in range(HELD_MAX + 5):
        hurried.send(f"A-{number}")
    hurried.send("B-1", KNOWN)
    assert hurried.world.arrived() == ["B-1"]
    assert hurried.world.held() == HELD_MAX
    assert len(hurried.world.kept()) == 5


def test_what_waits_comes_again_after_a_pause_and_crosses_once(hurried: Hurried) -> None:
    """While the inside is away it lies outside; it is judged anew when it comes again."""
    hurried.send("A-1")
    hurried.world.inside.up = False
    hurried.send("B-1", KNOWN)
    hurried.pass_seconds(30)
    hurried.known(KNOWN, NEW, version=2, at=NOON)
    hurried.world.inside.up = True
    hurried.pass_seconds(120)
    assert sorted(hurried.world.arrived()) == ["A-1", "B-1"]
    assert (hurried.world.kept(), hurried.world.held()) == ([], 0)


def test_what_waits_is_not_lost_with_its_connection(hurried: Hurried) -> None:
    """It comes again, as all does that was under way, and is done with when it has crossed."""
    hurried.send("A-1")
    hurried.world.reconnect()
    hurried.pass_seconds(1)
    hurried.known(KNOWN, NEW, version=2, at=NOON)
    hurried.pass_seconds(UNDECIDED_SECONDS)
    assert set(hurried.world.arrived()) == {"A-1"}
    assert (hurried.world.kept(), hurried.world.held()) == ([], 0)
    assert hurried.world.outside.depth("inward.requests") == 0
