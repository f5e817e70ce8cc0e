"""What whoever administers the outside broker shows again, or puts there, is found out."""

import json
import re
import urllib.request
from collections.abc import Iterator
from datetime import timedelta

import pytest

from certs.authority import Authority
from deploy.local.ports import LOOPBACK
from hub.messages import PUBLISHED_EXCHANGE
from hub.ports import Address, Published
from hub.settings import OutsideBroker
from tests.contract.transports import AmqpTransport, until
from tests.servers.agency import PlainAgency
from tests.servers.promises import Shows
from tests.servers.system import System, add_agency

STREAM = "published.Agents.1"
TO = Address(PUBLISHED_EXCHANGE, STREAM)
GATEWAYS = ("gateway-1", "gateway-2")
AGENT = "1004"


@pytest.fixture
def administrator(running_system: System) -> Iterator[AmqpTransport]:
    """Offer the outside broker with every account's certificate, as its administrator has it."""
    places = running_system.stack.places
    authority = Authority(places.certificates, "outside")

    def dialled(name: str) -> OutsideBroker:
        issued = authority.issued(name)
        return OutsideBroker(
            LOOPBACK, places.outside_port, issued.authority, issued.certificate, issued.key
        )

    transport = AmqpTransport(dialled)
    yield transport
    transport.close()


def counted(system: System, gateway: str, metric: str) -> float:
    """Return a counter of a gateway, all its labels together."""
    port = system.stack.metrics_ports[gateway]
    with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    return sum(
        float(found) for found in re.findall(rf"^{metric}{{[^}}]*}} (\S+)$", text, re.MULTILINE)
    )


def counted_everywhere(system: System, metric: str, count: int) -> bool:
    """Return whether every gateway comes to count so many."""
    return until(lambda: all(counted(system, one, metric) >= count for one in GATEWAYS))


def said(system: System, event: str) -> bool:
    """Return whether the log of every gateway has an event."""
    return all(
        any(json.loads(line)["event"] == event for line in lines if line.startswith("{"))
        for gateway in GATEWAYS
        for lines in [system.stack.processes[gateway].log.read_text("utf-8").splitlines()]
    )


@pytest.mark.promise(2)
def test_an_older_edition_of_the_agents_keeps_nobody_in(
    running_system: System, administrator: AmqpTransport, shows: Shows
) -> None:
    """A blocked agency stays out though the edition that let it in is shown again and again."""
    system = running_system
    day = system.opening + timedelta(days=10)
    password = add_agency(system.stack, AGENT)

    def placed() -> set[str]:
        # One after the other, so that HAProxy asks every gateway.
        agency = PlainAgency(system.port, system.ca_file, AGENT, password)
        codes = {agency.place("OLD-1", "STANDARD", day).code for _ in GATEWAYS * 2}
        agency.close()
        return codes

    assert until(lambda: placed() == {"DONE"})
    editions = administrator.consume("gateway-1", STREAM, "stream")
    assert until(lambda: bool(editions.deliveries))
    older = [delivery.wire for delivery in editions.deliveries]
    system.stack.lupu("inside", "agents", "block", AGENT)
    assert until(lambda: placed() == {"SIGN_IN_FAILED"})
    shown = 0
    for wire in older * 3:
        assert administrator.send("hub-1", TO, wire) is Published.CONFIRMED
        shown += 1
    assert counted_everywhere(system, "lupu_snapshot_older_total", shown)
    assert said(system, "snapshot.older")
    forged = older[0]._replace(body=older[0].body[:-1] + b"\0")
    for wire in (forged, forged._replace(body=b"<Agents/>")):
        assert administrator.send("hub-1", TO, wire) is Published.CONFIRMED
    assert counted_everywhere(system, "lupu_snapshot_refused_total", 2)
    assert said(system, "snapshot.refused")
    assert placed() == {"SIGN_IN_FAILED"}
    shows(older_editions_shown=shown, forged_editions=2, taken_up_by_a_gateway=0)
