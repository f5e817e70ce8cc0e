"""The books of both sides, on real brokers: what is done to messages in between is found."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pika
import pytest

from adapters.amqp.link import parameters
from adapters.clock import SystemClock
from adapters.sealing import Sealed, Sealing
from adapters.xml import Schemas
from deploy.local.process import Process
from hub.envelope import Transmission, to_wire
from hub.settings import OutsideBroker
from lupu.exits import Exit
from lupu.sealing import KEYRING, KEYS
from tests.acceptance.evidence_check import (
    PAUSE_SECONDS,
    count_as_lost_after,
    verdicts,
    verified,
)
from tests.contract.transports import until
from tests.servers.agency import PlainAgency
from tests.servers.promises import Shows
from tests.servers.system import System, running
from tests.unit.hub_world import booking
from tests.unit.ticketing.world import booking_values

NAMES = ("gateway-1", "hub-1", "ticketing-1", "evidence-1", "operator-1")
QUEUE = "inward.requests"
WAIT_SECONDS = 120.0
REFERENCES = ("fine", "lost", "doubled", "swap-a", "swap-b", "altered")

Taken = tuple[Any, bytes]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Run the whole system; what is absent counts as lost after three seconds."""
    with running(tmp_path_factory.mktemp("evidence"), names=NAMES) as made:
        count_as_lost_after(made, 3)
        yield made


def channel(system: System, account: str) -> Any:
    """Return a channel of an account's on the outside broker, as whoever captured it has."""
    folder = system.stack.places.certificates / "outside"
    broker = OutsideBroker(
        host="127.0.0.1",
        port=system.stack.places.outside_port,
        authority=folder / "authority.crt",
        certificate=folder / f"{account}.crt",
        key=folder / f"{account}.key",
    )
    return pika.BlockingConnection(parameters(broker, "captured")).channel()


def take_all(system: System, count: int) -> dict[str, Taken]:
    """Take the waiting requests out of the outside broker, by the agency's reference."""
    taking, found = channel(system, "hub-1"), {}

    def enough() -> bool:
        method, properties, body = taking.basic_get(QUEUE, auto_ack=True)
        if method is not None:
            found[properties.message_id.rpartition("/")[2]] = (properties, body)
        return sum(name in REFERENCES for name in found) >= count

    assert until(enough, WAIT_SECONDS), found.keys()
    taking.connection.close()
    return found


def put(system: System, *messages: Taken) -> None:
    """Put requests back, in a gateway's name."""
    putting = channel(system, "gateway-1")
    for properties, body in messages:
        putting.basic_publish("inward", "requests", body, properties)
    putting.connection.close()


def book(system: System, references: tuple[str, ...]) -> None:
    """Place bookings, all at once; nobody waits for what does not come back."""
    day = system.opening + timedelta(days=10)

    def place(reference: str) -> None:
        agency = PlainAgency(system.port, system.ca_file, system.agent_number, system.password)
        agency.place(reference, "STANDARD", day)
        agency.close()

    with ThreadPoolExecutor(len(references)) as agencies:
        for done in [agencies.submit(place, reference) for reference in references]:
            done.result()


FOUND = {
    "lost": "lost",
    "doubled": "doubled",
    "swap-a": "altered",
    "swap-b": "altered",
    "altered": "altered",
    "forged": "stopped",
}


def meddle(system: System, taken: dict[str, Taken]) -> None:
    """Do to what waits outside what whoever has captured that broker can do."""
    others = [message for name, message in taken.items() if name not in REFERENCES]
    (properties_a, body_a), (properties_b, body_b) = taken["swap-a"], taken["swap-b"]
    properties, body = taken["altered"]
    forged = pika.BasicProperties(**{**vars(properties), "headers": dict(properties.headers)})
    forged.message_id = forged.message_id.replace("altered", "forged")
    forged.headers["lupu-sequence"] = "999"
    put(
        system,
        taken["fine"],
        *(taken["doubled"], taken["doubled"]),
        *((properties_a, body_b), (properties_b, body_a)),
        (properties, bytes((*body[:-1], body[-1] ^ 1))),
        (forged, body),
        *others,
    )


