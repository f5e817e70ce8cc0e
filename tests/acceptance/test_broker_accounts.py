"""One broker account a component, by certificate, permitted only its own queues."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pika
import pytest
from pika.exceptions import AMQPError

from adapters.amqp.link import parameters
from deploy.components import Components
from hub.settings import Broker
from tests.servers.brokers import NAMES, Brokers

Attempt = Callable[[Any], None]


def publish(exchange: str, key: str) -> Attempt:
    """Publish one confirmed message."""

    def attempt(channel: Any) -> None:
        channel.confirm_delivery()
        channel.basic_publish(exchange, key, b"x", mandatory=False)

    return attempt


def consume(queue: str) -> Attempt:
    """Ask for one message."""
    return lambda channel: channel.basic_get(queue)


def declare(queue: str, *, exclusive: bool = False) -> Attempt:
    """Declare a queue."""
    return lambda channel: channel.queue_declare(queue, exclusive=exclusive)


def bind(queue: str, exchange: str, key: str = "requests") -> Attempt:
    """Bind a queue of one's own, or one that is there, to listen in."""

    def attempt(channel: Any) -> None:
        if queue.startswith("replies."):
            channel.queue_declare(queue, exclusive=True)
        channel.queue_bind(queue, exchange, key)

    return attempt


def bind_exchange(to: str, exchange: str, key: str) -> Attempt:
    """Bind an exchange to listen in by a detour."""
    return lambda channel: channel.exchange_bind(to, exchange, key)


def dead_letters_to(queue: str, exchange: str) -> Attempt:
    """Declare a queue of one's own that publishes in the broker's name what it drops."""
    return lambda channel: channel.queue_declare(
        queue, exclusive=True, arguments={"x-dead-letter-exchange": exchange}
    )


def delete(queue: str) -> Attempt:
    """Delete a queue."""
    return lambda channel: channel.queue_delete(queue)


def purge(queue: str) -> Attempt:
    """Empty a queue."""
    return lambda channel: channel.queue_purge(queue)


