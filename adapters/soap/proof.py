"""The agent's proof: its request as it signed it, to be verified by others than the gateway.

A proof is what came by HTTP, its Content-Encoding undone: the Content-Type in one line, an empty
line, and the body byte for byte, be it an envelope or an MTOM package.
"""

from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from adapters.soap.envelope import SoapRequest, read_request
from adapters.soap.forms import Posted, SoapRefused
from adapters.soap.signature import Signature, find_signature, verify_signature
from adapters.soap.wsdl import agents_service
from adapters.soap.wsse import moment
from hub.errors import ProofWrong

HEAD_BYTES_MAX = 1_000
_AFTER = b"\r\n\r\n"
_NAME = b"Content-Type: "


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that was read; nothing of it is true before ``verify``."""

    request: SoapRequest
    signature: Signature

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the signing certificate, in lower-case hex."""
        return self.signature.fingerprint

    @property
    def operation(self) -> str:
        """The operation that was asked for."""
        return self.request.operation

    @property
    def element(self) -> etree._Element:
        """The one element in the envelope's Body."""
        return self.request.element

    def document(self) -> bytes:
        """Return the element as the document in which it travels."""
        element = self.request.element
        return etree.tostring(element, encoding="utf-8", xml_declaration=False, with_tail=False)

    def created_at(self) -> datetime:
        """Return when the agent says it made the request; ProofWrong where that is no time."""
        try:
            return moment(self.signature.created)
        except SoapRefused as refused:
            raise _wrong(refused) from None

    def verify(self, at: datetime, *, sha1_allowed: bool) -> None:
        """ProofWrong unless the certificate was good at a time and its key signed this Body."""
        try:
            verify_signature(self.request, self.signature, sha1_allowed=sha1_allowed, now=at)
        except SoapRefused as refused:
            raise _wrong(refused) from None


def make_proof(body: bytes, content_type: str) -> bytes:
    """Return the proof that is made of what came by HTTP."""
    return _NAME + content_type.encode("latin-1", "replace") + _AFTER + body


def read_proof(proof: bytes) -> Proof:
    """Read a proof; ProofWrong where it is no request of an agent with one signature."""
    head, found, body = proof.partition(_AFTER)
    if not found or not head.startswith(_NAME) or len(head) > HEAD_BYTES_MAX:
        raise ProofWrong("What was signed cannot be read.")
    content_type = head.removeprefix(_NAME).decode("latin-1")
    try:
        request = read_request(Posted(body, content_type), agents_service())
        return Proof(request, find_signature(request))
    except SoapRefused as refused:
        raise _wrong(refused) from None


def _wrong(refused: SoapRefused) -> ProofWrong:
    # The problem may quote the request; those of signatures are sentences of our own.
    said = refused.problem if refused.code == "SIGNATURE_INVALID" else ""
    return ProofWrong(f"What was signed is refused: {refused.code}. {said}".strip())
