"""A hub that is asked to end leaves nothing in doubt."""

from functools import partial
from pathlib import Path

from hub.envelope import Transmission, to_wire
from hub.messages import INWARD_EXCHANGE
from hub.ports import Address, Published
from tests.acceptance.test_past_the_gateway import booking
from tests.contract.transports import AmqpTransport, until
from tests.servers.brokers import OBSERVER, Brokers
from tests.servers.components import hub
from tests.servers.keys import Keys

MESSAGES = 8_000
CHUNK = 500
TO = Address(INWARD_EXCHANGE, "requests")


def fill(outside: AmqpTransport, keys: Keys) -> None:
    """Publish MESSAGES bookings, all confirmed."""
    publisher = outside.publisher("gateway-1")
    outcomes: list[Published] = []
    for start in range(0, MESSAGES, CHUNK):
        for number in range(start, start + CHUNK):
            message = booking(transmission=Transmission("gateway-1", "b00t", number + 1))
            wire = to_wire(message, account="gateway-1")
            sealed = keys.seal(wire)
            outside.loop.call(partial(publisher.publish, TO, sealed, outcomes.append))
        assert until(lambda done=start + CHUNK: len(outcomes) == done)  # type: ignore[misc]
    assert set(outcomes) == {Published.CONFIRMED}


def test_a_hub_that_ends_under_load_leaves_no_message_on_both_sides(
    own_brokers: Brokers, tmp_path: Path
) -> None:
    """SIGTERM in the middle of a backlog: what has crossed is acknowledged, the rest waits."""
    outside, inside = AmqpTransport(own_brokers.outside), AmqpTransport(own_brokers.inside)
    try:
        fill(outside, own_brokers.keys)
        arrived = inside.consume(OBSERVER, "ticketing.requests", prefetch_max=2 * MESSAGES)
        with hub(own_brokers, tmp_path):
            assert until(lambda: len(arrived.deliveries) > CHUNK)
        left = outside.consume(OBSERVER, "inward.requests", prefetch_max=2 * MESSAGES)
        assert until(lambda: len(arrived.deliveries) + len(left.deliveries) >= MESSAGES)
        assert not until(
            lambda: len(arrived.deliveries) + len(left.deliveries) > MESSAGES, seconds=1.0
        )
        assert left.deliveries, "it was asked to end too late to show anything"
    finally:
        outside.close()
        inside.close()
