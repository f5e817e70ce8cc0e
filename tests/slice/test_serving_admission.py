"""On the inside broker the hub speaks for agents, the staff for itself, nobody for another."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.amqp.consumer import AmqpConsumer
from adapters.clock import SystemClock
from adapters.database import Database, InboxStore
from adapters.memory.broker import inside_broker
from adapters.memory.links import MemoryConsumer, MemoryPublisher
from adapters.quarantine import ACCOUNT, REASON, QueueQuarantine, restored
from adapters.xml import Schemas
from hub.envelope import Message, RequestId, Transmission, Wire, to_wire
from hub.messages import INWARD_EXCHANGE, QUARANTINE_QUEUE, TICKETING
from hub.ports import Address, Published
from internal_apps.serving import Links, Serving, Surroundings
from internal_apps.settings import Worker
from internal_apps.ticketing.application import application
from internal_apps.ticketing.settings import Ticketing
from tests.contract.transports import AmqpTransport, Got, MemoryTransport, until
from tests.servers.brokers import OBSERVER
from tests.unit.hub_world import CountedMetrics
from tests.unit.ticketing.world import prepared

WORKER = "ticketing-1"
QUERIES, REQUESTS = "ticketing.queries", "ticketing.requests"
AT_STAFF, AT_GATEWAY = "replies.staff-1.b", "replies.gateway-1.b"
SCHEMAS = Schemas()
Side = MemoryTransport | AmqpTransport


class World:
    """The real ticketing worker at one inside broker, and others who publish on it."""

    def __init__(self, side: Side, links: Links, database: Database) -> None:
        self.side = side
        self.metrics = CountedMetrics()
        clock = SystemClock()
        store = InboxStore(database, clock, WORKER)
        around = Surroundings(store, SCHEMAS, clock, self.metrics, WORKER)
        self.serving = Serving(application(around, Ticketing()), around, links, Worker())
        self.serving.subscribe()
        self.kept: Got = side.consume(OBSERVER, QUARANTINE_QUEUE)
        self.replies: Got = side.consume("staff-1", AT_STAFF, "exclusive")
        self._thread = threading.Thread(target=self.serving.run)
        self._thread.start()

    def send(self, wire: Wire, queue: str = REQUESTS) -> None:
        """Publish in the name of the wire's account."""
        to = Address(INWARD_EXCHANGE, queue)
        assert self.side.send(wire.user_id, to, wire) is Published.CONFIRMED

    def close(self) -> None:
        """End the worker."""
        self.serving.stop()
        self._thread.join()


def in_memory() -> tuple[MemoryTransport, Links, Callable[[], None]]:
    """Return the inside broker in memory."""
    side = MemoryTransport()
    side.broker = inside_broker()
    publisher = MemoryPublisher(side.broker, WORKER)
    consumer = MemoryConsumer(side.loop, side.broker)
    links = Links(
        consumer, publisher, side.loop.call, QueueQuarantine(publisher, WORKER, SystemClock())
    )
    return side, links, lambda: None


def for_real(brokers: Any) -> tuple[AmqpTransport, Links, Callable[[], None]]:
    """Return the inside broker on RabbitMQ, empty."""
    for queue in (QUARANTINE_QUEUE, REQUESTS, QUERIES, "outward.replies"):
        brokers.inside_broker.purge(queue)
    side = AmqpTransport(brokers.inside)
    publisher = side.publisher(WORKER)
    consumer = AmqpConsumer(side.loop, brokers.inside(WORKER), WORKER)
    consumer.start()
    links = Links(
        consumer, publisher, side.loop.call, QueueQuarantine(publisher, WORKER, SystemClock())
    )

    def end() -> None:
        consumer.stop()
        assert until(consumer.closed)

    return side, links, end


