"""What the broker adapters do when a real broker is killed, blocked or stopped dead."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from adapters.amqp.publisher import ANEW_SECONDS
from hub.envelope import to_wire
from hub.messages import INWARD_EXCHANGE
from hub.ports import Address, Published
from tests.contract.transports import AmqpTransport, until
from tests.servers.brokers import Brokers
from tests.servers.standstill import standing_still
from tests.unit.hub_world import booking

QUEUE = "inward.requests"
REQUESTS = Address(INWARD_EXCHANGE, "requests")
FULL = 50
WIRE = to_wire(booking(), account="gateway-1")
RECONNECT_SECONDS_MAX = 40.0


@pytest.fixture
def transport(own_brokers: Brokers) -> Iterator[AmqpTransport]:
    """Offer a connected gateway on brokers that may be broken."""
    made = AmqpTransport(own_brokers.outside)
    made.publisher("gateway-1")
    yield made
    made.close()


def outcome_of(transport: AmqpTransport) -> tuple[Published, float]:
    """Publish once; return how it ended and after how many seconds."""
    publisher = transport._publishers["gateway-1"]
    outcome: list[Published] = []
    started = time.monotonic()
    transport.loop.call(lambda: publisher.publish(REQUESTS, WIRE, outcome.append))
    assert until(lambda: bool(outcome), RECONNECT_SECONDS_MAX)
    return outcome[0], time.monotonic() - started


@contextmanager
def memory_alarm(brokers: Brokers) -> Iterator[None]:
    """Hold the outside broker in its memory alarm."""
    brokers.outside_broker.limit_memory(0.000001)
    try:
        yield
    finally:
        brokers.outside_broker.limit_memory(0.6)


def test_a_killed_broker_is_said_once_and_reconnected_to_for_ever(
    own_brokers: Brokers, transport: AmqpTransport, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is sent while it is away; both links come back by themselves."""
    caplog.set_level(logging.INFO, "adapters.amqp")
    got = transport.consume("hub-1", "inward.requests")
    own_brokers.outside_broker.kill()
    assert until(lambda: not transport._publishers["gateway-1"].ready())
    assert outcome_of(transport)[0] is Published.NOT_SENT
    time.sleep(5)
    own_brokers.outside_broker.restart()
    assert until(transport._publishers["gateway-1"].ready, RECONNECT_SECONDS_MAX)
    assert outcome_of(transport)[0] is Published.CONFIRMED
    assert until(lambda: len(got.deliveries) == 1, RECONNECT_SECONDS_MAX)
    events = [record.message for record in caplog.records]
    assert events.count("amqp.away") == 2
    assert events.count("amqp.connected_again") == 2
    assert {getattr(record, "link", "") for record in caplog.records} >= {
        "gateway-1 publishes to the outside broker",
        "hub-1 consumes from the outside broker",
    }


def test_a_blocked_broker_counts_as_away_and_serves_again_after_the_alarm(
    own_brokers: Brokers, transport: AmqpTransport
) -> None:
    """The first publish into an alarm may be in doubt; all after it are known not to be sent."""
    with memory_alarm(own_brokers):
        publisher = transport._publishers["gateway-1"]
        in_doubt: list[Published] = []
        transport.loop.call(lambda: publisher.publish(REQUESTS, WIRE, in_doubt.append))
        assert until(lambda: not publisher.ready())
        outcome, seconds = outcome_of(transport)
        assert outcome is Published.NOT_SENT
        assert seconds < 1
    assert until(lambda: in_doubt == [Published.CONFIRMED], RECONNECT_SECONDS_MAX)
    assert until(publisher.ready)
    assert outcome_of(transport)[0] is Published.CONFIRMED


def test_a_broker_that_stands_still_is_away_within_a_second(
    own_brokers: Brokers, transport: AmqpTransport
) -> None:
    """What is in doubt stays what was sent before; nothing is added to it."""
    publisher = transport._publishers["gateway-1"]
    in_doubt: list[Published] = []
    with standing_still(own_brokers.outside_broker.pid):
        transport.loop.call(lambda: publisher.publish(REQUESTS, WIRE, in_doubt.append))
        assert until(lambda: not publisher.ready(), 3)
        assert outcome_of(transport)[0] is Published.NOT_SENT
    assert until(lambda: bool(in_doubt), RECONNECT_SECONDS_MAX)
    assert until(publisher.ready, RECONNECT_SECONDS_MAX)


def test_what_is_under_way_when_the_broker_dies_is_unknown(
    own_brokers: Brokers, transport: AmqpTransport
) -> None:
    """Each publish settles exactly once, as confirmed or as unknown, never as lost silently."""
    publisher = transport._publishers["gateway-1"]
    settled: list[Published] = []

    def flood() -> None:
        for _ in range(500):
            publisher.publish(REQUESTS, WIRE, settled.append)

    transport.loop.call(flood)
    own_brokers.outside_broker.kill()
    assert until(lambda: len(settled) == 500, RECONNECT_SECONDS_MAX)
    assert set(settled) <= {Published.CONFIRMED, Published.UNKNOWN, Published.NOT_SENT}


def test_what_a_full_queue_refuses_goes_over_another_channel_and_nothing_is_in_doubt(
    own_brokers: Brokers, transport: AmqpTransport
) -> None:
    """Each publish ends once, as taken or refused, and what was taken is there."""
    own_brokers.outside_broker.bound(QUEUE, FULL)
    publisher, outcomes = transport.publisher("gateway-1"), Counter[Published]()
    ending, sent = threading.Event(), list[int]()

    def send() -> None:
        for number in range(20):
            sent.append(number)
            publisher.publish(REQUESTS, WIRE, lambda ended: outcomes.update([ended]))
        if not ending.is_set():
            transport.loop.call_later(0.01, send)

    transport.loop.call(send)
    used: list[Any] = []
    for _ in range(40):
        time.sleep(ANEW_SECONDS / 10)
        sending = publisher._sending
        assert sending is not None
        used += [sending.channel] if sending.channel not in used[-1:] else []
    ending.set()
    assert until(lambda: outcomes.total() == len(sent))
    assert set(outcomes) == {Published.CONFIRMED, Published.REFUSED}
    assert own_brokers.outside_broker.queue_messages()[QUEUE] == outcomes[Published.CONFIRMED]
    assert 3 <= len(used) <= 5
    assert until(lambda: all(one.is_closed for one in used[:-1]))
