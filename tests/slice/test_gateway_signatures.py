"""Signed requests: the signer's agent, over this very Body, once."""

import copy
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import xmlsec
from lxml import etree
from zeep.wsse.signature import BinarySignature

from adapters.certificates import CertificateFacts
from adapters.soap.proof import make_proof, read_proof
from certs.authority import Authority, Issued, KeyKind, Purpose
from hub.guard import BODY_BYTES_MAX
from tests.slice.gateway_answers import document, fault
from tests.slice.gateway_requests import (
    SOAP_11,
    WSSE,
    WSU,
    envelope,
    place_booking,
    text_token,
)
from tests.slice.gateway_world import World, agent, agents_document, gateway

BODY = f"{{{SOAP_11}}}Body"
HEADER = f"{{{SOAP_11}}}Header"
ID = f"{{{WSU}}}Id"
SECURITY = f"{HEADER}/{{{WSSE}}}Security"


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Issued:
    """Offer the certificate with which agent 1001 signs."""
    authority = Authority.make(tmp_path_factory.mktemp("certificates"), "agents")
    return authority.issue("1001", Purpose.CLIENT, kind=KeyKind.RSA)


@pytest.fixture
def world(tmp_path: Path, signer: Issued) -> Iterator[World]:
    """Offer a gateway that knows the signer."""
    fingerprint = CertificateFacts.read(signer.certificate).fingerprint
    with gateway(tmp_path, two_agents=False) as running:
        known = agent(SignatureFingerprint=[fingerprint], CertificateFingerprint=[])
        running.publish("Agents", agents_document(known, agent("1002")))
        yield running


def signed(signer: Issued, token: str = "", *, sha1: bool = False) -> etree._Element:
    """Return a signed envelope, as zeep signs it."""
    now = datetime.now(UTC)
    stamp = (
        f'<u:Timestamp xmlns:u="{WSU}"><u:Created>{now:%Y-%m-%dT%H:%M:%SZ}</u:Created>'
        f"<u:Expires>{now + timedelta(minutes=4):%Y-%m-%dT%H:%M:%SZ}</u:Expires></u:Timestamp>"
    )
    header = token or f'<wsse:Security xmlns:wsse="{WSSE}"></wsse:Security>'
    text = envelope(
        place_booking(), header.replace("</wsse:Security>", f"{stamp}</wsse:Security>")
    )
    root = etree.fromstring(text.encode())
    methods: Any = vars(xmlsec)["Transform"]  # xmlsec's types do not name it
    signature = BinarySignature(
        str(signer.key),
        str(signer.certificate),
        signature_method=methods.RSA_SHA1 if sha1 else methods.RSA_SHA256,
        digest_method=methods.SHA1 if sha1 else methods.SHA256,
    )
    signature.apply(root, {})
    return root


def post(world: World, root: etree._Element) -> str:
    """Send an envelope; return the fault's code, or DONE."""
    answer = world.post(etree.tostring(root))
    return str(document(answer)["Status"]) if answer.status == 200 else fault(answer).code


def test_a_signed_request_names_its_signer(world: World, signer: Issued) -> None:
    """A signature over Body and Timestamp signs its agent in, alone and beside a token."""
    assert post(world, signed(signer)) == "DONE"
    assert post(world, signed(signer, text_token())) == "DONE"
    assert [message.sign_in for message in world.seen][:1] == ["signature"]
    assert world.seen[0].id.sender == "agent:1001"


def test_a_signed_request_counts_once(world: World, signer: Issued) -> None:
    """The same signed message again is SIGN_IN_REPLAYED."""
    root = signed(signer)
    assert [post(world, root), post(world, root)] == ["DONE", "SIGN_IN_REPLAYED"]


def test_a_signature_beside_another_agents_token_is_refused(world: World, signer: Issued) -> None:
    """Signer and token must be the same agent."""
    assert post(world, signed(signer, text_token("1002"))) == "SIGN_IN_FAILED"


def test_a_signature_nobody_knows_signs_nobody_in(world: World, signer: Issued) -> None:
    """A good signature by a certificate that no agent registered is refused."""
    world.publish("Agents", agents_document(agent(), version=2))
    assert post(world, signed(signer)) == "SIGN_IN_FAILED"


