"""Whoever has the outside broker, its queues and its disk, reads no booking and no secret."""

import mmap
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from adapters.quarantine import REASON
from adapters.xml import Schemas
from hub.envelope import Message, RequestId, Transmission, to_wire
from hub.messages import INWARD_EXCHANGE, QUARANTINE_QUEUE, TICKETING
from hub.ports import Address, Published
from tests.contract.transports import AmqpTransport, until
from tests.servers.agency import PlainAgency
from tests.servers.brokers import OBSERVER, Brokers
from tests.servers.components import hub
from tests.servers.promises import Shows
from tests.servers.system import System

NAME = "慧怡欧阳"
TELEPHONE = "021 5888 9753"
DAY = date(2010, 5, 5)
# What has to be found, or the search itself is broken: properties are not sealed.
PROPERTY = "agent:1001/PlaceBooking/SEEN-"


def holds(folder: Path, *texts: str) -> list[str]:
    """Return which of the texts any file below ``folder`` holds."""
    found = set()
    for path in (path for path in folder.rglob("*") if path.is_file() and path.stat().st_size):
        with suppress(FileNotFoundError), path.open("rb") as file:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            found |= {text for text in texts if content.find(text.encode()) >= 0}
    return sorted(found)


@pytest.mark.promise(2)
def test_nothing_of_a_booking_or_a_secret_is_on_the_outside_brokers_disk(
    running_system: System, shows: Shows
) -> None:
    """Bookings placed, read and refused, and agents published: the disk has none of it."""
    system = running_system
    agency = PlainAgency(system.port, system.ca_file, system.agent_number, system.password)
    day = system.opening + timedelta(days=10)
    for number in range(20):
        placed = agency.place(f"SEEN-{number}", "STANDARD", day, name=NAME, telephone=TELEPHONE)
        assert placed.code == "DONE", placed.text
        assert NAME in agency.booking(placed.booking).text
    agency.close()
    outside = system.stack.places.folder / "brokers" / "outside"
    # Attackers of other tests publish in clear there; none of them under such a reference.
    secrets = [NAME, TELEPHONE, system.password, "DigestSecret", "Verifier", ">SEEN-"]
    assert until(lambda: holds(outside, PROPERTY) == [PROPERTY])
    assert holds(outside, *secrets) == []
    inside = system.stack.places.folder / "brokers" / "inside"
    assert NAME in holds(inside, *secrets)
    shows(secrets_and_names_looked_for=len(secrets), found_on_the_outside_disk=0)


def refused_booking() -> Message:
    """Return a booking that breaks its contract, in a name that somebody has."""
    body = Schemas().write(
        f"{{{TICKETING}}}PlaceBooking",
        {
            "RequestReference": "A-1",
            "Kind": "INDIVIDUAL",
            "Contact": {"Name": NAME, "Telephone": TELEPHONE},
            "Lines": {
                "Line": [{"TicketType": "STANDARD", "Day": date(2010, 5, 5), "Quantity": 2}]
            },
        },
    )
    return Message(
        type="PlaceBooking.1",
        id=RequestId("agent:1001", "PlaceBooking", "A-1"),
        transmission=Transmission("gateway-1", "b00t", 1),
        accepted_at=datetime.now(UTC),
        body=body.replace(NAME.encode(), NAME.encode() * 40).replace(b"021 5888", b"<>021 5888"),
        reply_to="replies.gateway-1.b00t",
    )


@pytest.mark.parametrize("cut", [b"", b"<>"], ids=["not XML", "too long a name"])
def test_the_reason_in_the_quarantine_names_no_passenger(
    own_brokers: Brokers, tmp_path: Path, cut: bytes
) -> None:
    """What the hub says of a message that it opened and refused quotes nothing of it."""
    message = refused_booking()
    spoilt = message._replace(body=message.body.replace(cut, b"") if cut else message.body)
    outside = AmqpTransport(own_brokers.outside)
    try:
        kept = outside.consume(OBSERVER, QUARANTINE_QUEUE)
        with hub(own_brokers, tmp_path):
            wire = own_brokers.keys.seal(to_wire(spoilt, account="gateway-1"))
            to = Address(INWARD_EXCHANGE, "requests")
            assert outside.send("gateway-1", to, wire) is Published.CONFIRMED
            assert until(lambda: len(kept.deliveries) == 1)
    finally:
        outside.close()
    found = kept.deliveries[0].wire
    assert found.headers[REASON].startswith("InvalidBody")
    assert NAME not in found.headers[REASON]
    assert "5888" not in found.headers[REASON]
    assert NAME.encode() not in found.body
