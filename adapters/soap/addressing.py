"""WS-Addressing: answered only to those who use it, and only back the way they came.

Sources: WS-Addressing 1.0 SOAP Binding (2006) and the member submission of August 2004.
"""

import uuid

from lxml import etree

from adapters.soap.forms import Addressing, SoapRefused
from adapters.xml.converting import to_text
from adapters.xml.parsing import WHITE_SPACE, Element

WSA_2005 = "http://www.w3.org/2005/08/addressing"
WSA_2004 = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
UNDERSTOOD = (WSA_2005, WSA_2004)
_ANONYMOUS = {
    WSA_2005: f"{WSA_2005}/anonymous",
    WSA_2004: f"{WSA_2004}/role/anonymous",
}
_FAULT_ACTION = {WSA_2005: f"{WSA_2005}/soap/fault", WSA_2004: f"{WSA_2004}/fault"}
_PARAMETERS = ("ReferenceParameters", "ReferenceProperties")
_ONCE = ("To", "Action", "MessageID", "ReplyTo", "FaultTo")
_TEXT_CHARACTERS_MAX = 1_000


def read_addressing(header: Element | None) -> Addressing | None:
    """Return the addressing headers that an answer needs, None where there are none."""
    if header is None:
        return None
    for namespace in UNDERSTOOD:
        prefix = f"{{{namespace}}}"
        if any(str(node.tag).startswith(prefix) for node in header):
            return Addressing(
                namespace,
                _text(header.find(f"{prefix}MessageID")),
                _text(header.find(f"{prefix}Action")),
            )
    return None


def check_addressing(header: Element | None) -> None:
    """ADDRESSING_UNSUPPORTED where an answer is to go anywhere but back, or a header is twice.

    A request must not make the gateway dial somebody.
    """
    if header is None or len(header) == 0:
        return
    names = [str(node.tag) for node in header]
    used = [wsa for wsa in UNDERSTOOD if any(name.startswith(f"{{{wsa}}}") for name in names)]
    if len(used) > 1:
        raise _unsupported("Two editions of WS-Addressing are mixed.")
    for namespace in used:
        if any(names.count(f"{{{namespace}}}{name}") > 1 for name in _ONCE):
            raise _unsupported("An addressing header is there twice.")
        for name in ("ReplyTo", "FaultTo"):
            _check_endpoint(header.find(f"{{{namespace}}}{name}"), namespace)
        for name in ("MessageID", "Action"):
            if len(_text(header.find(f"{{{namespace}}}{name}"))) == _TEXT_CHARACTERS_MAX:
                raise _unsupported("An addressing header is too long.")


def answer_headers(addressing: Addressing | None, action: str) -> bytes:
    """Return the header entries of an answer, of a fault where ``action`` is empty.

    Nothing for a request that had none.
    """
    if addressing is None:
        return b""
    namespace = addressing.namespace
    says = action or _FAULT_ACTION[namespace]
    parts = [
        f'<wsa:Action xmlns:wsa="{namespace}">{to_text(says)}</wsa:Action>',
        f'<wsa:MessageID xmlns:wsa="{namespace}">urn:uuid:{uuid.uuid4()}</wsa:MessageID>',
        f'<wsa:To xmlns:wsa="{namespace}">{_ANONYMOUS[namespace]}</wsa:To>',
    ]
    if addressing.message_id:
        relates_to = to_text(addressing.message_id)
        parts.append(f'<wsa:RelatesTo xmlns:wsa="{namespace}">{relates_to}</wsa:RelatesTo>')
    return "".join(parts).encode()


def _check_endpoint(endpoint: Element | None, namespace: str) -> None:
    if endpoint is None:
        return
    addresses = endpoint.findall(f"{{{namespace}}}Address")
    if [_text(address) for address in addresses] != [_ANONYMOUS[namespace]]:
        raise _unsupported("Answers go back the way the request came.")
    for node in endpoint:
        if etree.QName(node).localname in _PARAMETERS and len(node):
            raise _unsupported("Parameters of an endpoint are not sent back.")


def _text(node: Element | None) -> str:
    text = (node.text or "").strip(WHITE_SPACE) if node is not None else ""
    return text[:_TEXT_CHARACTERS_MAX]


def _unsupported(problem: str) -> SoapRefused:
    return SoapRefused("ADDRESSING_UNSUPPORTED", problem)