OTHERS = (
    "replies.gateway-2.x",
    "replies.gateway-1.*",
    "replies.*.x",
    "replies.#",
    "*.gateway-2.*",
    "#",
    "",
)
OUTSIDE_FORBIDDEN: list[tuple[str, Attempt]] = [
    ("gateway-1", consume("inward.requests")),
    ("gateway-1", consume("quarantine")),
    ("gateway-1", consume("replies.gateway-2.x")),
    ("gateway-1", publish("", "replies.gateway-2.x")),
    ("gateway-1", publish("", "published.Offers.1")),
    ("gateway-1", publish("", "quarantine")),
    ("gateway-1", publish("amq.topic", "x")),
    ("gateway-1", declare("replies.gateway-2.stolen", exclusive=True)),
    ("gateway-1", declare("inward.extra")),
    ("gateway-1", publish("", "inward.requests")),
    ("gateway-1", publish("replies", "replies.gateway-1.x")),
    ("gateway-1", publish("replies", "replies.gateway-2.x")),
    ("gateway-1", publish("published", "published.Offers.1")),
    ("gateway-1", bind("replies.gateway-1.x", "inward")),
    ("gateway-1", bind("replies.gateway-1.x", "published", "published.Offers.1")),
    ("gateway-1", bind("replies.gateway-1.x", "quarantine", "quarantine")),
    *(("gateway-1", bind("replies.gateway-1.x", "replies", key)) for key in OTHERS),
    *(("gateway-1", bind_exchange("inward", "replies", key)) for key in OTHERS),
    ("gateway-1", bind("inward.requests", "replies", "replies.gateway-1.x")),
    ("gateway-1", dead_letters_to("replies.gateway-1.x", "replies")),
    ("gateway-1", dead_letters_to("replies.gateway-1.x", "quarantine")),
    ("hub-1", publish("", "inward.requests")),
    ("hub-1", publish("", "inward.queries")),
    ("hub-1", publish("", "quarantine")),
    ("hub-1", publish("", "published.Offers.1")),
    ("hub-1", publish("", "replies.gateway-1.x")),
    ("hub-1", publish("amq.topic", "x")),
    ("hub-1", bind_exchange("quarantine", "replies", "#")),
    ("hub-1", purge("quarantine")),
    ("gateway-1", delete("inward.requests")),
    ("gateway-1", purge("inward.requests")),
    ("hub-1", publish("inward", "requests")),
    ("hub-1", consume("quarantine")),
    ("hub-1", declare("anything")),
    ("hub-1", delete("inward.requests")),
    ("operator-1", consume("inward.requests")),
    ("operator-1", publish("replies", "replies.gateway-1.x")),
    ("operator-1", publish("published", "published.Offers.1")),
    ("operator-1", publish("", "inward.requests")),
    ("operator-1", declare("anything", exclusive=True)),
    ("operator-1", bind("quarantine.hand", "inward")),
    ("operator-1", dead_letters_to("quarantine.hand", "replies")),
    ("operator-1", delete("quarantine")),
    *((name, declare("quarantine.hand", exclusive=True)) for name in ("gateway-1", "hub-1")),
]
INSIDE_FORBIDDEN: list[tuple[str, Attempt]] = [
    ("hub-1", consume("ticketing.requests")),
    ("hub-1", publish("outward", "replies")),
    ("hub-1", delete("ticketing.requests")),
    ("ticketing-1", publish("inward", "ticketing.requests")),
    ("ticketing-1", consume("outward.replies")),
    ("ticketing-1", consume("quarantine")),
    ("ticketing-1", declare("anything")),
    ("staff-1", consume("ticketing.requests")),
    ("staff-1", consume("outward.replies")),
    ("staff-1", publish("outward", "published")),
    ("staff-1", declare("replies.staff-2.stolen", exclusive=True)),
    ("staff-1", publish("", "ticketing.requests")),
    ("staff-1", publish("replies", "replies.staff-2.x")),
    ("staff-1", dead_letters_to("replies.staff-1.x", "quarantine")),
    *(
        ("staff-1", bind("replies.staff-1.x", "replies", key))
        for key in ("#", "replies.staff-2.x")
    ),
    ("staff-1", bind("replies.staff-1.x", "outward", "replies")),
    ("hub-1", publish("", "ticketing.requests")),
    ("hub-1", publish("", "outward.published")),
    ("hub-1", publish("", "quarantine")),
    ("hub-1", publish("replies", "replies.staff-1.x")),
    ("ticketing-1", publish("", "ticketing.requests")),
    ("ticketing-1", publish("", "outward.published")),
    ("ticketing-1", publish("", "quarantine")),
    ("ticketing-1", publish("", "replies.staff-1.x")),
    ("operator-1", consume("ticketing.requests")),
    ("operator-1", publish("outward", "replies")),
    ("operator-1", publish("replies", "replies.staff-1.x")),
    ("operator-1", dead_letters_to("quarantine.hand", "quarantine")),
    ("ticketing-1", declare("quarantine.hand", exclusive=True)),
    ("staff-1", declare("quarantine.hand", exclusive=True)),
]


# Who has a guard, whose refusals are kept there.
KEEPERS = {
    "outside": {"hub-1", "hub-2"},
    "inside": {"hub-1", "hub-2", "ticketing-1", "ticketing-2", "evidence-1"},
}


@dataclass
class Sides:
    """How each side is dialled."""

    outside: Callable[[str], Broker]
    inside: Callable[[str], Broker]


@pytest.fixture(scope="module")
def sides(brokers: Brokers) -> Sides:
    """Both brokers."""
    return Sides(brokers.outside, brokers.inside)


def refused(broker: Broker, attempt: Attempt) -> bool:
    """Try something over a connection of its own; return whether the broker forbade it."""
    connection = pika.BlockingConnection(parameters(broker, "attempt"))
    try:
        attempt(connection.channel())
    except AMQPError as error:
        return "ACCESS_REFUSED" in str(error)
    else:
        return False
    finally:
        if connection.is_open:
            connection.close()


