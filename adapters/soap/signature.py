"""Signatures by X.509: over the very Body that is processed, and over the Timestamp.

Sources: XML Signature Syntax and Processing 1.1; OASIS Web Services Security X.509 Token Profile
1.1; McIntosh and Austel, "XML signature element wrapping attacks" (2005). What a signature may
look like is checked here, on the nodes that the rest of the gateway works with; xmlsec then
computes, and knows no element but those.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import xmlsec
from lxml import etree
from xmlsec import constants

from adapters.soap.envelope import SoapRequest
from adapters.soap.forms import SoapRefused
from adapters.soap.signing_certificate import (
    KeyKind,
    SigningCertificate,
    read_certificate,
)
from adapters.soap.wsse import DSIG, WSSE, WSU
from adapters.xml.parsing import WHITE_SPACE, Element

if xmlsec.get_libxml_version() != etree.LIBXML_VERSION:
    raise ImportError("xmlsec and lxml must use the same libxml2: install the pinned versions.")

REFERENCES_MAX = 20
CERTIFICATE_BYTES_MAX = 16_384

_EXCLUSIVE = constants.TransformExclC14N.href
_TRANSFORMS = ([_EXCLUSIVE], [constants.TransformEnveloped.href, _EXCLUSIVE])
_Algorithms = dict[str, Any]
_RSA: _Algorithms = {
    known.href: known
    for known in (
        constants.TransformRsaSha256,
        constants.TransformRsaSha384,
        constants.TransformRsaSha512,
    )
}
_RSA_SHA1: _Algorithms = {constants.TransformRsaSha1.href: constants.TransformRsaSha1}
_EC: _Algorithms = {
    known.href: known
    for known in (
        constants.TransformEcdsaSha256,
        constants.TransformEcdsaSha384,
        constants.TransformEcdsaSha512,
    )
}
_DIGESTS: _Algorithms = {
    known.href: known
    for known in (
        constants.TransformSha256,
        constants.TransformSha384,
        constants.TransformSha512,
    )
}
_SHA1: _Algorithms = {constants.TransformSha1.href: constants.TransformSha1}
_X509V3 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3"
_LINK = re.compile(r"#([^\W\d][\w.-]*)")
_IDS = "//@wsu:Id | //@Id | //@ID | //@xml:id"
_NOT_ELEMENTS = "//comment() | //processing-instruction()"

# An element, and the attribute that is its Id.
_Named = tuple[Element, etree.QName]


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature of the right shape; nothing of it is true before ``verify_signature``.

    ``digest`` (SHA-256 of what the signature is over) and ``created`` (the Timestamp's letters)
    are to be remembered, so that a message counts once. The signature's value would not do: with
    ECDSA a stranger makes a second one out of the first.
    """

    node: Element
    timestamp: Element
    certificate: SigningCertificate
    created: str
    digest: bytes

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, in lower-case hex: who an agent is known by."""
        return self.certificate.fingerprint


def find_signature(request: SoapRequest) -> Signature:
    """Return the request's one signature; SoapRefused where there is none of a shape we take."""
    _check_only_elements(request.root)
    security = request.security
    found = list(request.root.iter(f"{{{DSIG}}}Signature"))
    if security is None or len(found) != 1 or found[0].getparent() is not security:
        raise _refused("There must be one Signature, in the Security header.")
    signed_info, _, key_info = _children(found[0], "SignedInfo", "SignatureValue", "KeyInfo")
    timestamp = _one(security, f"{{{WSU}}}Timestamp", "A signed request needs one Timestamp.")
    created = _one(timestamp, f"{{{WSU}}}Created", "The Timestamp needs one Created.")
    return Signature(
        node=found[0],
        timestamp=timestamp,
        certificate=read_certificate(_certificate_content(security, key_info)),
        created=(created.text or "").strip(WHITE_SPACE),
        digest=hashlib.sha256(etree.tostring(signed_info, method="c14n", exclusive=True)).digest(),
    )


def verify_signature(
    request: SoapRequest, signature: Signature, *, sha1_allowed: bool, now: datetime
) -> None:
    """SIGNATURE_INVALID unless the certificate's key signed this Body and this Timestamp.

    The Timestamp's age is what ``wsse.check_timestamp`` looks at.
    """
    signature.certificate.check_valid(now)
    methods = _methods(signature.certificate.kind, sha1_allowed=sha1_allowed)
    digests = _DIGESTS | (_SHA1 if sha1_allowed else {})
    references = _references(signature.node[0], methods)
    known = _by_id(request.root)
    signed = [_referenced(reference, known, digests) for reference in references]
    _check_apart([node for node, _ in signed])
    for wanted, name in ((request.body, "Body"), (signature.timestamp, "Timestamp")):
        if not any(_is_same(node, wanted) for node, _ in signed):
            raise _refused(f"The signature does not cover the {name}.")
    _compute(signature, signed, [*methods.values(), *digests.values()])


def _is_same(node: Element, wanted: Element) -> bool:
    """Say whether what was signed is what is processed; an equal one elsewhere is not."""
    return node is wanted


