"""A broker of several nodes: whichever answers is used."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from adapters.amqp.link import Link
from adapters.amqp.loop import Loop
from adapters.amqp.ping import depths, look
from hub.messages import Lane, outside_queue
from hub.places import outside_places
from hub.settings import OutsideBroker
from tests.contract.transports import until
from tests.servers.brokers import Brokers

# Nobody listens there: the broker has IPv4 alone.
NOBODY = "::1"


@pytest.fixture
def broker(brokers: Brokers) -> OutsideBroker:
    """Offer a broker of two nodes, of which one is down."""
    settings = brokers.outside("gateway-1")
    return replace(settings, host=NOBODY, other_hosts=(settings.host,))


@pytest.fixture
def loop() -> Iterator[Loop]:
    """Offer a loop that runs."""
    made = Loop()
    made.start_thread("dialling")
    yield made
    made.end(lambda: True, 1.0)


def test_the_next_node_is_dialled_where_one_does_not_answer(
    broker: OutsideBroker, loop: Loop
) -> None:
    """Wherever a link begins, it ends at the node that is there."""
    opened: list[object] = []
    links = [
        Link(loop, broker, f"link {n} to", opened=opened.append, closed=lambda: None)
        for n in range(4)
    ]
    for link in links:
        link.start()
    assert until(lambda: len(opened) == len(links), 60)
    for link in links:
        link.stop()
    assert until(lambda: all(link.closed() for link in links))


def test_a_look_goes_through_each_node(broker: OutsideBroker) -> None:
    """It says which one is down, and that the other serves all; depths come from any."""
    looked = look(broker, "gateway-1", outside_places("gateway"))
    down, *fine = looked
    assert not down.fine
    assert NOBODY in down.name
    assert len(fine) > 1
    assert all(check.fine for check in fine)
    queue = outside_queue(Lane.REQUESTS)
    assert depths(broker, "gateway-1", [queue]).keys() <= {queue}