@pytest.mark.promise(4)
def test_what_is_done_to_messages_outside_is_found_and_named(system: System, shows: Shows) -> None:
    """Deleted, published twice, swapped, altered, forged: each by its own id, on a real broker."""
    hub: Process = system.stack.processes["hub-1"]
    hub.stop()
    book(system, REFERENCES)
    meddle(system, take_all(system, len(REFERENCES)))
    hub.start()

    def all_named() -> bool:
        named = verdicts(verified(system))
        return {name: named.get(name) for name in FOUND} == FOUND

    assert until(all_named, WAIT_SECONDS, pause_seconds=PAUSE_SECONDS), (
        verdicts(verified(system)),
        hub.tail(),
    )
    said = verified(system, "--route", "ticketing")
    assert said["findings"] == []
    total = said["totals"]["PlaceBooking.1"]
    assert total == {"altered": 3, "doubled": 1, "lost": 1, "received": 1}
    swapped = {item["request"].rpartition("/")[2]: item for item in said["items"]}
    assert swapped["swap-a"]["detail"].endswith(f"the bytes of {swapped['swap-b']['key']}")
    shows(done_to_messages_outside=len(FOUND), found_and_named_by_id=len(FOUND), **total)


def test_a_booking_that_is_sealed_with_a_stolen_key_is_found_as_injected(system: System) -> None:
    """Whoever has all keys of a gateway gets in; that no gateway wrote it down gives it away."""
    places = system.stack.places
    sealing = Sealing(places.sealing / KEYS, places.sealing / KEYRING)
    sealer = Sealed(sealing, "gateway-1", SystemClock()).sealer
    line = {"TicketType": "STANDARD", "Day": system.opening + timedelta(days=10), "Quantity": 1}
    values = {"RequestReference": "stolen", **booking_values(), "Lines": {"Line": [line]}}
    message = booking(
        "stolen",
        body=Schemas().write("{urn:lupu:ticketing:1}PlaceBooking", values),
        accepted_at=SystemClock().now(),
        reply_to="",
        transmission=Transmission("gateway-1", "stolen", 1),
    )
    wire = sealer.seal(to_wire(message, account="gateway-1"), QUEUE, ("hub",))
    putting = channel(system, "gateway-1")
    properties = pika.BasicProperties(
        content_type="text/xml",
        delivery_mode=2,
        headers=dict(wire.headers),
        message_id=wire.message_id,
        type=wire.type,
        user_id="gateway-1",
    )
    putting.basic_publish("inward", "requests", wire.body, properties)
    putting.connection.close()

    def is_named() -> bool:
        return verdicts(verified(system)).get("stolen") == "injected"

    assert until(is_named, WAIT_SECONDS, pause_seconds=PAUSE_SECONDS)


def test_the_signed_report_says_the_same_to_whoever_has_the_public_key(
    system: System, tmp_path: Path
) -> None:
    """Exported here, checked there: neither the database nor a configuration is needed."""
    file, key = tmp_path / "all.report", tmp_path / "evidence-1.pem"
    key.write_text(system.stack.lupu("inside", "evidence", "public") + "\n")
    system.stack.lupu("inside", "evidence", "export", str(file))
    command = [sys.executable, "-m", "lupu", "evidence", "check", str(file), "--key", str(key)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == Exit.FAILED
    assert "1 lost, 3 altered, 1 injected" in done.stdout


def test_the_book_of_a_gateway_that_is_killed_is_taken_in_at_its_next_start(
    system: System,
) -> None:
    """What it had sent and never told is told by its next start."""
    gateway: Process = system.stack.processes["gateway-1"]
    book(system, ("before-the-kill",))
    gateway.kill()
    gateway.start()

    def is_told() -> bool:
        said = verified(system, "--route", "ticketing")
        total = said["totals"].get("PlaceBooking.1", {})
        # That it was confirmed may have died with the gateway: then it arrived all the same.
        return bool(total.get("received", 0) + total.get("arrived", 0) == 2)

    assert until(is_told, WAIT_SECONDS, pause_seconds=PAUSE_SECONDS), verified(system)
    assert verified(system)["findings"] == []
