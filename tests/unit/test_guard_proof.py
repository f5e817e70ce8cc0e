"""A gateway that was broken into cannot forge, alter or reuse what an agent signed."""

import copy
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from adapters.soap.proof import make_proof, read_proof
from hub.envelope import DOCUMENT_BYTES, Message, to_wire
from hub.errors import (
    AgentBlocked,
    InvalidBody,
    MalformedEnvelope,
    NeverWorks,
    NotSigned,
    ProofWrong,
    UnknownAgent,
)
from hub.guard import BODY_BYTES_MAX
from hub.messages import TICKETING, Lane
from hub.parking import Reason
from tests.unit.agents_world import (
    BLOCKED,
    MIXED,
    OTHERS,
    PLAIN,
    STRANGERS,
    World,
    edition,
    outcome_of,
    place,
    proof,
    proof_of,
    request,
)
from tests.unit.soap_signing import NOW, SECURITY, SIGNATURE, part, sign, signer, unsigned
from tests.unit.test_soap_signature_wrapping import ONLY_IDENTITY, OTHER_RULES, Attack

MINUTE = timedelta(minutes=1)
GET = (
    f'<t:GetBooking xmlns:t="{TICKETING}"><t:BookingReference>ABC-DEF-1</t:BookingReference>'
    "</t:GetBooking>"
)


def signed(content: str = "", **changes: Any) -> Message:
    """Return a request with its proof."""
    content = content or place()
    return request(content, **{"proof": proof(content), **changes})


def as_it_stands(content: str) -> bytes:
    """Return the same values in other letters."""
    for old, new in (("<t:", "<x:"), ("</t:", "</x:"), ("xmlns:t=", "xmlns:x="), ("><", ">\n<")):
        content = content.replace(old, new)
    return content.encode()


def with_two_signatures() -> bytes:
    """Return a proof whose signature is there twice."""
    root = sign(unsigned(place()), signer())
    part(root, SECURITY).append(copy.deepcopy(part(root, SIGNATURE)))
    return proof_of(root)


def test_what_an_agent_signed_passes_and_its_proof_stays_with_it() -> None:
    """Byte for byte, and with a document in other letters but of the same values."""
    world, message = World(), signed()
    assert world.check(message) == message
    assert world.check(message._replace(body=as_it_stands(place()))).proof == message.proof
    assert world.metrics.counts["lupu_guard_proofs_total"] == 2


def test_what_old_stacks_add_to_what_they_sign_says_nothing() -> None:
    """An element that is there to say that it is left out crosses no more: the same request."""
    nil = '<t:Email xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>'
    content = place().replace("</t:Contact>", f"{nil}</t:Contact>")
    message = signed()._replace(proof=proof(content))
    assert World().check(message) == message


ATTACKS: dict[str, tuple[Message, type[NeverWorks], str]] = {
    "the document is altered": (
        signed()._replace(body=place(quantity=9).encode()),
        ProofWrong,
        "other values",
    ),
    "the proof of another request": (
        signed()._replace(proof=proof(place("A-2"))),
        ProofWrong,
        "other values",
    ),
    "another request's proof and document under this reference": (
        signed(place("A-2")),
        ProofWrong,
        "not the request that the message's id names",
    ),
    "a reference in the document that is not the id's": (
        signed()._replace(id=signed().id._replace(reference="B-1")),
        ProofWrong,
        "not the request that the message's id names",
    ),
    "the proof of another kind of request": (
        signed()._replace(proof=proof(GET)),
        ProofWrong,
        "another kind",
    ),
    "no proof, of an agent that only signs": (
        request(place(), sign_in="password"),
        NotSigned,
        "Nothing but a signature",
    ),
    "no proof, though the gateway says it was signed": (
        request(place(), PLAIN, sign_in="certificate+signature"),
        NotSigned,
        "does not bring",
    ),
    "signed by another agent": (
        signed(proof=proof(place(), OTHERS)),
        ProofWrong,
        "not this agent's",
    ),
    "signed by nobody we know": (
        signed(proof=proof(place(), STRANGERS)),
        ProofWrong,
        "not this agent's",
    ),
    "for an agent that is not published": (
        signed(number="9999"),
        UnknownAgent,
        "No agent",
    ),
    "for an agent that is blocked": (
        request(place(), BLOCKED),
        AgentBlocked,
        BLOCKED,
    ),
    "signed long before it was accepted": (
        signed(accepted_at=NOW + 16 * MINUTE),
        ProofWrong,
        "at the time",
    ),
    "signed long after it was accepted": (
        signed(accepted_at=NOW - 16 * MINUTE),
        ProofWrong,
        "at the time",
    ),
    "a proof that is no envelope": (
        signed(proof=make_proof(b"<a/>", "text/xml")),
        ProofWrong,
        "MALFORMED_XML",
    ),
    "a proof with an entity": (
        signed(proof=make_proof(b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "text/xml")),
        ProofWrong,
        "DTD_FORBIDDEN",
    ),
    "a proof that is no proof": (signed(proof=b"\xff\x00"), ProofWrong, "cannot be read"),
    "a proof with a signature of others beside it": (
        signed(proof=with_two_signatures()),
        ProofWrong,
        "one Signature",
    ),
    "a huge proof": (
        signed(proof=proof(place()) + b" " * BODY_BYTES_MAX),
        InvalidBody,
        "larger than",
    ),
}


