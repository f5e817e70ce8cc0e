"""What changes inside is known at every gateway within seconds, without a restart."""

import json
import re
import sqlite3
import time
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from deploy.haproxy.health import healthy
from tests.contract.transports import until
from tests.servers.agency import PlainAgency
from tests.servers.system import System, running

GATEWAYS = ("gateway-1", "gateway-2")
SECONDS_MAX = 15.0
NAME = "欧阳𠮷娜娜"
TELEPHONE = "13912345678"


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    """Run the whole system."""
    with running(tmp_path) as made:
        yield made


def age_seconds(offers: str) -> int:
    """Return the age that an answer to ListOffers says."""
    match = re.search(r"AgeSeconds>(\d+)<", offers)
    assert match, offers
    return int(match[1])


def agency_with(system: System, password: str) -> PlainAgency:
    """Return the agency as it signs in with a password."""
    return PlainAgency(system.port, system.ca_file, system.agent_number, password)


def version_at(system: System, gateway: str, document: str) -> float:
    """Return the version of a snapshot that one gateway says it has."""
    return of_snapshot(system, gateway, "version", document) or 0.0


def of_snapshot(system: System, process: str, what: str, document: str) -> float | None:
    """Return what one process says of a snapshot it has."""
    port = system.stack.metrics_ports[process]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    match = re.search(rf'lupu_snapshot_{what}{{document="{document}"}} ([0-9.e+]+)', text)
    return float(match[1]) if match else None


def known_everywhere(system: System, document: str, more_than: float) -> bool:
    """Return whether both gateways have a newer version within seconds."""
    return until(
        lambda: all(version_at(system, one, document) > more_than for one in GATEWAYS),
        SECONDS_MAX,
    )


def offer(agency: PlainAgency, system: System) -> str:
    """Return what ListOffers says of the standard ticket for one day."""
    day = system.opening + timedelta(days=10)
    return agency.ask(
        '<ListOffers xmlns="urn:lupu:ticketing:1"><TicketType>STANDARD</TicketType>'
        f"<FromDay>{day}</FromDay><ToDay>{day}</ToDay></ListOffers>"
    ).text


def test_agents_prices_and_stops_reach_every_gateway_and_names_reach_no_log(
    system: System, tmp_path: Path
) -> None:
    """Blocked, let in again, a new password; a price and a stop by plain SQL; a quiet log."""
    agency = agency_with(system, system.password)
    day = system.opening + timedelta(days=10)
    assert agency.place("N-1", "STANDARD", day, name=NAME, telephone=TELEPHONE).code == "DONE"
    lupu = partial(system.stack.lupu, "inside", "agents")
    for command, code in (("block", "SIGN_IN_FAILED"), ("unblock", "DONE")):
        before = max(version_at(system, one, "Agents") for one in GATEWAYS)
        lupu(command, system.agent_number)
        assert known_everywhere(system, "Agents", before)
        assert until(partial(_is_young_at, system, "hub-1"), SECONDS_MAX)
        for number in range(4):  # the load balancer shows each gateway at least once
            assert agency.place(f"{command}-{number}", "STANDARD", day).code == code
    password = _rotated(system)
    agency.close()
    agency = agency_with(system, password)
    _price_and_stop(system, agency, tmp_path / "database" / "lupu.sqlite")
    _without_the_inside(system, agency)
    agency.close()
    for log in (tmp_path / "logs").glob("*.log"):
        text = log.read_text("utf-8")
        for secret in (NAME, TELEPHONE, system.password, password):
            assert secret not in text, log.name


def _is_young_at(system: System, hub: str) -> bool:
    age = of_snapshot(system, hub, "age_seconds", "Agents")
    return age is not None and age < SECONDS_MAX


def _rotated(system: System) -> str:
    """A new password works at once, the old one as long as was said, at every gateway."""
    passwords = [system.password]
    for keep_hours in ("1", "0"):
        before = max(version_at(system, one, "Agents") for one in GATEWAYS)
        number, keeping = system.agent_number, ("--keep-hours", keep_hours)
        told = system.stack.lupu("inside", "agents", "rotate", number, *keeping)
        passwords.append(told.rpartition(" ")[2])
        assert known_everywhere(system, "Agents", before)
        good = passwords[-2:] if keep_hours == "1" else passwords[-1:]
        for password in passwords:
            agency = agency_with(system, password)
            for _ in range(4):
                assert ("AgeSeconds" in offer(agency, system)) == (password in good)
            agency.close()
    return passwords[-1]


def _price_and_stop(system: System, agency: PlainAgency, database: Path) -> None:
    before = max(version_at(system, one, "Offers") for one in GATEWAYS)
    with sqlite3.connect(database, timeout=10) as rows:
        rows.execute("UPDATE prices SET price_fen = 12345 WHERE ticket_type = 'STANDARD'")
    assert known_everywhere(system, "Offers", before)
    assert until(lambda: "12345" in offer(agency, system), SECONDS_MAX)
    before = max(version_at(system, one, "Offers") for one in GATEWAYS)
    with sqlite3.connect(database, timeout=10) as rows:
        rows.execute(
            "UPDATE prices SET effective_to = effective_from WHERE ticket_type = 'STANDARD'"
        )
    assert known_everywhere(system, "Offers", before)
    assert "<t:Offer>" not in offer(agency, system)


def _without_the_inside(system: System, agency: PlainAgency) -> None:
    """A gateway started while all else is down serves from its last snapshot, with its age."""
    stack = system.stack
    for name in ("hub-1", "ticketing-1"):
        stack.processes[name].stop()
    stopped_at = time.monotonic()
    stack.inside.stop()
    stack.outside.stop()
    for name in GATEWAYS:
        stack.processes[name].stop()
        stack.processes[name].start()
        stack.processes[name].wait_ready(partial(healthy, stack.places.socket(name)))
    assert until(lambda: "AgeSeconds" in offer(agency, system), SECONDS_MAX)
    since = time.monotonic() - stopped_at
    assert int(since) <= age_seconds(offer(agency, system)) < since + SECONDS_MAX
    time.sleep(1)
    assert int(since) + 1 <= age_seconds(offer(agency, system))
    events = [
        json.loads(line)["event"]
        for line in stack.processes["gateway-1"].log.read_text("utf-8").splitlines()
        if line.startswith("{")
    ]
    assert "snapshot.loaded" in events
