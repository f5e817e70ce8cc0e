"""The hub's channels on real brokers that refuse, fall silent, or lose a queue."""

import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from adapters.amqp.consumer import AmqpConsumer
from adapters.amqp.loop import Loop
from adapters.amqp.publisher import AmqpPublisher
from adapters.clock import SystemClock
from adapters.quarantine import QueueQuarantine
from hub.bridge import Bridge, Hub, Side
from hub.envelope import to_wire
from hub.messages import INWARD_EXCHANGE, QUARANTINE_QUEUE
from hub.ports import Address, Published
from hub.sealing import Seals
from tests.contract.transports import AmqpTransport, call_and_wait, until
from tests.servers.brokers import Brokers
from tests.servers.keys import Keys
from tests.unit.channel_world import said
from tests.unit.hub_world import CountedMetrics, PlainContracts, booking

REQUESTS = Address(INWARD_EXCHANGE, "requests")
QUEUE, INSIDE_QUEUE = "inward.requests", "ticketing.requests"
FIRST, MANY, ODD = 5, 60, 6
SEVERAL_PAUSES_SECONDS = 9.0
GIVEN_BACK_SECONDS_MAX = 25.0
RESUMED_SECONDS_MAX = 40.0
WINDOW = 10
AS_SHIPPED = Hub()


class CountingPublisher(AmqpPublisher):
    """Counts what it is given to publish."""

    tried = 0

    def publish(self, *arguments: object) -> None:
        """Count, then publish."""
        self.tried += 1
        super().publish(*arguments)  # type: ignore[arg-type]


class RealHub:
    """The four channels of hub-1 on two real brokers."""

    def __init__(self, brokers: Brokers) -> None:
        self.loop, self.keys = Loop(), brokers.keys
        outside, inside = brokers.outside("hub-1"), brokers.inside("hub-1")
        self.to_inside = CountingPublisher(self.loop, inside, "hub-1")
        self.from_outside = AmqpConsumer(self.loop, outside, "hub-1")
        self.to_outside = AmqpPublisher(self.loop, outside, "hub-1")
        self.from_inside = AmqpConsumer(self.loop, inside, "hub-1")
        self._links = (self.from_outside, self.to_outside, self.from_inside, self.to_inside)
        self.metrics = CountedMetrics()

    def start(self, hub: Hub = AS_SHIPPED) -> None:
        """Move messages on a thread of its own."""
        sealed = self.keys.of("hub-1")
        Bridge(
            place="hub-1",
            outside=Side(self.from_outside, self.to_outside),
            inside=Side(self.from_inside, self.to_inside),
            contracts=PlainContracts(),
            clock=SystemClock(),
            metrics=self.metrics,
            later=self.loop,
            seals=Seals(sealed.opener, sealed.sealer, sealed.editions_for),
            quarantine_on=lambda publisher: QueueQuarantine(publisher, "hub-1", SystemClock()),
        ).start(hub)
        for link in self._links:
            link.start()
        self.loop.start_thread("hub")
        assert until(lambda: all(link.ready() for link in self._links))

    def close(self) -> None:
        """Close every connection and end the loop."""
        for link in self._links:
            link.stop()
        self.loop.end(lambda: all(link.closed() for link in self._links), 15)


@pytest.fixture
def gateway(own_brokers: Brokers) -> Iterator[AmqpTransport]:
    """Offer a connected gateway on brokers that may be filled or blocked."""
    made = AmqpTransport(own_brokers.outside)
    made.publisher("gateway-1")
    yield made
    made.close()


@pytest.fixture
def hub(own_brokers: Brokers) -> Iterator[RealHub]:
    """Offer a hub between them, not yet started."""
    made = RealHub(own_brokers)
    yield made
    made.close()


