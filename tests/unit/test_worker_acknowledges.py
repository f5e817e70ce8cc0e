"""A worker acknowledges what is committed, and not before."""

import time
from contextlib import closing

from tests.contract.transports import until
from tests.unit.test_worker import PACE, QUEUE, World


def test_what_is_not_committed_is_not_acknowledged() -> None:
    """While the database is away the broker keeps every request; afterwards each leaves it."""
    with closing(World()) as world:
        world.store.away = True
        for number in range(3):
            world.send(f"A-{number}")
        assert until(lambda: world.held() == 3)
        time.sleep(5 * PACE.retry_seconds_max)
        assert world.held() == 3
        world.store.away = False
        assert until(lambda: world.held() == 0)
        assert all(world.handled(f"A-{number}") for number in range(3))


def test_a_worker_that_ends_before_its_commit_leaves_the_request_in_the_queue() -> None:
    """Whoever dies with a request in hand has not taken it away from the others."""
    with closing(World()) as world:
        world.store.away = True
        world.send("A-1")
        assert until(lambda: world.held() == 1)
        time.sleep(5 * PACE.retry_seconds_max)
    subscription = world.worker._subscription
    assert subscription is not None
    subscription.pause()
    assert world.broker.depth(QUEUE) == 1