@pytest.fixture(params=["memory", "rabbitmq"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Offer the worker on the broker in memory and on RabbitMQ."""
    memory = request.param == "memory"
    side, links, end = in_memory() if memory else for_real(request.getfixturevalue("brokers"))
    database = prepared(f"sqlite:///{tmp_path / 'lupu.sqlite'}")
    made = World(side, links, database)
    yield made
    made.close()
    end()
    side.close()
    database.close()


def asked(account: str, sender: str, origin: str, reply_to: str, operator: str = "") -> Wire:
    """Return a booking that ``account`` publishes for ``sender``."""
    reference = f"{account}.{sender}".replace(":", ".")
    line = {"TicketType": "STANDARD", "Day": date(2010, 6, 10), "Quantity": 1}
    values = {
        "RequestReference": reference,
        "Kind": "INDIVIDUAL",
        "Contact": {"Name": "李", "Telephone": "021 5888 1234"},
        "Lines": {"Line": [line]},
    }
    message = Message(
        type="PlaceBooking.1",
        id=RequestId(sender, "PlaceBooking", reference),
        transmission=Transmission(origin, "b", 1),
        accepted_at=datetime.now(UTC),
        body=SCHEMAS.write(f"{{{TICKETING}}}PlaceBooking", values),
        reply_to=reply_to,
        operator=operator,
    )
    return to_wire(message, account=account)


STAFF = asked("staff-1", "staff:wang", "staff-1", AT_STAFF, "wang")
AGENT = asked("hub-1", "agent:1001", "gateway-1", AT_GATEWAY)
FORGED = {
    "the staff as an agent": asked("staff-1", "agent:1001", "staff-1", AT_STAFF),
    "the staff as a gateway": asked("staff-1", "agent:1001", "gateway-1", AT_GATEWAY),
    "the hub as the staff": asked("hub-1", "staff:wang", "gateway-1", AT_GATEWAY, "wang"),
    "the hub as a staff process": asked("hub-1", "staff:wang", "staff-1", AT_STAFF, "wang"),
    "the staff with a reply elsewhere": asked(
        "staff-1", "staff:wang", "staff-1", "replies.staff-2.b", "wang"
    ),
    "the staff with a reply to a gateway": asked(
        "staff-1", "staff:wang", "staff-1", AT_GATEWAY, "wang"
    ),
}


def test_whoever_speaks_for_another_is_not_heard_and_kept_with_the_reason(world: World) -> None:
    """Each forgery lies in the inside quarantine; the honest ones among them are answered."""
    outward = world.side.consume(OBSERVER, "outward.replies")
    for wire in FORGED.values():
        world.send(wire)
    world.send(STAFF)
    world.send(AGENT)
    assert until(lambda: len(world.kept.deliveries) == len(FORGED))
    assert until(lambda: len(world.replies.deliveries) == 1)
    assert until(lambda: any(one.wire.reply_to == AT_GATEWAY for one in outward.deliveries))
    assert world.replies.deliveries[0].wire.message_id == STAFF.message_id
    for (case, wire), delivery in zip(FORGED.items(), world.kept.deliveries, strict=True):
        assert restored([delivery.wire]) == wire, case
        assert delivery.wire.headers[REASON].startswith("NotAllowed: "), case
        assert delivery.wire.headers[ACCOUNT] == wire.user_id
    assert world.metrics.counts["lupu_worker_refused_total"] == len(FORGED)
    handled = sum(
        count
        for name, count in world.metrics.counts.items()
        if name.startswith("lupu_inbox_handled_total")
    )
    assert handled == 2


def test_a_question_in_anothers_name_is_not_answered(world: World) -> None:
    """Nobody reads an agency's outcomes by asking in its name."""
    question = SCHEMAS.write("{urn:lupu:common:1}GetOutcome", {})
    forged = FORGED["the staff as an agent"]._replace(type="GetOutcome.1", body=question)
    world.send(forged, QUERIES)
    assert until(lambda: world.metrics.counts["lupu_queries_failed_total"] == 1)
    honest = STAFF._replace(type="GetOutcome.1", body=question)
    world.send(honest, QUERIES)
    assert until(lambda: len(world.replies.deliveries) == 1)
    assert world.replies.deliveries[0].wire.type == "NotKnownYet.1"
    assert world.replies.deliveries[0].wire.message_id == honest.message_id