def send_many(gateway: AmqpTransport, keys: Keys, number: int, odd: int = 0) -> None:
    """Publish bookings, of which ``odd``, spread among them, no guard lets through."""
    publisher, outcomes = gateway.publisher("gateway-1"), list[Published]()
    step = number // odd if odd else number + 1

    def send() -> None:
        for count in range(number):
            body = b"invalid" if count % step == step - 1 else b"<PlaceBooking/>"
            wire = to_wire(
                booking(f"A-{count}", body=body, accepted_at=datetime.now(UTC)),
                account="gateway-1",
            )
            publisher.publish(REQUESTS, keys.seal(wire), outcomes.append)

    call_and_wait(gateway.loop, send)
    assert until(lambda: outcomes == [Published.CONFIRMED] * number)


def listed(brokers: Brokers, side: str, queue: str) -> dict[str, int]:
    """Return what the broker says of one queue."""
    broker = brokers.outside_broker if side == "outside" else brokers.inside_broker
    return broker.queue(queue)


def in_quarantine(brokers: Brokers) -> int:
    """Return how many messages the outside quarantine has, as its broker says now and then."""
    return listed(brokers, "outside", QUARANTINE_QUEUE)["messages"]


def test_a_full_inside_queue_is_said_once_and_fills_no_quarantine(
    own_brokers: Brokers, gateway: AmqpTransport, hub: RealHub, caplog: pytest.LogCaptureFixture
) -> None:
    """Several pauses long: one line, one message a try, each refused message kept once."""
    own_brokers.inside_broker.bound(INSIDE_QUEUE, 1)
    hub.start()
    # A bound lets in what is sent before the broker tells of it.
    send_many(gateway, own_brokers.keys, FIRST)
    assert until(lambda: listed(own_brokers, "inside", INSIDE_QUEUE)["messages"] == FIRST)
    caplog.set_level(logging.INFO)
    caplog.clear()
    send_many(gateway, own_brokers.keys, MANY, ODD)
    assert until(lambda: said(caplog, "channel.paused") == 1)
    time.sleep(SEVERAL_PAUSES_SECONDS)
    assert until(lambda: in_quarantine(own_brokers) == said(caplog, "guard.refused"))
    assert FIRST < hub.to_inside.tried <= FIRST + MANY + WINDOW
    assert listed(own_brokers, "inside", INSIDE_QUEUE)["messages"] == FIRST
    assert (said(caplog, "channel.paused"), said(caplog, "channel.resumed")) == (1, 0)
    own_brokers.inside_broker.unbound()
    assert until(lambda: said(caplog, "channel.resumed") == 1, RESUMED_SECONDS_MAX)
    whole = FIRST + MANY - ODD
    assert until(lambda: listed(own_brokers, "inside", INSIDE_QUEUE)["messages"] == whole)
    assert until(lambda: listed(own_brokers, "outside", QUEUE)["messages"] == 0)
    assert until(lambda: in_quarantine(own_brokers) == ODD)
    assert (said(caplog, "channel.paused"), said(caplog, "guard.refused")) == (1, ODD)


def test_while_the_quarantine_is_missing_more_than_a_prefetch_of_others_goes_on(
    own_brokers: Brokers, gateway: AmqpTransport, hub: RealHub, caplog: pytest.LogCaptureFixture
) -> None:
    """What it did not take is held, unacknowledged, and kept once when it is there again."""
    outside = own_brokers.outside_broker
    outside.delete(QUARANTINE_QUEUE)
    caplog.set_level(logging.INFO)
    caplog.clear()
    hub.start(Hub(requests_prefetch_max=WINDOW))
    send_many(gateway, own_brokers.keys, 1, 1)
    assert until(lambda: said(caplog, "quarantine.away") == 1)
    send_many(gateway, own_brokers.keys, MANY)
    assert until(lambda: listed(own_brokers, "inside", INSIDE_QUEUE)["messages"] == MANY)
    held = {"messages": 1, "messages_unacknowledged": 1, "consumers": 1}
    assert until(lambda: listed(own_brokers, "outside", QUEUE) == held)
    outside.load_definitions()
    assert until(lambda: said(caplog, "quarantine.back") == 1, RESUMED_SECONDS_MAX)
    assert until(lambda: listed(own_brokers, "outside", QUEUE)["messages"] == 0)
    assert until(lambda: in_quarantine(own_brokers) == 1)
    assert (said(caplog, "quarantine.away"), said(caplog, "channel.paused")) == (1, 0)


