"""The quarantine outside as it really is, in the hands of staff: on their pages, by command."""

from pathlib import Path

from hub.envelope import to_wire
from hub.messages import INWARD_EXCHANGE, Lane
from hub.ports import Address, Published
from hub.settings import Configuration, OutsideBroker
from tests.acceptance.staff_browser import Person, chromium
from tests.acceptance.test_past_the_gateway import booking
from tests.contract.transports import AmqpTransport, until
from tests.servers.system import System
from tests.slice.staff_world import PASSWORD


def test_what_was_forged_is_found_and_discarded(running_system: System, tmp_path: Path) -> None:
    """Named with its reason on the page and by command; discarded; written down."""
    system = running_system
    _forge(system)
    secret = tmp_path / "password"
    secret.write_text(PASSWORD, "utf-8")
    given = ("--full-name", "刘洋", "--role", "operator", "--password-file", str(secret))
    system.stack.lupu("inside", "staff", "add", "liu", *given)
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


def _forge(system: System) -> None:
    """Publish a booking that no gateway sealed, with the certificate of one."""

    def dialled(account: str) -> OutsideBroker:
        zone = system.stack.places.configuration("outside")
        return Configuration(zone, account).read(OutsideBroker)

    side = AmqpTransport(dialled)
    wire = to_wire(booking(), account="gateway-1")
    to = Address(INWARD_EXCHANGE, Lane.REQUESTS.value)
    assert side.send("gateway-1", to, wire) is Published.CONFIRMED
    side.close()


def _listed(system: System) -> str:
    return system.stack.lupu("inside", "quarantine", "list", "--side", "outside")
