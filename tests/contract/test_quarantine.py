"""What every quarantine promises: the same suite on the broker in memory and on RabbitMQ."""

from collections.abc import Iterator

import pytest

from adapters.amqp.consumer import AmqpConsumer
from adapters.memory.links import MemoryPublisher
from adapters.quarantine import ACCOUNT, REASON, QueueQuarantine, restored
from hub.envelope import Wire, to_wire
from hub.messages import QUARANTINE_QUEUE
from hub.ports import Published, Quarantine
from tests.contract.stuffing import stuffed
from tests.contract.transports import AmqpTransport, Got, MemoryTransport, until
from tests.servers.brokers import OBSERVER, Brokers
from tests.unit.hub_world import MovedClock, booking

WIRE = to_wire(booking(), account="gateway-1")
LARGEST = 8 * 1_024 * 1_024


class World:
    """A hub's quarantine on the outside broker, and a look at what lies in it."""

    def __init__(self, transport: MemoryTransport | AmqpTransport) -> None:
        self.transport = transport
        publisher = (
            MemoryPublisher(transport.broker, "hub-1")
            if isinstance(transport, MemoryTransport)
            else transport.publisher("hub-1")
        )
        self.quarantine: Quarantine = QueueQuarantine(publisher, "hub-1", MovedClock())
        self.lies: Got = transport.consume(OBSERVER, QUARANTINE_QUEUE, prefetch_max=10)

    def keep(self, wire: Wire, reason: str = "NotAllowed: no") -> list[Published]:
        """Keep a message; return how that settled, once for each time it did."""
        settled: list[Published] = []
        keep, take = self.quarantine.keep, settled.append
        self.transport.call(lambda: keep(wire, reason, take))
        assert until(lambda: bool(settled)), "it did not settle"
        return settled

    def kept(self, count: int) -> list[Wire]:
        """Wait for ``count`` messages in the quarantine and take them."""
        assert until(lambda: len(self.lies.deliveries) == count), len(self.lies.deliveries)
        last = self.lies.deliveries[-1].tag
        self.transport.call(lambda: self.lies.subscription.acknowledge(last, up_to=True))
        return [delivery.wire for delivery in self.lies.deliveries]


@pytest.fixture(params=["memory", "rabbitmq"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """Offer an empty quarantine, in memory or for real."""
    made: MemoryTransport | AmqpTransport
    if request.param == "memory":
        made = MemoryTransport()
    else:
        brokers = request.getfixturevalue("brokers")
        brokers.outside_broker.purge(QUARANTINE_QUEUE)
        made = AmqpTransport(brokers.outside)
    yield World(made)
    made.close()


def test_a_refused_message_is_kept_with_its_bytes_its_reason_and_who_sent_it(
    world: World,
) -> None:
    """It settles once, confirmed, and what lies there is the original and why."""
    assert world.keep(WIRE, "InvalidBody: 不行") == [Published.CONFIRMED]
    (one,) = world.kept(1)
    assert one.body == WIRE.body
    assert one.headers[REASON] == "InvalidBody: 不行"
    assert one.headers[ACCOUNT] == "gateway-1"
    assert one.persistent
    assert restored([one]) == WIRE


@pytest.mark.parametrize(
    "wire",
    [
        stuffed(WIRE),
        stuffed(WIRE._replace(headers={f"{number:05}": "y" for number in range(10_000)})),
        WIRE._replace(headers={}, persistent=False, expiration_ms=30_000),
        Wire("t" * 255, "i" * 255, b"", {"h" * 255: ""}, "r" * 255, "c" * 255, "u" * 255),
        Wire("", "", b""),
    ],
    ids=["a long header", "many headers", "short-lived", "long properties", "empty"],
)
def test_whatever_a_broker_delivers_can_be_kept_and_put_back(world: World, wire: Wire) -> None:
    """Headers and properties as long as AMQP allows do not break the connection."""
    assert world.keep(wire, "R" * 10_000) == [Published.CONFIRMED]
    assert restored(world.kept(1)) == wire
    assert world.keep(WIRE) == [Published.CONFIRMED]


def test_the_largest_message_with_the_longest_headers_is_kept_in_parts(world: World) -> None:
    """Even what no broker would take as one message is kept whole."""
    wire = WIRE._replace(body=bytes(LARGEST), headers=stuffed(WIRE).headers)
    assert world.keep(wire) == [Published.CONFIRMED]
    assert restored(world.kept(2)) == wire


def test_what_could_not_be_kept_is_not_confirmed(world: World) -> None:
    """A connection that takes nothing more says so, once."""
    stopped = world.transport
    if isinstance(stopped, MemoryTransport):
        stopped.broker.up = False
    else:
        publisher = stopped.publisher("hub-1")
        publisher.stop()
        assert until(publisher.closed)
    assert world.keep(WIRE) == [Published.NOT_SENT]


def test_a_hub_may_count_what_lies_there_and_not_read_it(brokers: Brokers) -> None:
    """Its account has no permission to look, and needs none; a queue that is not there is none."""
    brokers.outside_broker.purge(QUARANTINE_QUEUE)
    transport = AmqpTransport(brokers.outside)
    consumer = AmqpConsumer(transport.loop, brokers.outside("hub-1"), "hub-1")
    consumer.subscribe("inward.queries", 1, lambda _: None)
    consumer.start()
    assert until(consumer.ready)
    counted: list[int] = []
    quarantine = QueueQuarantine(transport.publisher("hub-1"), "hub-1", MovedClock())
    settled: list[Published] = []
    transport.call(lambda: quarantine.keep(WIRE, "NotAllowed: no", settled.append))
    assert until(lambda: settled == [Published.CONFIRMED])

    def seen(number: int) -> bool:
        transport.call(lambda: consumer.count("not.there", counted.append))
        transport.call(lambda: consumer.count(QUARANTINE_QUEUE, counted.append))
        return number in counted

    assert until(lambda: seen(1))
    assert consumer.ready()
    consumer.stop()
    assert until(consumer.closed)
    transport.close()
