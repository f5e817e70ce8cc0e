"""Signing SOAP requests, rightly and wrongly, for the tests of signatures."""

import base64
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID
from lxml import etree
from xmlsec import constants

from adapters.soap.envelope import SoapRequest
from adapters.soap.forms import ENVELOPE_11, SoapRefused
from adapters.soap.signature import find_signature, verify_signature
from adapters.soap.wsse import DSIG, WSSE, WSU
from tests.unit.soap_messages import ASKED, envelope, read

NOW = datetime(2010, 5, 1, 9, 0, tzinfo=UTC)
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = f"{DSIG}enveloped-signature"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
BODY = f"{{{ENVELOPE_11}}}Body"
HEADER = f"{{{ENVELOPE_11}}}Header"
SECURITY = f"{HEADER}/{{{WSSE}}}Security"
TIMESTAMP = f"{SECURITY}/{{{WSU}}}Timestamp"
SIGNATURE = f"{SECURITY}/{{{DSIG}}}Signature"
ID = f"{{{WSU}}}Id"
_X509 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3"

Element = etree._Element
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Signer:
    """A key and its certificate, as PEM, and the certificate as DER."""

    key: bytes
    certificate: bytes
    der: bytes
    public: bytes


@functools.cache
def signer(kind: str = "rsa-2048", *, starts: datetime = NOW, days: int = 2) -> Signer:
    """Return a signer whose certificate is valid for ``days`` around ``starts``."""
    key = signing_key(*kind.split("-"))
    made = certificate(key.public_key(), key, starts=starts, days=days)
    return Signer(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        made.public_bytes(Encoding.PEM),
        made.public_bytes(Encoding.DER),
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    )


def certificate(
    key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
    issuer: PrivateKey,
    *,
    starts: datetime = NOW,
    days: int = 2,
) -> x509.Certificate:
    """Return a certificate of a key."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "agency")])
    return (
        x509.CertificateBuilder(name, name, key, x509.random_serial_number())
        .not_valid_before(starts - timedelta(days=1))
        .not_valid_after(starts + timedelta(days=days - 1))
        .sign(issuer, hashes.SHA256())
    )


def signing_key(kind: str, size: str) -> PrivateKey:
    """Return a new key: ``rsa`` and its bits, or ``ec`` and its curve."""
    if kind == "rsa":
        return rsa.generate_private_key(65_537, int(size))
    curves = {"192": ec.SECP192R1(), "256": ec.SECP256R1(), "521": ec.SECP521R1()}
    return ec.generate_private_key(curves[size])


@dataclass(frozen=True)
class Reference:
    """One Reference of a signature: what it names, and how."""

    uri: str = "#body"
    transforms: Sequence[str] = (f'<d:Transform Algorithm="{EXCLUSIVE}"/>',)
    digest: str = SHA256


BOTH = (Reference(), Reference("#stamp"))


@dataclass(frozen=True)
class Recipe:
    """How a signature is made; as it should be, if nothing else is said."""

    references: Sequence[Reference] = BOTH
    canonical: str = EXCLUSIVE
    method: str = RSA_SHA256
    after_key_info: str = ""


def unsigned(content: str = ASKED, *, created: str = "2010-05-01T09:00:00Z") -> Element:
    """Return an envelope with a Timestamp and Ids, to be signed."""
    stamp = f'<u:Timestamp u:Id="stamp"><u:Created>{created}</u:Created></u:Timestamp>'
    security = f'<w:Security xmlns:w="{WSSE}" xmlns:u="{WSU}">{stamp}</w:Security>'
    on_body = f' xmlns:u="{WSU}" u:Id="body"'
    return etree.fromstring(envelope(content, header=security, on_body=on_body))


def sign(
    root: Element, by: Signer, recipe: Recipe = Recipe(), *, hmac_key: bytes = b""
) -> Element:
    """Sign an envelope in place, with what xmlsec can do and Lupu may not take."""
    security, signature = part(root, SECURITY), etree.fromstring(_template(recipe))
    token = f'<w:BinarySecurityToken xmlns:w="{WSSE}" xmlns:u="{WSU}" u:Id="token"'
    encoded = base64.b64encode(by.der).decode()
    token += f' ValueType="{_X509}">{encoded}</w:BinarySecurityToken>'
    security.append(etree.fromstring(token))
    security.append(signature)
    context = xmlsec.SignatureContext()
    context.key = (
        xmlsec.Key.from_binary_data(constants.KeyDataHmac, hmac_key)
        if hmac_key
        else xmlsec.Key.from_memory(by.key, constants.KeyDataFormatPem)
    )
    for node in root.iter(etree.Element):
        if ID in node.attrib:
            context.register_id(node, "Id", WSU)
    context.sign(signature)
    return root


def _template(recipe: Recipe) -> str:
    references = "".join(
        f'<d:Reference URI="{entry.uri}"><d:Transforms>{"".join(entry.transforms)}</d:Transforms>'
        f'<d:DigestMethod Algorithm="{entry.digest}"/><d:DigestValue/></d:Reference>'
        for entry in recipe.references
    )
    return (
        f'<d:Signature xmlns:d="{DSIG}"><d:SignedInfo>'
        f'<d:CanonicalizationMethod Algorithm="{recipe.canonical}"/>'
        f'<d:SignatureMethod Algorithm="{recipe.method}"/>{references}</d:SignedInfo>'
        f'<d:SignatureValue/><d:KeyInfo><w:SecurityTokenReference xmlns:w="{WSSE}">'
        f'<w:Reference URI="#token" ValueType="{_X509}"/></w:SecurityTokenReference>'
        f"</d:KeyInfo>{recipe.after_key_info}</d:Signature>"
    )


def part(root: Element, path: str) -> Element:
    """Return what is at ``path``."""
    found = root.find(path)
    assert found is not None
    return found


def outcome(root: Element, *, sha1_allowed: bool = False, now: datetime = NOW) -> str:
    """Send an envelope through reading and verifying: ``taken``, or code and problem."""
    try:
        verified(read(etree.tostring(root)), sha1_allowed=sha1_allowed, now=now)
    except SoapRefused as refused:
        return f"{refused.code}: {refused.problem}"
    return "taken"


def verified(request: SoapRequest, **options: Any) -> str:
    """Verify a request as the gateway does; return the signer's fingerprint."""
    signature = find_signature(request)
    verify_signature(request, signature, **options)
    return signature.fingerprint
