"""Nobody floods in an agent's name; an honest backlog passes at once, however late."""

from datetime import timedelta
from math import floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmz_gateway.agents.rate import Rates
from hub.envelope import Message, Transmission
from hub.errors import AgentsNotKnown, TooMany
from hub.rates import (
    BURST_SECONDS,
    REMEMBERED_MIN,
    WINDOW_SECONDS,
    WINDOWS_MAX,
    AcceptedRates,
)
from tests.unit.agents_world import MIXED, PLAIN, RATE, World, place, request
from tests.unit.soap_signing import NOW

GATEWAYS = 3
AGENT = "1001"
SECOND = timedelta(seconds=1)
# What a World lets through of one window: twice what one gateway does.
WINDOW = 2 * RATE * (WINDOW_SECONDS + BURST_SECONDS)


def numbered(number: int, step: int) -> Message:
    """Return one request of many; ``step``: by which their transmissions differ."""
    sent = Transmission("gateway-1", "b", 1 + number * step)
    return request(place(), PLAIN, reference=f"A-{number}", transmission=sent)


def accepted(asked: list[tuple[int, float]], rate: int) -> list[float]:
    """Return when gateways accepted what an agent asked: each has a bucket of its own."""
    buckets = [Rates() for _ in range(GATEWAYS)]
    times, now = [], 0.0
    for gateway, pause in asked:
        now += pause
        taken = buckets[gateway].take(AGENT, per_second=rate, burst=rate * BURST_SECONDS, now=now)
        if taken == 0:
            times.append(now)
    return times


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(st.integers(0, GATEWAYS - 1), st.floats(0, 3, allow_subnormal=False)),
        max_size=300,
    ),
    st.integers(1, 5),
    st.randoms(use_true_random=False),
    st.floats(0, 1_000),
)
def test_what_gateways_let_through_is_never_refused(
    asked: list[tuple[int, float]], rate: int, chance: object, late: float
) -> None:
    """In whatever order and however late it comes: all of it at one moment, say, after a day."""
    rates = AcceptedRates(GATEWAYS, backlog_seconds=3_600)
    times = accepted(asked, rate)
    chance.shuffle(times)  # type: ignore[attr-defined]
    start = max(times, default=0.0) + late
    again = [*enumerate(times), *enumerate(times)]
    assert all(rates.take(AGENT, rate, number, at, start) for number, at in again)


@settings(max_examples=200)
@given(
    st.lists(st.tuples(st.floats(0, 200), st.floats(0, 0.5)), max_size=400),
    st.integers(1, 3),
    st.floats(0, 60),
)
def test_whatever_times_a_flood_says_it_is_bounded(
    claims: list[tuple[float, float]], rate: int, backlog: float
) -> None:
    """Of no window more than an honest one, altogether no more than stock and time allow."""
    rates = AcceptedRates(1, backlog)
    passed: list[float] = []
    now = 0.0
    for number, (claimed, pause) in enumerate(claims):
        now += pause
        if rates.take(AGENT, rate, number, claimed, now):
            passed.append(claimed)
    windows = [int(at // WINDOW_SECONDS) for at in passed]
    bound = rate * (WINDOW_SECONDS + BURST_SECONDS)
    assert all(windows.count(window) <= bound for window in windows)
    assert len(passed) <= floor(rate * (backlog + BURST_SECONDS + now) + 1e-6)


def test_memory_is_bounded_however_many_windows_there_are() -> None:
    """Those first counted are forgotten, which refuses nobody."""
    rates = AcceptedRates(1, 10 * WINDOWS_MAX * WINDOW_SECONDS)
    for number in range(3 * WINDOWS_MAX):
        assert rates.take(AGENT, 1, number, number * WINDOW_SECONDS, 0.0)
    assert len(rates._agents[AGENT].windows) == WINDOWS_MAX


def test_what_was_counted_is_known_again_for_long_and_not_for_ever() -> None:
    """The last REMEMBERED_MIN at least, twice as many at most."""
    rates = AcceptedRates(10**9, backlog_seconds=3_600)
    total = 4 * REMEMBERED_MIN + REMEMBERED_MIN // 2
    for number in range(total):
        assert rates.take(AGENT, 1, number, 0.0, 0.0)
    known = rates._remembered | rates._remembered_before
    assert known >= set(range(total - REMEMBERED_MIN, total))
    assert len(known) <= 2 * REMEMBERED_MIN


def test_a_flood_is_refused_by_a_kind_of_its_own_and_counted_by_agent() -> None:
    """What a gateway sends beyond all bounds goes to the quarantine; other agents go on."""
    world = World()
    for number in range(WINDOW):
        world.check(request(place(), PLAIN, reference=f"A-{number}"))
    for number in range(3):
        with pytest.raises(TooMany, match=PLAIN):
            world.check(request(place(), PLAIN, reference=f"B-{number}"))
    world.check(request(place(), MIXED))
    world.check(request(place(), PLAIN, accepted_at=NOW - WINDOW_SECONDS * SECOND))
    assert world.metrics.counts[f"lupu_guard_too_many_total {PLAIN}"] == 3


def test_what_comes_again_is_not_counted_again() -> None:
    """Neither what a broker gives back after a pause, nor what an operator replays."""
    world = World()
    sent = [request(place(), PLAIN, reference=f"A-{number}") for number in range(WINDOW)]
    for message in sent:
        world.check(message)
    for message in sent:
        assert world.check(message) == message
        assert world.check(message, "operator-1") == message
    with pytest.raises(TooMany):
        world.check(request(place(), PLAIN, reference="B-1"))


def test_neither_the_broker_nor_the_gateway_can_send_more_by_what_they_say() -> None:
    """Each new request counts: replayed, as the broker says, or under one number for all."""
    for account, step in (("operator-1", 1), ("gateway-1", 0)):
        world = World()
        for number in range(WINDOW):
            world.check(numbered(number, step), account)
        with pytest.raises(TooMany):
            world.check(numbered(WINDOW, step), account)


def test_before_the_agents_are_known_nothing_is_judged() -> None:
    """It is neither let through nor quarantined: the lane waits."""
    world = World(knows=False)
    with pytest.raises(AgentsNotKnown):
        world.check(request(place()))