def test_sha1_is_a_switch_of_the_agent(world: World, signer: Issued) -> None:
    """SHA-1 signatures are refused unless the agent may still use them."""
    assert post(world, signed(signer, sha1=True)) == "SIGNATURE_INVALID"
    fingerprint = CertificateFacts.read(signer.certificate).fingerprint
    old = agent(SignatureFingerprint=[fingerprint], LegacySha1Allowed=True)
    world.publish("Agents", agents_document(old, version=2))
    assert post(world, signed(signer, sha1=True)) == "DONE"


def part(root: etree._Element, path: str) -> etree._Element:
    """Return what is at ``path``."""
    found = root.find(path)
    assert found is not None
    return found


def evil(root: etree._Element) -> etree._Element:
    """Return a Body that asks for something else."""
    body = copy.deepcopy(part(root, BODY))
    del body.attrib[ID]
    body[0][0].text = "EVIL"
    return body


def altered(root: etree._Element) -> None:
    """Change the Body that was signed."""
    part(root, BODY)[0][0].text = "EVIL"


def moved_to_the_header(root: etree._Element) -> None:
    """Put the signed Body into the header and another in its place."""
    body, other = part(root, BODY), evil(root)
    root.replace(body, other)
    etree.SubElement(part(root, HEADER), "{urn:x}Wrapper").append(body)


def same_id_on_both(root: etree._Element) -> None:
    """Give the other Body the signed one's Id."""
    body, other = part(root, BODY), evil(root)
    other.set(ID, body.attrib[ID])
    root.replace(body, other)
    etree.SubElement(part(root, HEADER), "{urn:x}Wrapper").append(body)


def two_bodies(root: etree._Element) -> None:
    """Put another Body before the signed one."""
    root.insert(1, evil(root))


def inside_the_evil_one(root: etree._Element) -> None:
    """Put the signed Body inside the other one."""
    body, other = part(root, BODY), evil(root)
    root.replace(body, other)
    other.append(body)


def beside_the_signature(root: etree._Element) -> None:
    """Put the signed Body into the Security header."""
    body, other = part(root, BODY), evil(root)
    root.replace(body, other)
    part(root, SECURITY).append(body)


def no_signature(root: etree._Element) -> None:
    """Take the signature out."""
    security = part(root, SECURITY)
    security.remove(part(security, "{http://www.w3.org/2000/09/xmldsig#}Signature"))


@pytest.mark.parametrize(
    "attack",
    [
        altered,
        moved_to_the_header,
        same_id_on_both,
        two_bodies,
        inside_the_evil_one,
        beside_the_signature,
        no_signature,
    ],
    ids=lambda attack: attack.__name__,
)
def test_no_wrapped_body_is_processed(
    world: World, signer: Issued, attack: Callable[[etree._Element], None]
) -> None:
    """What is processed is what was signed: six ways to wrap it, and none, are refused."""
    root = signed(signer)
    attack(root)
    assert post(world, root) in ("SIGNATURE_INVALID", "SIGN_IN_FAILED", "MALFORMED_XML")
    assert world.seen == []


def test_what_was_signed_goes_along_byte_for_byte(world: World, signer: Issued) -> None:
    """With the request, and with the question that a repeat becomes; with no other request."""
    first, second = signed(signer), signed(signer, text_token())
    assert [post(world, root) for root in (first, second)] == ["DONE", "DONE"]
    world.post(envelope(place_booking("OTHER"), text_token()))
    assert [message.type for message in world.seen] == [
        "PlaceBooking.1",
        "GetOutcome.1",
        "PlaceBooking.1",
    ]
    content_type = "text/xml; charset=utf-8"
    assert [message.proof for message in world.seen] == [
        make_proof(etree.tostring(first), content_type),
        make_proof(etree.tostring(second), content_type),
        b"",
    ]
    proof = read_proof(world.seen[0].proof)
    proof.verify(datetime.now(UTC), sha1_allowed=False)
    assert proof.fingerprint == CertificateFacts.read(signer.certificate).fingerprint


def test_a_signed_request_may_be_half_as_large(world: World, signer: Issued) -> None:
    """It crosses twice, in clear words and as it was signed: the hub's bound is for both."""
    root = signed(signer)
    padded = etree.tostring(root) + b"\n" * (BODY_BYTES_MAX - len(etree.tostring(root)) - 10)
    answer = world.post(padded)
    assert (answer.status, fault(answer).code) == (413, "TOO_LARGE")
    assert not world.seen
