"""Signed requests: what other stacks sign is taken; what is no longer it, or too weak, is not."""

import copy
from datetime import timedelta
from pathlib import Path

import pytest
import xmlsec
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from xmlsec import constants
from zeep.wsse.signature import BinarySignature, MemorySignature

from adapters.soap.forms import SoapRefused
from adapters.soap.signature import find_signature
from adapters.soap.signing_certificate import RSA_BITS_MAX, RSA_EXPONENT_MAX, read_certificate
from adapters.soap.wsse import DSIG, WSSE
from tests.unit.soap_messages import ASKED, envelope, read
from tests.unit.soap_signing import (
    BODY,
    BOTH,
    ENVELOPED,
    EXCLUSIVE,
    ID,
    NOW,
    RSA_SHA256,
    SECURITY,
    SHA256,
    SIGNATURE,
    TIMESTAMP,
    Recipe,
    Reference,
    Signer,
    certificate,
    outcome,
    part,
    sign,
    signer,
    signing_key,
    unsigned,
    verified,
)

SAMPLES = sorted((Path(__file__).parent / "soap_samples").glob("*.xml"))
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
EXCLUSIVE_TRANSFORM = f'<d:Transform Algorithm="{EXCLUSIVE}"/>'


def by_zeep(by: Signer, folder: Path, *, binary: bool, sha1: bool = False) -> etree._Element:
    """Return an envelope as zeep signs it, its certificate in a token or in place."""
    root = unsigned()
    for name, node in (("body", part(root, BODY)), ("stamp", part(root, TIMESTAMP))):
        assert node.attrib.pop(ID) == name
    methods = () if sha1 else (constants.TransformRsaSha256, constants.TransformSha256)
    if binary:
        (folder / "key").write_bytes(by.key)
        (folder / "certificate").write_bytes(by.certificate)
        files = (str(folder / "key"), str(folder / "certificate"))
        BinarySignature(*files, None, *methods).apply(root, {})
    else:
        MemorySignature(by.key, by.certificate, None, *methods).apply(root, {})
    return root


@pytest.mark.parametrize("binary", [True, False], ids=["token", "in place"])
def test_what_zeep_signs_is_taken(tmp_path: Path, *, binary: bool) -> None:
    """Zeep's signature verifies, and names its certificate."""
    root = by_zeep(signer(), tmp_path, binary=binary)
    request = read(etree.tostring(root))
    known = read_certificate(signer().der).fingerprint
    assert verified(request, sha1_allowed=False, now=NOW) == known
    assert find_signature(request).created == "2010-05-01T09:00:00Z"


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_what_other_stacks_signed_is_taken(path: Path) -> None:
    """Messages recorded from other stacks verify, at the time they were made."""
    request = read(path.read_bytes())
    begins = find_signature(request).certificate.not_before
    assert verified(request, sha1_allowed=False, now=begins + timedelta(days=1))


def test_transforms_that_change_nothing_are_taken() -> None:
    """Npm soap adds the enveloped-signature transform everywhere; Java names prefixes."""
    prefixes = (
        f'<d:Transform Algorithm="{EXCLUSIVE}">'
        f'<e:InclusiveNamespaces xmlns:e="{EXCLUSIVE}" PrefixList="s t"/></d:Transform>'
    )
    for transforms in (
        (f'<d:Transform Algorithm="{ENVELOPED}"/>', EXCLUSIVE_TRANSFORM),
        (prefixes,),
    ):
        recipe = Recipe([Reference(entry.uri, transforms) for entry in BOTH])
        assert outcome(sign(unsigned(), signer(), recipe)) == "taken"


@pytest.mark.parametrize(
    ("kind", "method", "digest"),
    [
        ("rsa-2048", RSA_SHA256, SHA256),
        ("rsa-2048", f"{MORE}rsa-sha512", "http://www.w3.org/2001/04/xmlenc#sha512"),
        ("ec-256", f"{MORE}ecdsa-sha256", SHA256),
        ("ec-521", f"{MORE}ecdsa-sha384", f"{MORE}sha384"),
    ],
)
def test_sound_algorithms_are_taken(kind: str, method: str, digest: str) -> None:
    """RSA from 2,048 bits and EC from P-256 on, with SHA-2."""
    references = [Reference(entry.uri, digest=digest) for entry in BOTH]
    recipe = Recipe(references, method=method)
    assert outcome(sign(unsigned(), signer(kind), recipe)) == "taken"


@pytest.mark.parametrize(
    ("kind", "method"), [("rsa-1024", RSA_SHA256), ("ec-192", f"{MORE}ecdsa-sha256")]
)
def test_a_weak_key_is_refused(kind: str, method: str) -> None:
    """RSA of 1,024 bits and EC on a smaller curve are refused, although the signature is right."""
    root = sign(unsigned(), signer(kind), Recipe(method=method))
    assert "The key must be" in outcome(root)


@pytest.mark.parametrize(
    ("bits", "exponent"), [(RSA_BITS_MAX + 8, 65_537), (2_048, RSA_EXPONENT_MAX + 1)]
)
def test_a_key_that_only_costs_time_is_refused(bits: int, exponent: int) -> None:
    """A stranger's certificate cannot make one verification take long."""
    key = rsa.RSAPublicNumbers(exponent, 2**bits - 1).public_key()
    with pytest.raises(SoapRefused, match="SIGNATURE_INVALID"):
        read_certificate(certificate(key, signing_key("ec", "256")).public_bytes(Encoding.DER))


