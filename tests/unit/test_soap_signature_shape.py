"""Signatures that are right by the letter of XML Signature, and are not taken here.

Each is one that xmlsec alone verifies: it is Lupu's own rule that refuses it.
"""

import copy
from collections.abc import Callable

import pytest
import xmlsec
from lxml import etree
from xmlsec import constants

from adapters.soap.forms import SoapRefused
from adapters.soap.signature import REFERENCES_MAX, find_signature
from adapters.soap.wsse import DSIG, WSSE, WSU
from tests.unit.soap_messages import ASKED, read
from tests.unit.soap_signing import (
    BODY,
    BOTH,
    ENVELOPED,
    EXCLUSIVE,
    HEADER,
    ID,
    SECURITY,
    SIGNATURE,
    TIMESTAMP,
    Element,
    Recipe,
    Reference,
    outcome,
    part,
    sign,
    signer,
    unsigned,
)

STAMP = Reference("#stamp")
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"


def taken_by_xmlsec(root: Element, hmac_key: bytes = b"") -> bool:
    """Say whether xmlsec verifies the signature when nothing is forbidden to it."""
    context = xmlsec.SignatureContext()
    context.key = (
        xmlsec.Key.from_binary_data(constants.KeyDataHmac, hmac_key)
        if hmac_key
        else xmlsec.Key.from_memory(signer().certificate, constants.KeyDataFormatCertPem)
    )
    for node in root.iter(etree.Element):
        if ID in node.attrib:
            context.register_id(node, "Id", WSU)
    try:
        context.verify(part(root, SIGNATURE))
    except xmlsec.Error:
        return False
    return True


def transform(uri: str, content: str = "") -> str:
    """Return a Transform."""
    return f'<d:Transform Algorithm="{uri}">{content}</d:Transform>'


