"""Rendering answers and faults in the form of whoever asked.

Sources: SOAP 1.1 (W3C Note 2000), section 4.4; SOAP 1.2 Part 1, section 5.4; WS-Security 1.1,
section 12, for the fault codes of a failed sign-in.
"""

from lxml import etree

from adapters.soap import mtom
from adapters.soap.addressing import answer_headers
from adapters.soap.forms import (
    ENVELOPE_11,
    ENVELOPE_12,
    AnswerForm,
    Fault,
    Rendered,
    SoapVersion,
)
from adapters.soap.wsse import WSSE
from adapters.xml.converting import to_text
from adapters.xml.refusals import write_refusal

FAULT_STATUS = 500
_OK = 200

_SECURITY_CODES = {
    "SIGN_IN_FAILED": "FailedAuthentication",
    "SIGN_IN_REPLAYED": "FailedAuthentication",
    "SIGNATURE_INVALID": "FailedCheck",
    "MESSAGE_EXPIRED": "MessageExpired",
}
_UPGRADE = (
    f'<soap:Upgrade><soap:SupportedEnvelope xmlns:v="{ENVELOPE_12}" qname="v:Envelope"/>'
    f'<soap:SupportedEnvelope xmlns:v="{ENVELOPE_11}" qname="v:Envelope"/></soap:Upgrade>'
).encode()
_OWN_CODES = {"VERSION_MISMATCH": "VersionMismatch", "MUST_UNDERSTAND": "MustUnderstand"}


def render_answer(form: AnswerForm, document: bytes, action: str) -> Rendered:
    """Return the answer that carries ``document`` (without an XML declaration).

    ``action`` is the wsa:Action of the answer.
    """
    headers = answer_headers(form.addressing, action)
    return _rendered(_envelope(form.version, headers, document), form, _OK)


def render_fault(form: AnswerForm, fault: Fault) -> Rendered:
    """Return a fault, its refusal as the detail element that the WSDL declares."""
    detail = write_refusal(fault.refusal, fault.element)
    headers = answer_headers(form.addressing, "")
    if form.version is SoapVersion.SOAP_11:
        content = _fault_11(fault, detail)
    else:
        content = _fault_12(fault, detail)
        headers += _not_understood(fault)
    return _rendered(_envelope(form.version, headers, content), form, fault.status or FAULT_STATUS)


def _fault_11(fault: Fault, detail: bytes) -> bytes:
    code = _OWN_CODES.get(fault.refusal.code, "Client" if fault.sender else "Server")
    start = f"<soap:Fault><faultcode>soap:{code}</faultcode>"
    security = _SECURITY_CODES.get(fault.refusal.code)
    if security:
        start = f'<soap:Fault><faultcode xmlns:wsse="{WSSE}">wsse:{security}</faultcode>'
    text = f"<faultstring>{to_text(fault.refusal.sentence_en)}</faultstring><detail>"
    return b"".join((start.encode(), text.encode(), detail, b"</detail></soap:Fault>"))


def _fault_12(fault: Fault, detail: bytes) -> bytes:
    code = _OWN_CODES.get(fault.refusal.code, "Sender" if fault.sender else "Receiver")
    subcode = ""
    security = _SECURITY_CODES.get(fault.refusal.code)
    if security:
        value = f'<soap:Value xmlns:wsse="{WSSE}">wsse:{security}</soap:Value>'
        subcode = f"<soap:Subcode>{value}</soap:Subcode>"
    texts = (("en", fault.refusal.sentence_en), ("zh", fault.refusal.sentence_zh))
    reason = "".join(
        f'<soap:Text xml:lang="{language}">{to_text(text)}</soap:Text>' for language, text in texts
    )
    return b"".join(
        (
            f"<soap:Fault><soap:Code><soap:Value>soap:{code}</soap:Value>".encode(),
            f"{subcode}</soap:Code><soap:Reason>{reason}</soap:Reason><soap:Detail>".encode(),
            detail,
            b"</soap:Detail></soap:Fault>",
        )
    )


def _not_understood(fault: Fault) -> bytes:
    """Return the headers that SOAP 1.2 Part 1 wants beside a fault: 5.4.7 and 5.4.8."""
    if fault.refusal.code == "VERSION_MISMATCH":
        return _UPGRADE
    parts = []
    for name in fault.not_understood:
        qname = etree.QName(name)
        if qname.namespace:
            namespace = to_text(qname.namespace).replace('"', "&quot;")
            known = f'xmlns:n="{namespace}" qname="n:{qname.localname}"'
            parts.append(f"<soap:NotUnderstood {known}/>")
    return "".join(parts).encode()


def _envelope(version: SoapVersion, headers: bytes, content: bytes) -> bytes:
    header = b"<soap:Header>" + headers + b"</soap:Header>" if headers else b""
    return b"".join(
        (
            b'<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap="',
            version.value.encode(),
            b'">',
            header,
            b"<soap:Body>",
            content,
            b"</soap:Body></soap:Envelope>",
        )
    )


def _rendered(envelope: bytes, form: AnswerForm, status: int) -> Rendered:
    if form.mtom:
        body, content_type = mtom.pack(envelope, form.version)
        return Rendered(body, content_type, status)
    return Rendered(envelope, f"{form.version.media_type}; charset=utf-8", status)
