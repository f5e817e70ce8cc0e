"""What every transport promises: the same suite on the brokers in memory and on RabbitMQ."""

from collections.abc import Iterator

import pytest

from hub.envelope import Wire, to_wire
from hub.messages import (
    INWARD_EXCHANGE,
    MESSAGES,
    PUBLISHED_EXCHANGE,
    QUARANTINE_QUEUE,
    REPLIES_EXCHANGE,
    published_stream,
)
from hub.ports import Address, Published
from tests.contract.transports import AmqpTransport, MemoryTransport, Transport, until
from tests.unit.hub_world import booking

REQUESTS = Address(INWARD_EXCHANGE, "requests")
QUEUE = "inward.requests"
STREAM = published_stream(next(row for row in MESSAGES if row.name == "Offers"))


@pytest.fixture(params=["memory", "rabbitmq"])
def transport(request: pytest.FixtureRequest) -> Iterator[Transport]:
    """Return the outside broker's layout, empty, in memory or for real."""
    made: MemoryTransport | AmqpTransport
    if request.param == "memory":
        made = MemoryTransport()
    else:
        brokers = request.getfixturevalue("brokers")
        brokers.outside_broker.purge(QUEUE)
        made = AmqpTransport(brokers.outside)
    yield made
    made.close()


def numbered(body: bytes, account: str = "gateway-1") -> Wire:
    """Return a booking with this body as ``account`` sends it."""
    return to_wire(booking(body=body), account=account)


def test_a_message_arrives_with_everything_it_had(transport: Transport) -> None:
    """Body, identities, headers and account survive; four-byte Chinese too."""
    got = transport.consume("hub-1", QUEUE)
    sent = numbered("<订>𠮷野家</订>".encode())
    assert transport.send("gateway-1", REQUESTS, sent) is Published.CONFIRMED
    assert until(lambda: len(got.deliveries) == 1)
    assert got.deliveries[0].wire == sent
    transport.call(lambda: got.subscription.acknowledge(got.deliveries[0].tag))


def test_a_message_no_queue_takes_is_returned(transport: Transport) -> None:
    """Nothing vanishes for want of a queue."""
    nowhere = Address(INWARD_EXCHANGE, "nowhere")
    assert transport.send("gateway-1", nowhere, numbered(b"x")) is Published.RETURNED


def test_messages_come_in_the_order_in_which_they_were_sent(transport: Transport) -> None:
    """One publisher, one queue, one consumer: the order holds."""
    got = transport.consume("hub-1", QUEUE)
    bodies = [str(number).encode() for number in range(20)]
    for body in bodies:
        transport.send("gateway-1", REQUESTS, numbered(body))
    assert until(lambda: len(got.deliveries) == len(bodies))
    assert got.bodies() == bodies
    transport.call(lambda: got.subscription.acknowledge(got.deliveries[-1].tag, up_to=True))


def test_what_is_not_acknowledged_comes_again(transport: Transport) -> None:
    """A pause gives back what is held, and it comes again after the pause."""
    got = transport.consume("hub-1", QUEUE)
    for body in (b"1", b"2", b"3"):
        transport.send("gateway-1", REQUESTS, numbered(body))
    assert until(lambda: len(got.deliveries) == 3)
    transport.call(lambda: got.subscription.acknowledge(got.deliveries[0].tag))
    transport.call(got.subscription.pause)
    transport.call(got.subscription.resume)
    assert until(lambda: len(got.deliveries) == 5)
    assert got.bodies()[3:] == [b"2", b"3"]
    assert all(delivery.redelivered for delivery in got.deliveries[3:])
    transport.call(lambda: got.subscription.acknowledge(got.deliveries[-1].tag, up_to=True))


