"""The quarantine outside as it really is, in the hands of staff: on their pages, by command."""

import json
import shlex
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.clock import SystemClock
from adapters.sealing import Sealed, Sealing
from hub.envelope import Message, RequestId, Transmission, Wire, to_wire
from hub.messages import INWARD_EXCHANGE, Lane
from hub.ports import Address, Published
from hub.settings import Configuration, OutsideBroker
from tests.acceptance.staff_browser import Person, chromium
from tests.acceptance.test_past_the_gateway import BODY, booking
from tests.contract.transports import AmqpTransport, until
from tests.servers.keys import inward
from tests.servers.system import System
from tests.slice.staff_world import PASSWORD
from tests.structure.kept_rows import Row, kept_rows

WAIT_SECONDS = 30.0


def test_what_was_forged_is_found_and_discarded(running_system: System, tmp_path: Path) -> None:
    """Named with its reason on the page and by command; discarded; written down."""
    system = running_system
    _forge(system)
    _operator(system, "liu", tmp_path)
    assert until(lambda: "NotAuthentic" in _listed(system))
    with chromium(tmp_path / "chromium") as driver:
        person = Person(driver, system.stack.places.staff_url)
        person.sign_in("liu")
        person.wait("Nothing is kept here.")
        person.press("Quarantine outside")
        person.wait("One message waits for a person.")
        person.leave_by(person.find(".reason .actions a"))
        person.leave_by(person.find("table.list tbody th a"))
        person.wait("NotAuthentic")
        person.type("why", "forged past the gateway")
        person.press("Discard it")
        person.wait("Discarded.")
    assert _listed(system) == "nothing is kept"
    assert "whole" in system.stack.lupu("inside", "parked", "audit", "verify")


def test_rows_are_done_as_written_on_the_real_system(
    running_system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An agency that was added too late is served, once; what was forged goes, without a trace."""
    system = running_system
    monkeypatch.chdir(tmp_path)
    proved = ("--password-file", str(_operator(system, "wang", tmp_path)))
    late, forged = _booking(system, "7001", "L-1"), _booking(system, "1001", "F-1")
    sealed = _sealed(system, late)
    _publish(system, sealed)
    assert until(lambda: "UnknownAgent" in _listed(system), WAIT_SECONDS)
    named = ("--name-en", "Late", "--name-zh", "晚到")
    system.stack.lupu("inside", "agents", "add", "7001", *named)
    altered = _sealed(system, forged)
    _publish(system, altered._replace(body=altered.body[:-1] + b"\0"))
    assert until(lambda: "NotAuthentic" in _listed(system), WAIT_SECONDS)
    kept = json.loads(_listed(system, "--json"))
    (name,) = [one["id"] for one in kept if one["reason"]["kind"] == "NotAuthentic"]
    for kind, cause in (("UnknownAgent", "added a moment ago"), ("NotAuthentic", "altered")):
        for command in _row(kind, cause).commands:
            words = shlex.split(command.replace("MESSAGE", name).partition(" > ")[0])
            if words[1] == "quarantine":
                system.stack.lupu("inside", *words[1:], *proved)
    assert until(lambda: _outcomes(system, late) == ["DONE"], WAIT_SECONDS)
    _publish(system, _sealed(system, late, sequence=9))
    assert until(lambda: _listed(system) == "nothing is kept", WAIT_SECONDS)
    assert _outcomes(system, late) == ["DONE"]
    assert _outcomes(system, forged) == []


def _row(kind: str, cause: str) -> Row:
    (row,) = [row for row in kept_rows() if kind in row.kinds and cause in row.cause]
    return row


def _operator(system: System, account: str, folder: Path) -> Path:
    """Add a member of staff who may act on kept messages; return the file of the password."""
    secret = folder / "password"
    secret.touch(mode=0o600)
    secret.write_text(PASSWORD, "utf-8")
    given = ("--full-name", "刘洋", "--role", "operator", "--password-file", str(secret))
    system.stack.lupu("inside", "staff", "add", account, *given)
    return secret


def _booking(system: System, agency: str, reference: str) -> Message:
    day = str(system.opening + timedelta(days=10)).encode()
    body = BODY.replace(b"2010-05-05", day).replace(b"A-1<", f"{reference}<".encode())
    return booking(id=RequestId(f"agent:{agency}", "PlaceBooking", reference), body=body)


def _sealed(system: System, message: Message, sequence: int = 8) -> Wire:
    """Return a message as gateway-1 seals it, with a sequence of its own."""
    folder = system.stack.places.sealing
    settings = Sealing(folder / "keys", folder / "keyring.json")
    message = message._replace(transmission=Transmission("gateway-1", "b00t", sequence))
    wire = to_wire(message, account="gateway-1")
    return Sealed(settings, "gateway-1", SystemClock()).sealer.seal(wire, *inward())


def _outcomes(system: System, message: Message) -> list[str]:
    path = system.stack.places.database["file"]
    query = "SELECT outcome_code FROM inbox WHERE request_id = ?"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return [str(code) for (code,) in connection.execute(query, (str(message.id),))]


def _forge(system: System) -> None:
    """Publish a booking that no gateway sealed, with the certificate of one."""
    _publish(system, to_wire(booking(), account="gateway-1"))


def _publish(system: System, wire: Wire) -> None:
    """Publish past the gateway, with its certificate."""

    def dialled(account: str) -> OutsideBroker:
        zone = system.stack.places.configuration("outside")
        return Configuration(zone, account).read(OutsideBroker)

    side = AmqpTransport(dialled)
    to = Address(INWARD_EXCHANGE, Lane.REQUESTS.value)
    assert side.send("gateway-1", to, wire) is Published.CONFIRMED
    side.close()


def _listed(system: System, *how: str) -> str:
    return system.stack.lupu("inside", "quarantine", "list", "--side", "outside", *how)