def _certificate_content(security: Element, key_info: Element) -> bytes:
    """Return the DER of the certificate: of a BinarySecurityToken, or of X509Data in place."""
    (link,) = _children(key_info, "SecurityTokenReference", namespace=WSSE)
    if len(link) != 1:
        raise _refused("The SecurityTokenReference must hold one reference.")
    if link[0].tag == f"{{{DSIG}}}X509Data":
        wanted = "The X509Data needs one X509Certificate."
        return _decoded(_one(link[0], f"{{{DSIG}}}X509Certificate", wanted))
    uri = _LINK.fullmatch(link[0].get("URI", ""))
    if link[0].tag != f"{{{WSSE}}}Reference" or uri is None:
        raise _refused("Send the certificate in a BinarySecurityToken, and refer to it by Id.")
    tokens = [
        node
        for node in security.iterchildren(f"{{{WSSE}}}BinarySecurityToken")
        if node.get(f"{{{WSU}}}Id") == uri[1] and node.get("ValueType") == _X509V3
    ]
    if len(tokens) != 1:
        raise _refused("There must be one BinarySecurityToken of type X509v3 with this Id.")
    return _decoded(tokens[0])


def _decoded(node: Element) -> bytes:
    try:
        content = base64.b64decode("".join((node.text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        raise _refused("The certificate is not base64.") from None
    if len(node) or not 0 < len(content) <= CERTIFICATE_BYTES_MAX:
        raise _refused("The certificate cannot be read.")
    return content


def _methods(kind: KeyKind, *, sha1_allowed: bool) -> _Algorithms:
    """Return the signature methods that fit a key, by their URI."""
    if kind is KeyKind.EC:
        return _EC
    return _RSA | (_RSA_SHA1 if sha1_allowed else {})


def _check_only_elements(root: Element) -> None:
    # What canonicalisation leaves out, or what splits a text, would be read and not be signed.
    if root.xpath(_NOT_ELEMENTS):
        raise _refused("A signed request holds no comment and no processing instruction.")


def _references(signed_info: Element, methods: _Algorithms) -> list[Element]:
    count = len(signed_info.findall(f"{{{DSIG}}}Reference"))
    if not 0 < count <= REFERENCES_MAX:
        raise _refused(f"The SignedInfo must hold 1 to {REFERENCES_MAX} References.")
    names = ["CanonicalizationMethod", "SignatureMethod", *["Reference"] * count]
    canonical, method, *references = _children(signed_info, *names)
    if _algorithm(canonical) != _EXCLUSIVE:
        raise _refused("The CanonicalizationMethod must be exclusive, without comments.")
    if _algorithm(method) not in methods:
        raise _refused("The SignatureMethod is not allowed for this certificate.")
    return references


def _by_id(root: Element) -> dict[str, _Named]:
    known: dict[str, _Named] = {}
    values: Any = root.xpath(_IDS, namespaces={"wsu": WSU})
    for value in values:
        named = (value.getparent(), etree.QName(value.attrname))
        if known.setdefault(str(value), named)[0] is not named[0]:
            raise _refused("Two elements have the same Id.")
    return known


def _referenced(reference: Element, known: Mapping[str, _Named], digests: _Algorithms) -> _Named:
    """Return the element that a Reference names, once all it says is allowed."""
    transforms, digest, _ = _children(reference, "Transforms", "DigestMethod", "DigestValue")
    _children(transforms, *["Transform"] * len(transforms))
    if [_algorithm(transform) for transform in transforms] not in _TRANSFORMS:
        raise _refused("The Transforms must be exclusive canonicalisation, without comments.")
    if _algorithm(digest) not in digests:
        raise _refused("The DigestMethod is not allowed.")
    uri = _LINK.fullmatch(reference.get("URI", ""))
    named = known.get(uri[1]) if uri is not None else None
    if named is None:
        raise _refused("A Reference does not name an element of this request by its Id.")
    return named


def _check_apart(nodes: list[Element]) -> None:
    # Otherwise a small request could have its content canonicalised many times.
    distinct = set(nodes)
    if len(distinct) < len(nodes) or any(
        parent in distinct for node in nodes for parent in node.iterancestors()
    ):
        raise _refused("A Reference names an element twice, or one within another.")


def _compute(signature: Signature, signed: list[_Named], algorithms: list[Any]) -> None:
    try:
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(signature.certificate.key, constants.KeyDataFormatDer)
        context.enable_signature_transform(constants.TransformExclC14N)
        context.enable_reference_transform(constants.TransformExclC14N)
        context.enable_reference_transform(constants.TransformEnveloped)
        for algorithm in algorithms:
            context.enable_signature_transform(algorithm)
            context.enable_reference_transform(algorithm)
        for node, attribute in signed:
            context.register_id(node, attribute.localname, attribute.namespace)
        context.verify(signature.node)
    except xmlsec.Error:
        raise _refused("The signature does not fit what was received.") from None


def _children(parent: Element, *names: str, namespace: str = DSIG) -> list[Element]:
    """Return an element's children, which have just these names in this order."""
    if [child.tag for child in parent] != [f"{{{namespace}}}{name}" for name in names]:
        raise _refused(f"The {etree.QName(parent).localname} must hold {', '.join(names)}.")
    return list(parent)


def _one(parent: Element, name: str, wanted: str) -> Element:
    found = parent.findall(name)
    if len(found) != 1:
        raise _refused(wanted)
    return found[0]


def _algorithm(node: Element) -> str:
    """Return the URI of an algorithm; none takes parameters but the exclusive one."""
    uri: str = node.get("Algorithm", "")
    prefixes = [f"{{{_EXCLUSIVE}}}InclusiveNamespaces"] if uri == _EXCLUSIVE else []
    if [child.tag for child in node] not in ([], prefixes):
        raise _refused("An algorithm has parameters that are not allowed.")
    return uri


def _refused(problem: str) -> SoapRefused:
    return SoapRefused("SIGNATURE_INVALID", problem)
