"""What ``lupu check`` says of queues and exchanges, on real brokers and accounts."""

from collections.abc import Iterator
from contextlib import contextmanager

import pika
import pytest

from adapters.amqp.hand import hand
from adapters.amqp.link import parameters
from adapters.amqp.ping import look
from hub.checks import Check
from hub.places import Places, inside_places, outside_places
from tests.servers.brokers import OBSERVER, Brokers

OUTSIDE = ("gateway-1", "hub-1", "operator-1")
INSIDE = ("hub-1", "ticketing-1", "staff-1", "operator-1")


def looked_at(brokers: Brokers, side: str, name: str) -> list[Check]:
    """Look as the component itself does."""
    places: Places = {"outside": outside_places, "inside": inside_places}[side](kind(name))
    broker = getattr(brokers, side)(name)
    return look(broker, name, places)


def kind(name: str) -> str:
    """Return what a component is."""
    return name.rpartition("-")[0]


@contextmanager
def channel(brokers: Brokers) -> Iterator[pika.adapters.blocking_connection.BlockingChannel]:
    """Offer a channel of an account that may do anything on the outside broker."""
    connection = pika.BlockingConnection(parameters(brokers.outside(OBSERVER), "test breaks"))
    yield connection.channel()
    connection.close()


@pytest.mark.parametrize(
    ("side", "name"),
    [*(("outside", name) for name in OUTSIDE), *(("inside", name) for name in INSIDE)],
)
def test_everything_a_component_uses_is_looked_at_and_fine(
    brokers: Brokers, side: str, name: str
) -> None:
    """One line for the broker, one for each queue, exchange and its own replies."""
    places = (outside_places if side == "outside" else inside_places)(kind(name))
    found = looked_at(brokers, side, name)
    assert [entry.sentence for entry in found if not entry.fine] == []
    used = (*places.reads, *places.writes, *places.holds)
    assert len(found) == 1 + len(used) + places.waits
    consumers = {one.name for one in found if "consumer" in one.sentence}
    read = {f"{side} broker: {queue}" for queue in places.reads}
    assert consumers == {queue for queue in read if "published." not in queue}


def test_a_quarantine_in_somebodys_hand_is_no_trouble(brokers: Brokers) -> None:
    """That another operator is at work is said, and is fine."""
    operator = brokers.outside("operator-1")
    with hand(operator, "operator-1"):
        found = {one.name: one for one in looked_at(brokers, "outside", "operator-1")}
    assert found["outside broker: quarantine.hand"].sentence == "somebody has it in hand now"
    assert all(one.fine for one in found.values())


def test_nothing_stays_of_a_look(brokers: Brokers) -> None:
    """No queue has a message more, and none is left behind."""
    before = brokers.outside_broker.queue_messages()
    for name in OUTSIDE:
        looked_at(brokers, "outside", name)
    assert brokers.outside_broker.queue_messages() == before


def test_what_is_missing_or_forbidden_is_named_with_what_to_do(own_brokers: Brokers) -> None:
    """A queue that has gone, an exchange that has gone, a permission that was taken away."""
    with channel(own_brokers) as breaking:
        breaking.queue_delete("inward.queries")
        breaking.exchange_delete("published")
    own_brokers.outside_broker.control(
        "set_permissions", "-p", "lupu", "hub-1", "^$", "^published$", "^inward[.]"
    )
    bad = {
        one.name: one.sentence
        for one in looked_at(own_brokers, "outside", "hub-1")
        if not one.fine
    }
    again = ": load the broker's definitions again"
    assert bad == {
        "outside broker: inward.queries": f"queue inward.queries is not there{again}",
        "outside broker: to replies": f"exchange replies is not for this account{again}",
        "outside broker: to published": f"exchange published is not there{again}",
        "outside broker: to quarantine": f"exchange quarantine is not for this account{again}",
    }


def test_a_gateway_that_may_not_wait_for_replies_is_told(own_brokers: Brokers) -> None:
    """Its bookings would be answered RECEIVED for ever."""
    own_brokers.outside_broker.control("clear_permissions", "-p", "lupu", "gateway-1")
    (found,) = looked_at(own_brokers, "outside", "gateway-1")
    assert not found.fine
    own_brokers.outside_broker.control(
        "set_permissions", "-p", "lupu", "gateway-1", "^$", "^inward$", "^published[.]"
    )
    found = next(one for one in looked_at(own_brokers, "outside", "gateway-1") if not one.fine)
    assert found.name == "outside broker: replies"
    assert "not for this account" in found.sentence
