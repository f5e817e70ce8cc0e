"""Runs that broke a promise once, as small as they were made; each tells what was wrong."""

import pytest

from tests.simulation.run import simulate
from tests.simulation.shrinking import read

ONCE_BROKEN = {
    "evidence's clock was set back, and an honest page was called injected": (
        1227,
        (
            "kinds=book.full+broker.away+broker.blocked+broker.disk_lost+broker.full+clock.jumped+"
            "clock.skewed+confirm.never+crash+database.away+database.commit_lost+database.deadlock+"
            "database.full+edition.dropped+edition.older+link.broken+message.reordered+message.slow+"
            "process.frozen+process.restarted+queue.missing+reply.lost,aim=operator.begin,agents=2,"
            "bookings=1,seconds=90.0,hubs=3,gateways=3,workers=3,forgeries=3,operators=3,evidence=1,"
            "editions=1"
        ),
    ),
    "a forgery that was sent again was lost by the broker, and the judge missed it": (
        5243,
        (
            "kinds=broker.blocked+broker.disk_lost+broker.full+clock.jumped+clock.skewed+confirm.late+"
            "confirm.never+crash+database.yields+link.broken+message.doubled+process.frozen+"
            "process.killed,aim=hub.snapshotted,agents=1,bookings=3,seconds=40.0,hubs=1,gateways=3,"
            "workers=2,forgeries=6,operators=2,evidence=1,editions=1"
        ),
    ),
}


@pytest.mark.parametrize(("seed", "plan"), ONCE_BROKEN.values(), ids=ONCE_BROKEN.keys())
def test_what_broke_a_promise_once_keeps_it(seed: int, plan: str) -> None:
    """The same troubles in the same order, though code that draws otherwise leads elsewhere."""
    assert simulate(seed, read(seed, plan)).faults == []
