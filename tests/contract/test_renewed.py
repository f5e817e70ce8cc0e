"""A component whose certificate is renewed goes on as if nothing had happened."""

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest

from adapters.amqp.consumer import AmqpConsumer
from adapters.amqp.loop import Loop
from adapters.amqp.publisher import AmqpPublisher
from hub.messages import INWARD_EXCHANGE, REPLIES_EXCHANGE, reply_queue
from hub.ports import Address, Delivery, Published
from tests.contract.test_transport import numbered
from tests.contract.transports import until
from tests.servers.brokers import OBSERVER, Brokers

QUEUE = "inward.requests"
REQUESTS = Address(INWARD_EXCHANGE, "requests")
OWN = reply_queue(OBSERVER, "renewed")
EVERY_SECONDS = 0.002
HANDLED_SECONDS = 0.01
TIMES = 3


class Busy:
    """Sends to an address all the while, and takes what comes on a queue."""

    def __init__(self, brokers: Brokers, to: Address) -> None:
        broker = replace(brokers.outside(OBSERVER), reload_seconds=0.2)
        self.loop = Loop()
        self.publisher = AmqpPublisher(self.loop, broker, "test")
        self.consumer = AmqpConsumer(self.loop, broker, "test")
        self.ended: Counter[Published] = Counter()
        self.came: Counter[bytes] = Counter()
        self.sent = 0
        self._to = to
        self._stopping = False
        if to is REQUESTS:
            self.subscription = self.consumer.subscribe(QUEUE, 100, self._take)
        else:
            self.subscription = self.consumer.subscribe_exclusive(OWN, 100, self._take)

    def start(self) -> None:
        """Connect, and begin to send."""
        self.loop.start_thread("busy")
        self.consumer.start()
        self.publisher.start()
        assert until(lambda: self.publisher.ready() and self.consumer.ready())
        self.loop.call(self._send)

    def finish(self) -> None:
        """Send no more, wait for what was sent, and close."""
        self._stopping = True
        assert until(lambda: self.ended.total() == self.sent)
        assert until(lambda: len(self.came) == self.sent)
        self.consumer.stop()
        self.publisher.stop()
        self.loop.end(lambda: self.consumer.closed() and self.publisher.closed(), 5)

    def has_sent(self, count: int) -> bool:
        """Return whether as many were sent."""
        return self.sent >= count

    def _send(self) -> None:
        if self._stopping:
            return
        self.sent += 1
        wire = numbered(str(self.sent).encode(), OBSERVER)
        self.publisher.publish(self._to, wire, lambda ended: self.ended.update([ended]))
        self.loop.call_later(EVERY_SECONDS, self._send)

    def _take(self, delivery: Delivery) -> None:
        self.came[delivery.wire.body] += 1
        done = partial(self.subscription.acknowledge, delivery.tag)
        self.loop.call_later(HANDLED_SECONDS, done)


@pytest.fixture(params=[REQUESTS, Address(REPLIES_EXCHANGE, OWN)], ids=["shared", "own"])
def busy(request: pytest.FixtureRequest, brokers: Brokers) -> Iterator[Busy]:
    """Offer one that sends and takes: on a queue of all, and on one of its connection alone."""
    brokers.outside_broker.purge(QUEUE)
    made = Busy(brokers, request.param)
    made.start()
    yield made
    made._stopping = True


def renewed(caplog: pytest.LogCaptureFixture, times: int) -> bool:
    """Return whether both connections were exchanged so often."""
    return caplog.messages.count("amqp.renewed") == 2 * times


def test_nothing_is_lost_doubled_or_refused_while_both_connections_are_exchanged(
    busy: Busy, brokers: Brokers, caplog: pytest.LogCaptureFixture
) -> None:
    """Each message is confirmed, and comes: once where it is taken from a queue of all."""
    caplog.set_level(logging.INFO)
    for turn in range(1, TIMES + 1):
        before = busy.sent
        brokers.authorities.outside.renew(OBSERVER)
        assert until(partial(renewed, caplog, turn), 20)
        assert until(partial(busy.has_sent, before + 50))
    busy.finish()
    assert busy.ended == {Published.CONFIRMED: busy.sent}
    assert set(busy.came) == {str(number).encode() for number in range(1, busy.sent + 1)}
    if busy.subscription._queue == QUEUE:
        # Marked as redelivered may be what the broker had on its way when it heard of the change.
        assert max(busy.came.values()) == 1
    assert "amqp.away" not in caplog.messages


def test_files_that_do_not_belong_together_are_waited_for(
    brokers: Brokers, busy: Busy, caplog: pytest.LogCaptureFixture
) -> None:
    """A certificate without its key changes nothing, and is said once; with its key it is used."""
    caplog.set_level(logging.INFO)
    issued = brokers.authorities.outside.issued(OBSERVER)
    key = issued.key.read_bytes()
    brokers.authorities.outside.renew(OBSERVER)
    fitting = issued.key.read_bytes()
    issued.key.write_bytes(key)
    assert until(lambda: "amqp.files_unusable" in caplog.messages)
    before = busy.sent
    assert until(lambda: busy.sent > before + 200)
    assert "amqp.renewed" not in caplog.messages
    issued.key.write_bytes(fitting)
    assert until(partial(renewed, caplog, 1), 20)
    busy.finish()
    assert caplog.messages.count("amqp.files_unusable") == 2  # once a link
    assert busy.ended == {Published.CONFIRMED: busy.sent}
