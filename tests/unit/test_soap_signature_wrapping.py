"""Wrapping attacks: what was signed is still there, and something else would be processed.

Source: McIntosh and Austel, "XML signature element wrapping attacks" (2005). The tests test
themselves: without the check of identity, and to a verifier that has none, the attacks work.
"""

import copy
from collections.abc import Callable

import pytest
from lxml import etree
from zeep.exceptions import SignatureVerificationFailed
from zeep.wsse.signature import _make_verify_key, _verify_envelope_with_key

from adapters.soap.wsse import DSIG
from tests.unit.soap_signing import (
    BODY,
    HEADER,
    ID,
    SECURITY,
    SIGNATURE,
    TIMESTAMP,
    Element,
    outcome,
    part,
    sign,
    signer,
    unsigned,
)

WRAPPER = "{urn:wrapper}Wrapper"


def evil(root: Element, signed_id: str | None = None) -> Element:
    """Put a Body that asks for something else in the place of the signed one; return that."""
    body = part(root, BODY)
    other = copy.deepcopy(body)
    other[0][0].text = "EVIL"
    del other.attrib[ID]
    if signed_id is not None:
        other.set(ID, signed_id)
    root.replace(body, other)
    return body


def moved_to_the_header(root: Element) -> None:
    """Put the signed Body into a header of its own."""
    body = evil(root)
    etree.SubElement(part(root, HEADER), WRAPPER).append(body)


def another_id(root: Element) -> None:
    """The same, and give the evil Body an Id as well."""
    body = evil(root, "other")
    etree.SubElement(part(root, HEADER), WRAPPER).append(body)


def into_the_security_header(root: Element) -> None:
    """Put the signed Body beside the signature."""
    body = evil(root)
    etree.SubElement(part(root, SECURITY), WRAPPER).append(body)


def inside_the_evil_one(root: Element) -> None:
    """Put the signed Body deep into the evil one."""
    body = evil(root)
    part(root, BODY)[0].append(body)


def timestamp_moved(root: Element) -> None:
    """Put the signed Timestamp away and a fresh one in its place."""
    stamp = part(root, TIMESTAMP)
    fresh = copy.deepcopy(stamp)
    del fresh.attrib[ID]
    part(root, SECURITY).replace(stamp, fresh)
    etree.SubElement(part(root, HEADER), WRAPPER).append(stamp)


def the_same_id(root: Element) -> None:
    """Give both Bodies the Id that was signed, the signed one first."""
    body = evil(root, "body")
    etree.SubElement(part(root, HEADER), WRAPPER).append(body)


def the_same_id_in_other_letters(root: Element) -> None:
    """Give the evil Body the Id by another attribute that is an Id."""
    body = evil(root)
    part(root, BODY).set("Id", "body")
    etree.SubElement(part(root, HEADER), WRAPPER).append(body)


def into_an_object(root: Element) -> None:
    """Put the signed Body into an Object of the Signature."""
    body = evil(root)
    etree.SubElement(part(root, SIGNATURE), f"{{{DSIG}}}Object").append(body)


def two_bodies(root: Element) -> None:
    """Put the evil Body before the signed one."""
    body = evil(root)
    root.append(body)


Attack = Callable[[Element], None]
ONLY_IDENTITY: list[Attack] = [
    moved_to_the_header,
    another_id,
    into_the_security_header,
    inside_the_evil_one,
    timestamp_moved,
]
OTHER_RULES: list[Attack] = [
    the_same_id,
    the_same_id_in_other_letters,
    into_an_object,
    two_bodies,
]


def attacked(attack: Attack) -> Element:
    """Return a request signed well, and then attacked."""
    root = sign(unsigned(), signer())
    assert outcome(root) == "taken"
    attack(root)
    return root


def taken_by_zeep(root: Element) -> bool:
    """Say whether a verifier that does not check identity takes the request."""
    try:
        _verify_envelope_with_key(root, _make_verify_key(signer().certificate))
    except SignatureVerificationFailed:
        return False
    return True


@pytest.mark.parametrize("attack", ONLY_IDENTITY + OTHER_RULES)
def test_nothing_wrapped_is_taken(attack: Attack) -> None:
    """Whatever was signed elsewhere: what would be processed was not, and is refused."""
    assert outcome(attacked(attack)).split(":")[0] in ("SIGNATURE_INVALID", "MALFORMED_XML")


@pytest.mark.parametrize("attack", ONLY_IDENTITY)
def test_without_identity_it_would_be_taken(
    attack: Attack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attacks are real: zeep takes them, and so would Lupu without its one check."""
    root = attacked(attack)
    assert "does not cover" in outcome(root)
    assert taken_by_zeep(root)
    monkeypatch.setattr("adapters.soap.signature._is_same", lambda *_: True)
    assert outcome(root) == "taken"


@pytest.mark.parametrize("attack", [the_same_id, the_same_id_in_other_letters])
def test_ids_are_unique_in_the_whole_document(attack: Attack) -> None:
    """An Id twice is refused as such, in whichever attribute it stands, although zeep takes it."""
    root = attacked(attack)
    assert taken_by_zeep(root)
    assert "same Id" in outcome(root)


def test_the_other_attacks_are_refused_by_rules_of_their_own() -> None:
    """A Signature holds no Object and an envelope one Body, which zeep does not mind."""
    assert taken_by_zeep(attacked(into_an_object))
    assert "must hold SignedInfo" in outcome(attacked(into_an_object))
    assert "one Body" in outcome(attacked(two_bodies))
