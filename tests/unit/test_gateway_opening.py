"""A gateway takes from the outside broker only what a hub sealed to it, for that place."""

from collections.abc import Callable

import pytest

from adapters.memory.broker import outside_broker
from adapters.memory.links import MemoryPublisher
from adapters.memory.loop import MemoryLoop
from adapters.memory.sealing import MemoryKeys, MemoryOpener, MemorySealer
from dmz_gateway.links import Opening
from hub.envelope import Wire, to_wire
from hub.inbox import reply
from hub.messages import REPLIES_EXCHANGE
from hub.ports import Answer, Delivery
from hub.requester import Requester
from tests.unit.hub_world import CountedMetrics, booking

STREAM = "published.Agents.1"
EDITION = Wire("Agents.1", "ticketing:1/Agents/7", b"<Agents/>", user_id="hub-1")
REPLY = to_wire(reply(booking(), Answer("PlaceBookingResponse.1", b"<Done/>")), account="hub-1")

Seal = Callable[[MemoryKeys], Wire]


def _by(sender: str, wire: Wire, route: str, *readers: str) -> Seal:
    return lambda keys: MemorySealer(keys, sender).seal(wire, route, readers)


class Taken:
    """Remembers what it was given."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def deliver(self, delivery: Delivery) -> None:
        """Take it."""
        self.bodies.append(delivery.wire.body)


FORGED_EDITIONS: dict[str, Seal] = {
    "never sealed": lambda _: EDITION,
    "sealed by a gateway": _by("gateway-2", EDITION, STREAM, "gateway-1"),
    "sealed to another gateway": _by("hub-1", EDITION, STREAM, "gateway-2"),
    "of another stream": _by("hub-1", EDITION, "published.Offers.1", "gateway-1"),
}


@pytest.mark.parametrize("case", FORGED_EDITIONS)
def test_a_forged_edition_is_not_taken_up(case: str, caplog: pytest.LogCaptureFixture) -> None:
    """What no hub sealed for this stream and this gateway is said and left."""
    keys, taken, metrics = MemoryKeys(), Taken(), CountedMetrics()
    opening = Opening(MemoryOpener(keys, "gateway-1"), STREAM, taken, metrics)
    opening(Delivery(FORGED_EDITIONS[case](keys), 1))
    assert taken.bodies == []
    assert "snapshot.refused" in caplog.messages
    assert metrics.counts[f"lupu_snapshot_refused_total {STREAM}"] == 1
    opening(Delivery(_by("hub-1", EDITION, STREAM, "gateway-1", "hub")(keys), 2))
    assert taken.bodies == [EDITION.body]


def _answering_another(keys: MemoryKeys) -> Wire:
    sealed = MemorySealer(keys, "hub-1").seal(REPLY, REPLIES_EXCHANGE, ("gateway-1",))
    return sealed._replace(correlation_id="gateway-1.b00t.2")


FORGED_REPLIES: dict[str, Seal] = {
    "never sealed": lambda _: REPLY,
    "sealed by a gateway": _by("gateway-2", REPLY, REPLIES_EXCHANGE, "gateway-1"),
    "sealed to another gateway": _by("hub-1", REPLY, REPLIES_EXCHANGE, "gateway-2"),
    "sealed as an edition": _by("hub-1", REPLY, STREAM, "gateway-1"),
    "turned to another request": _answering_another,
}


@pytest.mark.parametrize("case", FORGED_REPLIES)
def test_a_forged_reply_is_told_to_nobody(case: str, caplog: pytest.LogCaptureFixture) -> None:
    """A reply that no hub sealed for this very request is counted; the true one is told."""
    keys, metrics = MemoryKeys(), CountedMetrics()
    loop, publisher = MemoryLoop(), MemoryPublisher(outside_broker(), "gateway-1")
    opener = MemoryOpener(keys, "gateway-1")
    requester = Requester(loop, publisher, metrics, 1.0, opener=opener)
    with requester.expect("gateway-1.b00t.1") as one, requester.expect("gateway-1.b00t.2") as two:
        requester.deliver(Delivery(FORGED_REPLIES[case](keys), 1))
        assert (one.wait(0), two.wait(0)) == (None, None)
        assert metrics.counts["lupu_replies_unreadable_total"] == 1
        assert "reply.unreadable" in caplog.messages
        true = _by("hub-1", REPLY, REPLIES_EXCHANGE, "gateway-1")(keys)
        requester.deliver(Delivery(true, 2))
        told = one.wait(0)
    assert told is not None
    assert told.body == b"<Done/>"