def test_while_the_inside_confirms_nothing_the_hub_holds_nothing_for_long(
    own_brokers: Brokers, gateway: AmqpTransport, hub: RealHub, caplog: pytest.LogCaptureFixture
) -> None:
    """A memory alarm inside, and no message that follows: it is given back, nobody consumes."""
    hub.start()
    caplog.set_level(logging.INFO)
    caplog.clear()
    own_brokers.inside_broker.limit_memory(0.000001)
    send_many(gateway, own_brokers.keys, 1)
    assert until(lambda: hub.to_inside.tried > 0)

    def given_back() -> bool:
        row = listed(own_brokers, "outside", QUEUE)
        return row == {"messages": 1, "messages_unacknowledged": 0, "consumers": 0}

    assert until(given_back, GIVEN_BACK_SECONDS_MAX)
    time.sleep(SEVERAL_PAUSES_SECONDS)
    assert given_back()
    assert said(caplog, "channel.paused") == 1
    own_brokers.inside_broker.limit_memory(0.6)
    assert until(lambda: said(caplog, "channel.resumed") == 1, RESUMED_SECONDS_MAX)
    assert until(lambda: listed(own_brokers, "outside", QUEUE)["messages"] == 0)
    # What was in doubt has gone in twice, and is handled once.
    assert until(lambda: listed(own_brokers, "inside", INSIDE_QUEUE)["messages"] >= 1)


def test_a_missing_queue_is_said_once_and_consumed_again_when_it_is_there(
    own_brokers: Brokers, gateway: AmqpTransport, hub: RealHub, caplog: pytest.LogCaptureFixture
) -> None:
    """Deleted under its consumer and gone for a while: one line, then one that it is served."""
    hub.start()
    caplog.set_level(logging.INFO)
    caplog.clear()
    own_brokers.outside_broker.delete("inward.queries")
    assert until(lambda: not hub.from_outside.ready())
    time.sleep(SEVERAL_PAUSES_SECONDS)
    assert said(caplog, "amqp.subscription_lost") == 1
    own_brokers.outside_broker.load_definitions()
    assert until(hub.from_outside.ready, RESUMED_SECONDS_MAX)
    assert said(caplog, "amqp.subscription_served") == 1
    send_many(gateway, own_brokers.keys, 1)
    assert until(lambda: listed(own_brokers, "inside", INSIDE_QUEUE)["messages"] == 1)


def test_pauses_in_quick_succession_leave_one_channel_a_subscription(
    brokers: Brokers, request: pytest.FixtureRequest
) -> None:
    """Resumed while the channel before is still opening: the broker sees one, holding one lot."""
    brokers.outside_broker.purge(QUEUE)
    gateway = AmqpTransport(brokers.outside)
    request.addfinalizer(gateway.close)
    got = gateway.consume("hub-1", QUEUE, prefetch_max=MANY)

    def flicker() -> None:
        for _ in range(20):
            got.subscription.pause()
            got.subscription.resume(WINDOW)

    call_and_wait(gateway.loop, flicker)
    assert until(got.subscription.served)
    send_many(gateway, brokers.keys, MANY)
    assert until(lambda: len(got.deliveries) == WINDOW)

    def channels() -> int:
        told = brokers.outside_broker.ask(
            "[User || [{user, User}] <- rabbit_channel:info_all([user])]"
        )
        return list(told).count("hub-1")

    assert until(lambda: channels() == 1)
    held = {"messages": MANY, "messages_unacknowledged": WINDOW, "consumers": 1}
    assert until(lambda: listed(brokers, "outside", QUEUE) == held)
    brokers.outside_broker.purge(QUEUE)