def test_a_late_acknowledgement_hits_no_other_message(transport: Transport) -> None:
    """A tag of before the pause is ignored after it."""
    got = transport.consume("hub-1", QUEUE)
    transport.send("gateway-1", REQUESTS, numbered(b"1"))
    assert until(lambda: len(got.deliveries) == 1)
    old = got.deliveries[0].tag
    for number in (2, 3, 4):
        transport.call(lambda: got.subscription.acknowledge(old) if number > 2 else None)  # noqa: B023
        transport.call(got.subscription.pause)
        transport.call(got.subscription.resume)
        assert until(lambda: len(got.deliveries) == number)  # noqa: B023
    transport.call(lambda: got.subscription.acknowledge(got.deliveries[-1].tag))


def test_no_more_is_held_than_the_prefetch_allows(transport: Transport) -> None:
    """A consumer that does not acknowledge is given at most its prefetch."""
    got = transport.consume("hub-1", QUEUE, prefetch_max=2)
    for body in (b"1", b"2", b"3"):
        transport.send("gateway-1", REQUESTS, numbered(body))
    assert until(lambda: len(got.deliveries) == 2)
    assert not until(lambda: len(got.deliveries) > 2, seconds=0.3)
    transport.call(lambda: got.subscription.acknowledge(got.deliveries[0].tag))
    assert until(lambda: len(got.deliveries) == 3)
    transport.call(lambda: got.subscription.acknowledge(got.deliveries[-1].tag, up_to=True))


def test_one_message_that_takes_long_does_not_hold_the_prefetch(transport: Transport) -> None:
    """What is done behind it is acknowledged, and others come in its place."""
    got = transport.consume("hub-1", QUEUE, prefetch_max=3)
    for number in range(12):
        transport.send("gateway-1", REQUESTS, numbered(str(number).encode()))
    for number in range(1, 12):
        assert until(lambda: len(got.deliveries) > number)  # noqa: B023
        transport.call(lambda: got.subscription.acknowledge(got.deliveries[number].tag))  # noqa: B023
    transport.call(got.subscription.pause)
    transport.call(got.subscription.resume)
    assert until(lambda: len(got.deliveries) == 13)
    assert got.bodies()[12] == b"0"
    transport.call(lambda: got.subscription.acknowledge(got.deliveries[12].tag))


def test_a_queue_of_ones_own_goes_with_its_consumer(transport: Transport) -> None:
    """A reply to a gateway that has gone is returned."""
    queue = "replies.gateway-1.test"
    got = transport.consume("gateway-1", queue, "exclusive")
    reply = to_wire(booking(type="PlaceBookingResponse.1"), account="hub-1", persistent=False)
    assert transport.send("hub-1", Address(REPLIES_EXCHANGE, queue), reply) is Published.CONFIRMED
    assert until(lambda: len(got.deliveries) == 1)
    transport.break_consumers("gateway-1")
    assert transport.send("hub-1", Address(REPLIES_EXCHANGE, queue), reply) is Published.RETURNED


def test_who_comes_late_gets_the_last_published_document(transport: Transport) -> None:
    """A stream keeps its last document for whoever subscribes later."""
    document = to_wire(booking(type="Offers.1", body=b"<Offers/>"), account="hub-1")
    assert (
        transport.send("hub-1", Address(PUBLISHED_EXCHANGE, STREAM), document)
        is Published.CONFIRMED
    )
    got = transport.consume("gateway-1", STREAM, "stream", 10)
    assert until(lambda: b"<Offers/>" in got.bodies())


@pytest.mark.parametrize("queue", [QUEUE, STREAM, QUARANTINE_QUEUE, "replies.gateway-1.test"])
def test_no_queue_is_reached_by_its_name_alone(transport: Transport, queue: str) -> None:
    """The default exchange, which would reach every queue, takes nothing from the hub."""
    transport.consume("gateway-1", "replies.gateway-1.test", "exclusive")
    wire = to_wire(booking(), account="hub-1")
    assert transport.send("hub-1", Address("", queue), wire) is Published.UNKNOWN


def test_an_account_cannot_speak_in_anothers_name(transport: Transport) -> None:
    """The broker itself verifies the account on every message."""
    outcome = transport.send("gateway-1", REQUESTS, numbered(b"x", account="gateway-2"))
    assert outcome is not Published.CONFIRMED
