"""What ends a pause and what does not; and that waits grow, differ and begin anew."""

import pytest

from hub.backoff import Backoff
from hub.flow import (
    ANYWHERE,
    CALM_SECONDS,
    PAUSE_SECONDS_FIRST,
    PROBE_PREFETCH,
    START_SECONDS,
    Flow,
)
from tests.unit.channel_world import HandMovedLoop, said
from tests.unit.hub_world import CountedMetrics

FULL = 1_000
QUEUE, OTHER = "ticketing.requests", "invoicing.requests"


class NotedSubscription:
    """Notes what is asked of it."""

    def __init__(self) -> None:
        self.asked: list[str | int | None] = []

    def acknowledge(self, tag: int, *, up_to: bool = False) -> None:
        """Note it."""
        self.asked.append(f"acknowledge {tag} {up_to}")

    def pause(self) -> None:
        """Note it."""
        self.asked.append("pause")

    def resume(self, prefetch_max: int | None = None) -> None:
        """Note how many."""
        self.asked.append(prefetch_max)


class Moving:
    """A flow in motion, without a channel."""

    def __init__(self, *, ready: bool = True) -> None:
        self.loop = HandMovedLoop()
        self.subscription = NotedSubscription()
        self.ready = ready
        self.given_back = 0
        self.flow = Flow(
            "inward",
            later=self.loop,
            metrics=CountedMetrics(),
            ready=lambda: self.ready,
            given_back=self._note,
        )
        self.flow.start(self.subscription, FULL)

    def _note(self) -> None:
        self.given_back += 1

    def refused(self, tag: int, place: str = QUEUE) -> None:
        """Let one message be sent and refused."""
        self.flow.under_way[tag] = None
        self.flow.not_taken(tag, place, "refused")

    def confirmed(self, tag: int, place: str = QUEUE) -> None:
        """Let one message be sent and confirmed."""
        self.flow.under_way[tag] = None
        del self.flow.under_way[tag]
        self.flow.taken(place, ANYWHERE)

    def probe(self) -> None:
        """Wait until one message is tried."""
        self.loop.pass_seconds(PAUSE_SECONDS_FIRST)
        assert self.subscription.asked[-1] == PROBE_PREFETCH


@pytest.mark.parametrize("seconds", [0.3, 60.0])
def test_what_is_not_yet_connected_at_the_start_is_waited_for(
    caplog: pytest.LogCaptureFixture, seconds: float
) -> None:
    """A moment is nothing to tell of; a destination that stays away is, once."""
    moving = Moving(ready=False)
    assert not moving.flow.taking
    moving.loop.pass_seconds(seconds)
    moving.ready = True
    moving.loop.pass_seconds(1)
    away = seconds > START_SECONDS
    assert moving.flow.taking
    assert said(caplog, "channel.paused") == away
    assert moving.subscription.asked == ["pause", PROBE_PREFETCH if away else FULL]


def test_another_queues_confirm_does_not_end_the_pause() -> None:
    """Where one application's queue is full, what another takes proves nothing about it."""
    moving = Moving()
    moving.refused(1)
    moving.probe()
    moving.confirmed(2, OTHER)
    assert moving.flow.troubled
    moving.confirmed(3, QUEUE)
    assert not moving.flow.troubled
    assert moving.subscription.asked == ["pause", PROBE_PREFETCH, "pause", FULL]
    assert moving.given_back == 2


def test_any_confirm_ends_the_pause_of_a_connection_that_was_lost() -> None:
    """What was not sent at all says nothing of one queue."""
    moving = Moving()
    moving.refused(1, ANYWHERE)
    moving.probe()
    moving.confirmed(2, OTHER)
    assert moving.subscription.asked[-1] == FULL


def test_every_place_that_refused_has_to_confirm() -> None:
    """Two full queues are two troubles; both end, or a calm time passes."""
    moving = Moving()
    moving.flow.under_way[2] = None
    moving.refused(1)
    moving.flow.not_taken(2, OTHER, "refused")
    moving.probe()
    moving.confirmed(3, QUEUE)
    assert moving.flow.troubled
    moving.loop.pass_seconds(CALM_SECONDS)
    assert moving.subscription.asked[-1] == FULL


def test_what_was_given_back_says_nothing_any_more() -> None:
    """A refusal that comes after the pause it belonged to does not begin another."""
    moving = Moving()
    moving.refused(1)
    moving.probe()
    moving.confirmed(2)
    moving.flow.not_taken(1, ANYWHERE, "unknown")
    assert moving.flow.taking
    assert moving.subscription.asked[-1] == FULL


def test_what_settles_in_the_meantime_does_not_end_a_pause_early() -> None:
    """Confirms of the prefetch in which another message was refused prove nothing."""
    moving = Moving()
    moving.flow.under_way.update({2: None, 3: None})
    moving.refused(1)
    assert moving.subscription.asked == []
    for tag in (2, 3):
        del moving.flow.under_way[tag]
        moving.flow.taken(QUEUE, ANYWHERE)
    assert moving.subscription.asked == ["pause"]
    assert not moving.flow.taking


def test_a_flow_that_ends_takes_no_more_and_never_begins_again() -> None:
    """Neither what settles afterwards nor a wait that was under way brings it back."""
    moving = Moving()
    moving.refused(1)
    moving.flow.end()
    moving.refused(2)
    moving.loop.pass_seconds(10 * CALM_SECONDS)
    assert not moving.flow.taking
    assert moving.subscription.asked == ["pause"]


def test_a_flow_that_ends_before_it_began_does_not_begin() -> None:
    """A hub that is stopped while its brokers are away stays stopped."""
    moving = Moving(ready=False)
    moving.flow.end()
    moving.ready = True
    moving.loop.pass_seconds(CALM_SECONDS)
    assert moving.subscription.asked == ["pause"]


def test_waits_double_to_their_bound_and_are_never_quite_the_same() -> None:
    """Each wait lies between half of what it may be and all of it; a success begins anew."""
    backoff = Backoff(2.0, 30.0)
    for most in (2.0, 4.0, 8.0, 16.0, 30.0, 30.0):
        assert most / 2 <= backoff.next_seconds() <= most
    assert len({backoff.next_seconds() for _ in range(20)}) > 1
    for _ in range(2_000):
        backoff.next_seconds()
    backoff.reset()
    assert backoff.next_seconds() <= 2.0
