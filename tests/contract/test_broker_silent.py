"""A broker whose connection lives, and whose confirms do not come."""

import time
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

import pytest

from adapters.amqp.loop import Loop
from adapters.amqp.publisher import LOOK_SECONDS, AmqpPublisher
from certs.authority import Purpose
from hub.envelope import to_wire
from hub.messages import INWARD_EXCHANGE
from hub.ports import Address, Published
from hub.requester import Requester
from tests.contract.transports import until
from tests.servers.answer_relay import CONFIRM, CONFIRMING, Relay
from tests.servers.brokers import Brokers
from tests.unit.hub_world import CountedMetrics, booking

# What no queue takes is confirmed too, and leaves nothing behind.
NOWHERE = Address(INWARD_EXCHANGE, "nowhere")
WIRE = to_wire(booking(), account="gateway-1")
CONFIRM_SECONDS, GIVEN_UP_SECONDS = 0.2, 1.0


@pytest.fixture
def relay(brokers: Brokers) -> Iterator[Relay]:
    """Offer a relay that stands for the outside broker to gateway-1."""
    broker = brokers.authorities.outside.ensure("broker", Purpose.SERVER)
    made = Relay(brokers.outside("gateway-1"), broker)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def publisher(brokers: Brokers, relay: Relay) -> Iterator[AmqpPublisher]:
    """Offer gateway-1's publisher, which dials the relay when it is started."""
    loop = Loop()
    loop.start_thread("publishing")
    settings = replace(
        brokers.outside("gateway-1"),
        port=relay.port,
        confirm_seconds=CONFIRM_SECONDS,
        unconfirmed_seconds_max=GIVEN_UP_SECONDS,
    )
    made = AmqpPublisher(loop, settings, "gateway-1")
    yield made
    made.stop()
    loop.end(made.closed, 5)


def reasons(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return why links were broken off."""
    lines = [record for record in caplog.records if record.message == "amqp.broken_off"]
    return [str(getattr(line, "reason", "")) for line in lines]


def test_a_confirm_that_never_comes_ends_its_link_and_not_the_gateway(
    publisher: AmqpPublisher, relay: Relay, caplog: pytest.LogCaptureFixture
) -> None:
    """What was sent stays unknown, in the answer and in the book; the next is told its end."""
    requester = Requester(publisher._link.loop, publisher, CountedMetrics(), CONFIRM_SECONDS)
    publisher.start()
    assert until(publisher.ready)
    relay.swallowed = CONFIRM
    booked: list[Published] = []
    assert requester.send(NOWHERE, WIRE, booked.append) is Published.UNKNOWN
    assert until(lambda: not publisher.ready())
    assert not booked
    relay.swallowed = b""
    assert until(publisher.ready)
    assert booked == [Published.UNKNOWN]
    assert reasons(caplog) == ["a confirm has been missing for 1 s"]
    assert requester.send(NOWHERE, WIRE, booked.append) is Published.RETURNED
    assert booked == [Published.UNKNOWN, Published.RETURNED]


def test_a_link_on_which_confirms_are_not_even_promised_is_given_up_too(
    publisher: AmqpPublisher, relay: Relay, caplog: pytest.LogCaptureFixture
) -> None:
    """It is dialled again, until the broker answers all that it is asked."""
    relay.swallowed = CONFIRMING
    publisher.start()
    assert until(lambda: len(reasons(caplog)) == 1)
    assert not publisher.ready()
    relay.swallowed = b""
    assert until(publisher.ready)


def test_after_an_alarm_confirms_have_their_time_anew(
    publisher: AmqpPublisher, relay: Relay, caplog: pytest.LogCaptureFixture
) -> None:
    """However long it was, no link is given up for it, nor for what it held back."""
    loop = publisher._link.loop
    publisher.start()
    assert until(publisher.ready)
    relay.swallowed = CONFIRM
    alarm = SimpleNamespace(method=SimpleNamespace(reason="low on memory"))
    loop.call(lambda: publisher.publish(NOWHERE, WIRE, lambda _: None))
    loop.call(lambda: publisher._on_blocked(None, alarm))
    long = GIVEN_UP_SECONDS + 3 * LOOK_SECONDS
    assert until(lambda: publisher._waits(time.monotonic(), long))
    assert reasons(caplog) == []
    over_at = time.monotonic()
    loop.call(lambda: publisher._on_unblocked(None, alarm))
    assert until(lambda: len(reasons(caplog)) == 1)
    assert time.monotonic() - over_at >= GIVEN_UP_SECONDS