@pytest.mark.parametrize("case", ATTACKS)
def test_an_attack_is_found_and_named(case: str) -> None:
    """Each is refused with a reason of its own, by which the quarantine lists it."""
    message, error, sentence = ATTACKS[case]
    world = World()
    world.clock.move(hours=1)
    with pytest.raises(error, match=sentence) as raised:
        world.check(message)
    assert Reason.of(raised.value).kind == error.__name__


@pytest.mark.parametrize("attack", ONLY_IDENTITY + OTHER_RULES)
def test_nothing_wrapped_passes_the_guard(attack: Attack) -> None:
    """What would be processed is not what was signed, wherever that still stands."""
    root = sign(unsigned(place()), signer())
    attack(root)
    message = request(place("EVIL"), reference="EVIL", proof=proof_of(root))
    with pytest.raises(ProofWrong, match=r"SIGNATURE_INVALID|MALFORMED_XML"):
        World().check(message)


def test_wrapping_would_work_without_the_one_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """The attack is real: it is the guard's own verification that stops it."""
    monkeypatch.setattr("adapters.soap.signature._is_same", lambda *_: True)
    root = sign(unsigned(place()), signer())
    ONLY_IDENTITY[0](root)
    message = request(place("EVIL"), reference="EVIL", proof=proof_of(root))
    assert World().check(message) == message


def test_whoever_has_a_password_too_may_come_without_a_proof() -> None:
    """A gateway that was broken into can forge those: see ARCHITECTURE.md."""
    assert World().check(request(place(), MIXED)).proof == b""


def test_a_repeat_asks_for_the_outcome_of_what_was_signed_and_of_nothing_else() -> None:
    """The gateway's own question goes with the repeat that its agent signed."""
    world, message = World(Lane.QUERIES), outcome_of(signed())
    assert world.check(message) == message
    with pytest.raises(ProofWrong, match="id names"):
        world.check(message._replace(id=message.id._replace(reference="A-2")))
    with pytest.raises(NotSigned):
        world.check(message._replace(proof=b"", sign_in=""))


def test_a_question_that_was_signed_cannot_be_asked_for_ever() -> None:
    """It passes while it is fresh; kept and asked again later it does not, nor without an end."""
    world = World(Lane.QUERIES)
    question = request(GET, reference="b.1", proof=proof(GET), expires_at=NOW + MINUTE)
    assert world.check(question) == question
    world.clock.move(hours=1)
    late = NOW + 20 * MINUTE
    for again in (
        question._replace(accepted_at=late, expires_at=late + MINUTE),
        question._replace(expires_at=late),
        question._replace(expires_at=None),
    ):
        with pytest.raises(ProofWrong, match="at the time"):
            world.check(again)


def test_an_older_edition_shown_again_is_refused() -> None:
    """A certificate that was taken away stays away."""
    world = World()
    assert world.snapshot.offer(edition(3, SignatureFingerprint=[], Password=[]))
    assert not world.snapshot.offer(edition(2))
    with pytest.raises(ProofWrong):
        world.check(signed())
    assert world.metrics.counts["lupu_snapshot_older_total Agents"] == 1


@pytest.mark.parametrize("length", ["", "x", "0", "-1", "9" * 19, "1000000"])
def test_a_length_that_leaves_no_document_or_no_proof_is_malformed(length: str) -> None:
    """The header says where one ends and the other begins, and nothing else will do."""
    wire = to_wire(signed(), account="gateway-1")
    wrong = wire._replace(headers={**wire.headers, DOCUMENT_BYTES: length})
    with pytest.raises(MalformedEnvelope):
        World().guard.check(wrong)


@given(st.integers(0, 5_000), st.integers(1, 255))
def test_no_byte_of_a_signed_request_can_be_altered(place_of: int, change: int) -> None:
    """Whatever byte of document or proof is changed: it passes only if it says the same."""
    message = FIXED
    body = bytearray(message.body + message.proof)
    body[place_of % len(body)] ^= change
    length = len(message.body)
    altered = message._replace(body=bytes(body[:length]), proof=bytes(body[length:]))
    try:
        passed = FIXED_WORLD.check(altered)
    except NeverWorks:
        return
    element = read_proof(passed.proof).element
    assert etree.tostring(element, method="c14n") == CANONICAL


FIXED = signed()
FIXED_WORLD = World()
CANONICAL = etree.tostring(read_proof(FIXED.proof).element, method="c14n")
