"""What an agency signs is kept inside with its request, shown, and taken out for a dispute."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.certificates import CertificateFacts
from adapters.soap.proof import read_proof
from certs.authority import Authority, Issued, KeyKind, Purpose
from deploy.local.process import ProcessFailed
from tests.clients.job import SIGNATURE, SOAP_11, Job
from tests.clients.zeep_client import client
from tests.contract.transports import until
from tests.servers.agency import PlainAgency
from tests.servers.system import System
from tests.slice.staff_world import PASSWORD

SIGNS = "1002"
REFERENCE = "SIGNED-1"
REQUEST = f"agent:{SIGNS}/PlaceBooking/{REFERENCE}"


@pytest.fixture
def signer(running_system: System) -> Issued:
    """Offer the certificate of an agency that does nothing but sign."""
    stack = running_system.stack
    authority = Authority(stack.places.certificates, "agents")
    issued = authority.issue(SIGNS, Purpose.CLIENT, kind=KeyKind.RSA)
    named = ("--name-en", "Signing Travel", "--name-zh", "签名旅行社")
    stack.lupu("inside", "agents", "add", SIGNS, *named)
    purpose = ("--purpose", "SIGNATURE")
    stack.lupu("inside", "agents", "trust", SIGNS, str(issued.certificate), *purpose)
    stack.lupu("inside", "agents", "only-signs", SIGNS)
    return issued


def test_a_signed_booking_is_proved_from_the_agency_to_the_file(
    running_system: System, signer: Issued, tmp_path: Path
) -> None:
    """Booked with zeep; the way names the certificate, the command verifies and writes it out."""
    system = running_system
    placed = _placed(system, signer)
    assert placed["Status"] == "DONE", placed
    booking = str(placed["Booking"]["BookingReference"])
    fingerprint = CertificateFacts.read(signer.certificate).fingerprint
    stack = system.stack
    assert f"signed with the certificate {fingerprint}" in stack.lupu("inside", "follow", booking)
    out, auditor = tmp_path / "proof.txt", _auditor(system, tmp_path / "password")
    said = stack.lupu("inside", "requests", "proof", REQUEST, "--out", str(out), *auditor)
    assert fingerprint in said
    assert "it is what was handled" in said
    assert read_proof(out.read_bytes()).fingerprint == fingerprint
    assert out.stat().st_mode & 0o077 == 0
    agency = PlainAgency(system.port, system.ca_file, system.agent_number, system.password)
    day = system.opening + timedelta(days=10)
    assert agency.place("PLAIN-1", "STANDARD", day).code == "DONE"
    agency.close()
    plain = f"agent:{system.agent_number}/PlaceBooking/PLAIN-1"
    with pytest.raises(ProcessFailed, match="nothing that was signed"):
        stack.lupu("inside", "requests", "proof", plain, *auditor)
    assert REQUEST in stack.lupu("inside", "parked", "audit", "list").replace("\n", "")


def _auditor(system: System, secret: Path) -> tuple[str, ...]:
    secret.touch(mode=0o600)
    secret.write_text(PASSWORD, "utf-8")
    proof = ("--password-file", str(secret))
    given = ("--full-name", "周审计", "--role", "auditor", *proof)
    system.stack.lupu("inside", "staff", "add", "zhou", *given)
    return ("--as", "zhou", *proof)


def _placed(system: System, signer: Issued) -> dict[str, Any]:
    call = client(
        Job(
            url=system.base_url,
            ca_file=str(system.ca_file),
            soap=SOAP_11,
            sign_in=SIGNATURE,
            user=SIGNS,
            password="",
            certificate="",
            key="",
            signing_certificate=str(signer.certificate),
            signing_key=str(signer.key),
            calls=[],
        )
    )
    line = {"TicketType": "STANDARD", "Day": system.opening + timedelta(days=10), "Quantity": 2}
    values = {
        "RequestReference": REFERENCE,
        "Kind": "INDIVIDUAL",
        "Contact": {"Name": "王小明", "Telephone": "021 5888 1234"},
        "Lines": {"Line": [line]},
    }
    told: dict[str, Any] = {}
    # The gateway, and the hub, learn of the agency within seconds.

    def is_answered() -> bool:
        told.update(call("PlaceBooking", values))
        return "answer" in told

    assert until(is_answered), told
    answer: dict[str, Any] = told["answer"]
    return answer
