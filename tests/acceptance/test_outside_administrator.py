"""What whoever administers the outside broker shows again, or puts there, is found out."""

import json
import re
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from certs.authority import Authority
from deploy.local.ports import LOOPBACK
from hub.messages import PUBLISHED_EXCHANGE
from hub.ports import Address, Published
from hub.settings import OutsideBroker
from tests.contract.transports import AmqpTransport, until
from tests.servers.agency import PlainAgency
from tests.servers.promises import Shows
from tests.servers.system import System, running

STREAM = "published.Agents.1"
TO = Address(PUBLISHED_EXCHANGE, STREAM)
NAMES = ("gateway-1", "hub-1", "ticketing-1", "operator-1")


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    """Run the whole system."""
    with running(tmp_path, None, NAMES) as made:
        yield made


@pytest.fixture
def administrator(system: System) -> Iterator[AmqpTransport]:
    """Offer the outside broker with every account's certificate, as its administrator has it."""
    places = system.stack.places
    authority = Authority(places.certificates, "outside")

    def dialled(name: str) -> OutsideBroker:
        issued = authority.issued(name)
        return OutsideBroker(
            LOOPBACK, places.outside_port, issued.authority, issued.certificate, issued.key
        )

    transport = AmqpTransport(dialled)
    yield transport
    transport.close()


def counted(system: System, metric: str) -> float:
    """Return a counter of the gateway, all its labels together."""
    port = system.stack.metrics_ports["gateway-1"]
    with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    return sum(
        float(found) for found in re.findall(rf"^{metric}{{[^}}]*}} (\S+)$", text, re.MULTILINE)
    )


def said(system: System, event: str) -> bool:
    """Return whether the gateway's log has an event."""
    lines = system.stack.processes["gateway-1"].log.read_text("utf-8").splitlines()
    return any(json.loads(line)["event"] == event for line in lines if line.startswith("{"))


@pytest.mark.promise(2)
def test_an_older_edition_of_the_agents_keeps_nobody_in(
    system: System, administrator: AmqpTransport, shows: Shows
) -> None:
    """A blocked agency stays out though the edition that let it in is shown again and again."""
    day = system.opening + timedelta(days=10)

    def placed() -> str:
        agency = PlainAgency(system.port, system.ca_file, system.agent_number, system.password)
        code = agency.place("OLD-1", "STANDARD", day).code
        agency.close()
        return code

    editions = administrator.consume("gateway-1", STREAM, "stream")
    assert until(lambda: placed() == "DONE")
    assert until(lambda: bool(editions.deliveries))
    older = [delivery.wire for delivery in editions.deliveries]
    system.stack.lupu("inside", "agents", "block", system.agent_number)
    assert until(lambda: placed() == "SIGN_IN_FAILED")
    shown = 0
    for wire in older * 3:
        assert administrator.send("hub-1", TO, wire) is Published.CONFIRMED
        shown += 1
    assert _found(system, "lupu_snapshot_older_total", shown)
    assert said(system, "snapshot.older")
    forged = older[0]._replace(body=older[0].body[:-1] + b"\0")
    for wire in (forged, forged._replace(body=b"<Agents/>")):
        assert administrator.send("hub-1", TO, wire) is Published.CONFIRMED
    assert _found(system, "lupu_snapshot_refused_total", 2)
    assert said(system, "snapshot.refused")
    assert placed() == "SIGN_IN_FAILED"
    shows(older_editions_shown=shown, forged_editions=2, taken_up_by_a_gateway=0)


def _found(system: System, metric: str, count: int) -> bool:
    return until(lambda: counted(system, metric) >= count)