@pytest.mark.parametrize(("account", "attempt"), OUTSIDE_FORBIDDEN)
def test_outside_an_account_may_do_nothing_but_its_own(
    sides: Sides, account: str, attempt: Attempt
) -> None:
    """Whatever else a component tries on the outside broker is refused."""
    assert refused(sides.outside(account), attempt)


@pytest.mark.parametrize(("account", "attempt"), INSIDE_FORBIDDEN)
def test_inside_an_account_may_do_nothing_but_its_own(
    sides: Sides, account: str, attempt: Attempt
) -> None:
    """Whatever else a component tries on the inside broker is refused."""
    assert refused(sides.inside(account), attempt)


@pytest.mark.parametrize(
    ("side", "account", "attempt"),
    [
        ("outside", "gateway-1", publish("inward", "requests")),
        ("outside", "gateway-1", declare("replies.gateway-1.own", exclusive=True)),
        ("outside", "gateway-1", bind("replies.gateway-1.x", "replies", "replies.gateway-1.x")),
        ("outside", "hub-1", publish("replies", "replies.gateway-1.x")),
        ("outside", "hub-1", publish("published", "nowhere")),
        ("outside", "hub-1", publish("quarantine", "nowhere")),
        ("outside", "operator-1", consume("quarantine")),
        ("outside", "operator-1", publish("inward", "nowhere")),
        ("outside", "operator-1", declare("quarantine.hand", exclusive=True)),
        ("inside", "operator-1", consume("quarantine")),
        ("inside", "operator-1", publish("inward", "nowhere")),
        ("inside", "operator-1", declare("quarantine.hand", exclusive=True)),
        ("inside", "hub-1", publish("inward", "ticketing.requests")),
        ("inside", "hub-1", publish("quarantine", "nowhere")),
        ("inside", "ticketing-1", publish("outward", "nowhere")),
        ("inside", "ticketing-1", publish("replies", "replies.staff-1.x")),
        ("inside", "ticketing-1", publish("quarantine", "nowhere")),
        ("inside", "staff-1", bind("replies.staff-1.x", "replies", "replies.staff-1.x")),
        ("inside", "ticketing-1", consume("ticketing.requests")),
        ("inside", "staff-1", publish("inward", "ticketing.requests")),
    ],
)
def test_what_a_component_needs_is_allowed(
    sides: Sides, side: str, account: str, attempt: Attempt
) -> None:
    """The test of the test: the same attempts succeed where they are the component's own."""
    assert not refused(getattr(sides, side)(account), attempt)


@pytest.mark.parametrize("side", KEEPERS)
def test_nobody_without_a_guard_publishes_to_a_quarantine(sides: Sides, side: str) -> None:
    """What lies there says who published it first, and is believed: only guards may say it."""
    dial, names = getattr(sides, side), getattr(Components.of(NAMES), side)
    attempt = publish("quarantine", "nowhere")
    assert {name for name in names if not refused(dial(name), attempt)} == KEEPERS[side]


def test_the_outside_does_not_take_an_inside_certificate(brokers: Brokers) -> None:
    """Each side has an authority of its own."""
    wrong = brokers.certificate(brokers.authorities.inside, "hub-1")
    right = brokers.outside("hub-1")
    context = ssl.create_default_context(cafile=str(right.authority))
    context.load_cert_chain(str(wrong.certificate), str(wrong.key))
    dial = parameters(right, "attempt")
    dial.ssl_options = pika.SSLOptions(context, right.host)
    with pytest.raises((AMQPError, ssl.SSLError, OSError)):
        pika.BlockingConnection(dial)


@pytest.mark.parametrize("account", ["gateway-1", "nobody-9"])
def test_a_password_opens_nothing(brokers: Brokers, account: str) -> None:
    """The only way in is a certificate; an account without one of ours is not there."""
    dial = parameters(brokers.outside("gateway-1"), "attempt")
    dial.credentials = pika.PlainCredentials(account, "guest")
    with pytest.raises(AMQPError):
        pika.BlockingConnection(dial)
