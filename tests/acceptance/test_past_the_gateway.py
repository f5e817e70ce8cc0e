"""Whoever publishes past the gateway gets no further than the outside broker's quarantine.

Even with the keys of a gateway; without them, or with a message that was altered or moved, the
seal does not open.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from adapters.quarantine import ACCOUNT, REASON, restored
from adapters.xml import Schemas
from hub.envelope import (
    SIGN_IN,
    Message,
    RequestId,
    Transmission,
    Wire,
    to_wire,
)
from hub.guard import BODY_BYTES_MAX
from hub.headers import SHORT_CHARACTERS_MAX
from hub.messages import INWARD_EXCHANGE, QUARANTINE_QUEUE, TICKETING, Lane
from hub.ports import Address, Published
from tests.contract.stuffing import stuffed
from tests.contract.transports import AmqpTransport, until
from tests.servers.brokers import OBSERVER, Brokers
from tests.servers.components import hub
from tests.servers.keys import Keys
from tests.servers.known import SIGNS

BODY = Schemas().write(
    f"{{{TICKETING}}}PlaceBooking",
    {
        "RequestReference": "A-1",
        "Kind": "INDIVIDUAL",
        "Contact": {"Name": "𠮷田", "Telephone": "021 5888 1234"},
        "Lines": {"Line": [{"TicketType": "STANDARD", "Day": date(2010, 5, 5), "Quantity": 2}]},
    },
)


def booking(**changes: object) -> Message:
    """Return a booking as gateway-1 sends it."""
    message = Message(
        type="PlaceBooking.1",
        id=RequestId("agent:1001", "PlaceBooking", "A-1"),
        transmission=Transmission("gateway-1", "b00t", 1),
        accepted_at=datetime.now(UTC),
        body=BODY,
        reply_to="replies.gateway-1.b00t",
    )
    return message._replace(**changes)  # type: ignore[arg-type]


def sent(account: str = "gateway-1", **changes: object) -> Wire:
    """Return a wire that ``account`` publishes."""
    return to_wire(booking(**changes), account=account)


HOSTILE = {
    "oversized": sent(body=BODY + b" " * BODY_BYTES_MAX),
    "schema-invalid": sent(body=BODY.replace(b"INDIVIDUAL", b"EVERYBODY")),
    "not XML": sent(body=b"\x00\x01\x02"),
    "with a DTD": sent(body=b"<!DOCTYPE x [<!ENTITY e 'e'>]>" + BODY),
    "of the wrong direction": sent(type="Offers.1"),
    "of another lane": sent(type="GetBooking.1"),
    "of unknown type": sent(type="Explode.1"),
    "without a type": sent(type=""),
    "without an account": sent(account=""),
    "from a sender the account may not name": sent(
        id=RequestId("staff:liu", "PlaceBooking", "A-1")
    ),
    "of another origin": sent(transmission=Transmission("gateway-2", "b00t", 1)),
    "with an id of another operation": sent(id=RequestId("agent:1001", "CancelBooking", "A-1")),
    "answering into another's queue": sent(reply_to="replies.gateway-2.b00t"),
    "naming a member of staff": sent(operator="liu"),
    "accepted in the future": sent(accepted_at=datetime.now(UTC) + timedelta(days=1)),
    "with a sign-in that is too long": sent(sign_in="p" * (SHORT_CHARACTERS_MAX + 1)),
    "with headers that fill a frame": stuffed(sent(account="")),
    "with as many headers as fill a frame": stuffed(
        sent()._replace(headers={f"{number:05}": "y" for number in range(10_000)})
    ),
    "without headers": Wire("PlaceBooking.1", "agent:1001/PlaceBooking/A-1", BODY),
    "of an agent that nobody published": sent(id=RequestId("agent:9999", "PlaceBooking", "A-1")),
    "not signed, of an agent that only signs": sent(
        id=RequestId(f"agent:{SIGNS}", "PlaceBooking", "A-1")
    ),
    "signed, as it says": sent(sign_in="signature"),
    "with a proof that is none": sent(sign_in="signature", proof=b"<signed/>"),
    "with an id that is none": sent()._replace(message_id="'; DROP TABLE inbox; --"),
}


def unchanged(wire: Wire) -> Wire:
    """Return what is given."""
    return wire


def attacks(keys: Keys, changed: Callable[[Wire], Wire] = unchanged) -> dict[str, Wire]:
    """Return every attack: by a captured gateway, which seals, and by whom has no key.

    ``changed`` is done to each message before it is sealed.
    """
    honest = changed(sent())
    sealed, other = keys.seal(honest), keys.seal(changed(sent(sign_in="another")))
    flipped = bytearray(sealed.body)
    flipped[-1] ^= 1
    return {
        **{case: keys.seal(changed(wire)) for case, wire in HOSTILE.items()},
        "never sealed": honest,
        "altered": sealed._replace(body=bytes(flipped)),
        "with a header altered": _with(sealed, {SIGN_IN: "certificate"}),
        "with the body of another": sealed._replace(body=other.body),
        "of another queue": keys.seal(honest, lane=Lane.QUERIES),
        "sealed by another gateway": keys.seal(honest, "gateway-2"),
        "sealed to a gateway": keys.of("gateway-1").sealer.seal(
            honest, "inward.requests", ("gateway-1",)
        ),
    }


def _with(wire: Wire, headers: dict[str, str]) -> Wire:
    return wire._replace(headers={**wire.headers, **headers})


@pytest.fixture
def bridged(brokers: Brokers, tmp_path: Path) -> Iterator[AmqpTransport]:
    """Run a hub between the brokers; offer the outside one as the attacker has it."""
    transport = AmqpTransport(brokers.outside)
    with hub(brokers, tmp_path):
        yield transport
    transport.close()


@pytest.fixture
def inside(brokers: Brokers) -> Iterator[AmqpTransport]:
    """Offer the inside broker to look at; both brokers empty."""
    brokers.inside_broker.purge("ticketing.requests")
    for queue in (QUARANTINE_QUEUE, "inward.requests"):
        brokers.outside_broker.purge(queue)
    transport = AmqpTransport(brokers.inside)
    yield transport
    transport.close()


def test_no_hostile_message_reaches_the_inside_and_each_is_kept_with_its_reason(
    inside: AmqpTransport, bridged: AmqpTransport, brokers: Brokers
) -> None:
    """None arrives; each lies in quarantine; an honest message sent last arrives alone."""
    kept = bridged.consume(OBSERVER, QUARANTINE_QUEUE)
    arrived = inside.consume(OBSERVER, "ticketing.requests")
    to = Address(INWARD_EXCHANGE, "requests")
    hostile = attacks(brokers.keys)
    for case, wire in hostile.items():
        assert bridged.send("gateway-1", to, wire) is Published.CONFIRMED, case
    assert bridged.send("gateway-1", to, brokers.keys.seal(sent())) is Published.CONFIRMED
    assert until(lambda: len(arrived.deliveries) == 1)
    assert until(lambda: len(kept.deliveries) == len(hostile))
    assert arrived.deliveries[0].wire.body == BODY
    # What can be told inside before it is kept comes a moment later than what cannot.
    wires = [restored([delivery.wire]) for delivery in kept.deliveries]
    for case, wire in hostile.items():
        assert wire in wires, case
        headers = kept.deliveries[wires.index(wire)].wire.headers
        assert headers[REASON], case
        assert headers[ACCOUNT] == wire.user_id
    assert not until(lambda: len(arrived.deliveries) > 1, seconds=0.5)


def test_headers_and_properties_that_break_parsers_do_not_stop_the_hub(
    inside: AmqpTransport, bridged: AmqpTransport, brokers: Brokers
) -> None:
    """A message made to break the reader is refused, and the next honest one arrives."""
    arrived = inside.consume(OBSERVER, "ticketing.requests")
    to = Address(INWARD_EXCHANGE, "requests")
    for headers in (
        {"lupu-sequence": "9" * 60_000},
        {"lupu-accepted-at": "0001-01-01T00:00:00+23:59"},
        {"lupu-accepted-at": "9999-12-31T23:59:59-23:59"},
        {"lupu-hops": "x=" * 400},
        {"lupu-hops": "\u2028=\x00"},
    ):
        wire = sent()
        for hostile in (_with(brokers.keys.seal(wire), headers), _with(wire, headers)):
            assert bridged.send("gateway-1", to, hostile) is Published.CONFIRMED
    honest = sent(id=RequestId("agent:1001", "PlaceBooking", "A-2"))
    bridged.send("gateway-1", to, brokers.keys.seal(honest))
    assert until(lambda: len(arrived.deliveries) == 1)
    assert arrived.deliveries[0].wire.message_id.endswith("A-2")
