"""WS-Addressing: answered only to those who use it, and only back the way they came.

Sources: WS-Addressing 1.0 SOAP Binding (2006) and the member submission of August 2004.
"""

import uuid

from lxml import etree

from adapters.soap.forms import Addressing, SoapRefused
from adapters.xml.converting import to_text

WSA_2005 = "http://www.w3.org/2005/08/addressing"
WSA_2004 = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
_ANONYMOUS = {
    WSA_2005: f"{WSA_2005}/anonymous",
    WSA_2004: f"{WSA_2004}/role/anonymous",
}
_FAULT_ACTION = {WSA_2005: f"{WSA_2005}/soap/fault", WSA_2004: f"{WSA_2004}/fault"}
_TEXT_CHARACTERS_MAX = 1_000


def read_addressing(header: etree._Element | None) -> Addressing | None:
    """Return the addressing headers, None where there are none.

    SoapRefused where the answer or a fault is to go anywhere but back: a request must not make
    the gateway dial somebody.
    """
    if header is None:
        return None
    for namespace in (WSA_2005, WSA_2004):
        texts = {
            etree.QName(node).localname: node
            for node in header
            if isinstance(node.tag, str) and node.tag.startswith(f"{{{namespace}}}")
        }
        if texts:
            _only_back(texts, namespace)
            return Addressing(
                namespace,
                _text(texts.get("MessageID")),
                _text(texts.get("Action")),
            )
    return None


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


def _only_back(headers: dict[str, etree._Element], namespace: str) -> None:
    for name in ("ReplyTo", "FaultTo"):
        endpoint = headers.get(name)
        if endpoint is None:
            continue
        address = _text(endpoint.find(f"{{{namespace}}}Address"))
        if address != _ANONYMOUS[namespace]:
            raise SoapRefused(
                "ADDRESSING_UNSUPPORTED", "Answers go back the way the request came."
            )


def _text(node: etree._Element | None) -> str:
    text = (node.text or "").strip() if node is not None else ""
    if len(text) > _TEXT_CHARACTERS_MAX:
        raise SoapRefused("ADDRESSING_UNSUPPORTED", "An addressing header is too long.")
    return text
