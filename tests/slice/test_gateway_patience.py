"""A broker that is away for a moment costs nobody a refusal; one that stays away costs no time."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.envelope import Message
from hub.ports import Published
from tests.slice.gateway_answers import fault
from tests.slice.gateway_requests import envelope, get_booking, place_booking
from tests.slice.gateway_world import World, done, gateway

AWAY_SECONDS = 0.2


@contextmanager
def soon(world: World) -> Iterator[None]:
    """Let the broker be there again in a moment."""

    def mend() -> None:
        world.publisher.outcome = None

    timer = threading.Timer(AWAY_SECONDS, mend)
    timer.start()
    yield
    timer.join()


def lost_once(world: World) -> None:
    """Lose what comes of the first message, and let all be well behind it."""

    def take(_message: Message) -> None:
        world.publisher.stalled, world.inside = False, done

    world.inside = take


def test_a_broker_that_comes_back_in_time_refuses_nothing(tmp_path: Path) -> None:
    """The request waits for another node of the broker."""
    with gateway(tmp_path, broker_wait_seconds=20.0) as world:
        world.publisher.outcome = Published.NOT_SENT
        with soon(world):
            assert "DONE" in world.post(envelope(place_booking())).text
        assert len(world.seen) == 1


def test_one_that_stays_away_is_waited_for_once(tmp_path: Path) -> None:
    """The first request waits; while it stays away all others are refused at once."""
    with gateway(tmp_path, broker_wait_seconds=2.0) as world:
        world.publisher.outcome = Published.NOT_SENT
        began = time.monotonic()
        assert fault(world.post(envelope(place_booking()))).code == "NOT_ACCEPTED"
        assert time.monotonic() - began >= 2.0
        began = time.monotonic()
        assert fault(world.post(envelope(place_booking()))).code == "NOT_ACCEPTED"
        assert time.monotonic() - began < 2.0
        assert world.seen == []


def test_what_may_have_gone_with_its_connection_is_sent_once_more(tmp_path: Path) -> None:
    """As its agent would have to; the request id makes it one request."""
    with gateway(tmp_path, broker_wait_seconds=1.0) as world:
        world.publisher.stalled = True
        lost_once(world)
        assert "DONE" in world.post(envelope(place_booking())).text
        first, again = world.seen
        assert first.id == again.id
        assert first.transmission != again.transmission


def test_what_a_broker_too_slow_did_not_take_is_sent_once_more(tmp_path: Path) -> None:
    """It was fine a moment before, when it was last looked at."""
    with gateway(tmp_path, broker_wait_seconds=1.0) as world:
        world.publisher.full_once = True
        assert "DONE" in world.post(envelope(place_booking())).text
        assert len(world.seen) == 1


def test_a_queue_between_two_leaders_refuses_nobody(tmp_path: Path) -> None:
    """Its broker refuses meanwhile; the request is sent again until it is taken."""
    with gateway(tmp_path, broker_wait_seconds=20.0) as world:
        world.publisher.outcome = Published.REFUSED
        with soon(world):
            assert "DONE" in world.post(envelope(place_booking())).text
        assert len(world.seen) == 1


def test_a_queue_that_stays_full_is_waited_for_once(tmp_path: Path) -> None:
    """Behind the first all are refused at once, until one is taken."""
    with gateway(tmp_path, broker_wait_seconds=2.0) as world:
        for reference in ("A-1", "A-2"):
            request = envelope(place_booking(reference))
            world.publisher.outcome = Published.REFUSED
            for least, most in ((2.0, 20.0), (0.0, 1.9)):
                began = time.monotonic()
                assert fault(world.post(request)).code == "NOT_ACCEPTED"
                assert least <= time.monotonic() - began < most
            world.publisher.outcome = None
            assert "DONE" in world.post(request).text


def test_a_question_whose_answer_was_lost_is_asked_once_more(tmp_path: Path) -> None:
    """Half of the wait is left for it."""
    with gateway(tmp_path, broker_wait_seconds=1.0, query_wait_seconds=4.0) as world:
        lost_once(world)
        assert world.post(envelope(get_booking())).status == 200
        assert len(world.seen) == 2