XPATH = transform(
    "http://www.w3.org/TR/1999/REC-xpath-19991116",
    "<d:XPath>not(ancestor-or-self::*[local-name()='BookingReference'])</d:XPath>",
)
ONE = transform(EXCLUSIVE)
REFUSED: dict[str, tuple[Recipe, str]] = {
    "a transform that leaves things out": (
        Recipe([Reference(transforms=(XPATH, ONE)), STAMP]),
        "parameters",
    ),
    "inclusive canonicalisation": (
        Recipe([Reference(transforms=(transform(INCLUSIVE),)), STAMP]),
        "Transforms must be",
    ),
    "canonicalisation with comments": (
        Recipe([Reference(transforms=(transform(f"{EXCLUSIVE}WithComments"),)), STAMP]),
        "Transforms must be",
    ),
    "no canonicalisation": (
        Recipe([Reference(transforms=(transform(ENVELOPED),)), STAMP]),
        "Transforms must be",
    ),
    "no transform": (Recipe([Reference(transforms=()), STAMP]), "Transforms must be"),
    "one transform twice": (
        Recipe([Reference(transforms=(ONE, ONE)), STAMP]),
        "Transforms must be",
    ),
    "inclusive SignedInfo": (Recipe(canonical=INCLUSIVE), "CanonicalizationMethod"),
    "SignedInfo with comments": (
        Recipe(canonical=f"{EXCLUSIVE}WithComments"),
        "CanonicalizationMethod",
    ),
    "a digest of 224 bits": (
        Recipe([Reference(digest="http://www.w3.org/2001/04/xmldsig-more#sha224"), STAMP]),
        "DigestMethod",
    ),
    "another Reference than the Body": (Recipe([STAMP]), "cover the Body"),
    "the Body's content only": (Recipe([Reference("#asked"), STAMP]), "cover the Body"),
    "no Timestamp": (Recipe([Reference()]), "cover the Timestamp"),
    "the whole document": (
        Recipe([Reference("", (transform(ENVELOPED), ONE)), *BOTH]),
        "by its Id",
    ),
    "an XPointer": (Recipe([Reference("#xpointer(id('body'))"), STAMP]), "by its Id"),
    "the document's root by XPointer": (
        Recipe([Reference("#xpointer(/)", (transform(ENVELOPED), ONE)), *BOTH]),
        "by its Id",
    ),
    "too many References": (
        Recipe([*BOTH, *[STAMP] * (REFERENCES_MAX - 1)]),
        f"1 to {REFERENCES_MAX} References",
    ),
    "one element twice": (Recipe([*BOTH, STAMP]), "an element twice"),
    "one element within another": (Recipe([*BOTH, Reference("#asked")]), "within another"),
    "an Object": (Recipe(after_key_info="<d:Object/>"), "must hold SignedInfo"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_standard_allows_and_lupu_does_not(name: str) -> None:
    """Transforms, algorithms and References outside the short list are refused by name."""
    recipe, problem = REFUSED[name]
    content = ASKED.replace("<t:GetBooking", f'<t:GetBooking xmlns:u="{WSU}" u:Id="asked"')
    root = sign(unsigned(content), signer(), recipe)
    assert taken_by_xmlsec(root)
    said = outcome(root)
    assert said.startswith("SIGNATURE_INVALID")
    assert problem in said


@pytest.mark.parametrize("sha1_allowed", [True, False])
@pytest.mark.parametrize("method", ["hmac-sha1", "hmac-sha256"])
def test_the_public_key_is_no_shared_secret(method: str, *, sha1_allowed: bool) -> None:
    """A MAC with the certificate's public bytes as its key is refused: all the world has them."""
    uri = DSIG if method == "hmac-sha1" else "http://www.w3.org/2001/04/xmldsig-more#"
    for public in (signer().public, signer().der):
        root = sign(unsigned(), signer(), Recipe(method=f"{uri}{method}"), hmac_key=public)
        assert taken_by_xmlsec(root, public)
        assert "SignatureMethod is not allowed" in outcome(root, sha1_allowed=sha1_allowed)


def test_an_rsa_method_needs_an_rsa_key() -> None:
    """The method must fit the certificate's key."""
    method = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
    root = sign(unsigned(), signer("ec-256"), Recipe(method=method))
    for node in root.iter(f"{{{DSIG}}}SignatureMethod"):
        node.set("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256")
    assert "SignatureMethod is not allowed" in outcome(root)


@pytest.mark.parametrize(
    "uri", [None, "", "#", "body", "# body", "#body'", "http://127.0.0.1/x", "file:///etc/passwd"]
)
def test_a_reference_names_an_id_of_this_document(uri: str | None) -> None:
    """No URI, an empty one, and one that leads out of the document are refused, not fetched."""
    root = sign(unsigned(), signer())
    reference = part(root, f"{SIGNATURE}//{{{DSIG}}}Reference")
    reference.attrib.pop("URI")
    if uri is not None:
        reference.set("URI", uri)
    assert "by its Id" in outcome(root)


def test_a_signature_over_nothing_is_refused() -> None:
    """An empty list of References is refused."""
    root = sign(unsigned(), signer())
    signed_info = part(root, f"{SIGNATURE}/{{{DSIG}}}SignedInfo")
    for node in signed_info.findall(f"{{{DSIG}}}Reference"):
        signed_info.remove(node)
    assert "References" in outcome(root)


@pytest.mark.parametrize("where", [BODY, TIMESTAMP, SECURITY, SIGNATURE])
@pytest.mark.parametrize("made", [etree.ProcessingInstruction, etree.Comment])
def test_a_signed_request_holds_only_elements(where: str, made: type) -> None:
    """What canonicalisation leaves out, or what splits a text, is refused by this check itself."""
    request = read(etree.tostring(sign(unsigned(), signer())))
    part(request.root, where)[0].append(made("x"))
    with pytest.raises(SoapRefused) as refused:
        find_signature(request)
    assert "no comment" in refused.value.problem


def test_comments_on_the_way_neither_break_nor_split() -> None:
    """A comment put in later is dropped on reading, and what was signed is read whole."""
    text = etree.tostring(sign(unsigned(), signer()))
    request = read(text.replace(b"ABC-DEF-1", b"ABC-<!-- x -->DEF-1"))
    assert request.element[0].text == "ABC-DEF-1"
    find_signature(request)


def without_timestamp(root: Element) -> None:
    """Take the Timestamp out."""
    part(root, SECURITY).remove(part(root, TIMESTAMP))


def two_timestamps(root: Element) -> None:
    """Put a second Timestamp in."""
    other = copy.deepcopy(part(root, TIMESTAMP))
    del other.attrib[ID]
    part(root, SECURITY).append(other)


def without_created(root: Element) -> None:
    """Leave the Timestamp empty."""
    stamp = part(root, TIMESTAMP)
    stamp.remove(stamp[0])


def signature_elsewhere(root: Element) -> None:
    """Put the Signature into a header of its own."""
    part(root, HEADER).append(part(root, SIGNATURE))


def signature_deeper(root: Element) -> None:
    """Put the Signature into an element of the Security header."""
    etree.SubElement(part(root, SECURITY), "{urn:x}Wrapper").append(part(root, SIGNATURE))


def second_signature(root: Element) -> None:
    """Put a copy of the Signature into another header."""
    part(root, HEADER).append(copy.deepcopy(part(root, SIGNATURE)))


def token_elsewhere(root: Element) -> None:
    """Put the certificate into another header."""
    part(root, HEADER).append(part(root, f"{SECURITY}/{{{WSSE}}}BinarySecurityToken"))


def token_of_another_type(root: Element) -> None:
    """Say that the certificate is a chain."""
    part(root, f"{SECURITY}/{{{WSSE}}}BinarySecurityToken").set("ValueType", "#X509PKIPathv1")


def issuer_and_serial(root: Element) -> None:
    """Name the certificate without sending it."""
    link = part(root, f"{SIGNATURE}//{{{WSSE}}}SecurityTokenReference")
    link[0].tag = f"{{{DSIG}}}X509Data"
    etree.SubElement(link[0], f"{{{DSIG}}}X509IssuerSerial")


def bare_key(root: Element) -> None:
    """Send a key instead of a certificate."""
    info = part(root, f"{SIGNATURE}/{{{DSIG}}}KeyInfo")
    info[0].tag = f"{{{DSIG}}}KeyValue"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (without_timestamp, "needs one Timestamp"),
        (two_timestamps, "needs one Timestamp"),
        (without_created, "needs one Created"),
        (signature_elsewhere, "one Signature"),
        (signature_deeper, "one Signature"),
        (second_signature, "one Signature"),
        (token_elsewhere, "one BinarySecurityToken"),
        (token_of_another_type, "one BinarySecurityToken"),
        (issuer_and_serial, "one X509Certificate"),
        (bare_key, "must hold SecurityTokenReference"),
    ],
)
def test_everything_has_its_place(change: Callable[[Element], None], problem: str) -> None:
    """One Signature, one Timestamp, one certificate, each where WS-Security puts it."""
    root = sign(unsigned(), signer())
    change(root)
    assert problem in outcome(root)