def test_sha1_needs_the_agents_switch(tmp_path: Path) -> None:
    """Where zeep's old defaults are not allowed they are refused, in method and digest."""
    root = by_zeep(signer(), tmp_path, binary=True, sha1=True)
    assert outcome(root, sha1_allowed=True) == "taken"
    assert "SignatureMethod is not allowed" in outcome(root)
    references = [Reference("#body", digest=f"{DSIG}sha1"), Reference("#stamp")]
    mixed = sign(unsigned(), signer(), Recipe(references))
    assert outcome(mixed, sha1_allowed=True) == "taken"
    assert "DigestMethod is not allowed" in outcome(mixed)


@pytest.mark.parametrize(
    "path", [f"{BODY}//*/*", f"{TIMESTAMP}/*", f"{SIGNATURE}//{{{DSIG}}}DigestValue"]
)
def test_a_change_after_signing_is_refused(path: str) -> None:
    """Body, Timestamp and digest: one letter changed, and nothing fits."""
    root = sign(unsigned(), signer())
    node = part(root, path)
    node.text = "3" + (node.text or "")[1:]
    assert "does not fit" in outcome(root)


def test_a_changed_signature_is_refused() -> None:
    """A signature of other bytes, of none, or of what is no Base64 is refused, not an error."""
    for text in ("AAAA", "", "?", "A" * 100_000):
        root = sign(unsigned(), signer())
        part(root, f"{SIGNATURE}/{{{DSIG}}}SignatureValue").text = text
        assert "does not fit" in outcome(root)


def test_another_certificate_is_refused() -> None:
    """Who puts another's certificate beside his own signature gains nothing by it."""
    root, other = sign(unsigned(), signer()), sign(unsigned(), signer("rsa-3072"))
    token = f"{SECURITY}/{{{WSSE}}}BinarySecurityToken"
    part(root, token).text = part(other, token).text
    assert "does not fit" in outcome(root)


@pytest.mark.parametrize(("days", "code"), [(-2, "ended"), (2, "ended"), (0, "taken")])
def test_a_certificate_counts_while_it_is_valid(days: int, code: str) -> None:
    """Before it begins and after it has ended a certificate signs nothing."""
    root = sign(unsigned(), signer())
    assert code in outcome(root, now=NOW + timedelta(days=days))


@pytest.mark.parametrize("text", ["", "?", "AAAA", "MIIB" * 5_000, "é"])
def test_a_certificate_that_cannot_be_read_is_refused(text: str) -> None:
    """Whatever stands where the certificate should: a refusal, not an error."""
    root = sign(unsigned(), signer())
    part(root, f"{SECURITY}/{{{WSSE}}}BinarySecurityToken").text = text
    assert outcome(root).startswith("SIGNATURE_INVALID: The certificate")


def test_no_signature_is_no_signature() -> None:
    """A request without one, or with two, is SIGNATURE_INVALID where one is expected."""
    twice = sign(unsigned(), signer())
    part(twice, SECURITY).append(copy.deepcopy(part(twice, SIGNATURE)))
    for text in (envelope(), etree.tostring(unsigned()), etree.tostring(twice)):
        with pytest.raises(SoapRefused) as refused:
            find_signature(read(text))
        assert refused.value.code == "SIGNATURE_INVALID"


def test_a_message_is_known_again_however_its_signature_is_written() -> None:
    """Two signatures over the same content are one message: ECDSA has many for each."""
    recipe = Recipe(method=f"{MORE}ecdsa-sha256")
    roots = [sign(unsigned(), signer("ec-256"), recipe) for _ in range(2)]
    value = f"{SIGNATURE}/{{{DSIG}}}SignatureValue"
    assert part(roots[0], value).text != part(roots[1], value).text
    first, second = (find_signature(read(etree.tostring(root))) for root in roots)
    assert first.digest == second.digest
    other = sign(unsigned(ASKED.replace("-1", "-2")), signer("ec-256"), recipe)
    assert find_signature(read(etree.tostring(other))).digest != first.digest


def test_a_signed_package_verifies() -> None:
    """A signature over an MTOM request is over its content, and verifies with it put back."""
    content = ASKED.replace("ABC-DEF-1", "QUJDREVG")
    text = etree.tostring(sign(unsigned(content), signer())).decode()
    include = '<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:a@b"/>'
    kind = 'type="application/xop+xml"; start-info="text/xml"; boundary="b"'
    for part_, expected in ((b"ABCDEF", "taken"), (b"ABCDEG", "does not fit")):
        package = (
            b"--b\r\nContent-Type: application/xop+xml\r\nContent-ID: <r@b>\r\n\r\n"
            + text.replace("QUJDREVG", include).encode()
            + b"\r\n--b\r\nContent-ID: <a@b>\r\n\r\n"
            + part_
            + b"\r\n--b--\r\n"
        )
        request = read(package, f"multipart/related; {kind}")
        try:
            verified(request, sha1_allowed=False, now=NOW)
            said = "taken"
        except SoapRefused as refused:
            said = refused.problem
        assert expected in said


def test_xmlsec_and_lxml_share_one_libxml2() -> None:
    """Two of them in one process would read each other's trees wrongly."""
    assert xmlsec.get_libxml_version() == etree.LIBXML_VERSION
