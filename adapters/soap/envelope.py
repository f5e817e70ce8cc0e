"""Reading a SOAP request: its envelope, its headers, its one element.

What a request may look like follows WS-I Basic Profile 1.2 and 2.0, and what old clients are
known to send: SOAPAction unquoted, empty or missing is taken, a wrong one is not.
"""

from dataclasses import dataclass

from lxml import etree

from adapters.soap import mtom
from adapters.soap.addressing import WSA_2004, WSA_2005, read_addressing
from adapters.soap.answer import WSSE
from adapters.soap.forms import AnswerForm, Posted, Service, SoapRefused, SoapVersion
from adapters.soap.media import Media, read_media
from adapters.xml.parsing import XmlRefused, parse

_UNDERSTOOD = frozenset({WSSE, WSA_2005, WSA_2004})
_TO_US = frozenset(
    {
        "",
        "http://schemas.xmlsoap.org/soap/actor/next",
        "http://www.w3.org/2003/05/soap-envelope/role/next",
        "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver",
    }
)
_SECURITY = f"{{{WSSE}}}Security"


@dataclass(frozen=True, slots=True)
class SoapRequest:
    """A request whose envelope is right; its element has not been validated yet.

    ``element`` is the one element in soap:Body, ``operation`` its local name, ``body`` the
    soap:Body itself. ``security`` is the wsse:Security header, if any. ``form`` is how to answer,
    ``answer_action`` the wsa:Action of the answer.
    """

    form: AnswerForm
    root: etree._Element
    body: etree._Element
    element: etree._Element
    operation: str
    answer_action: str
    security: etree._Element | None


def read_request(posted: Posted, service: Service) -> SoapRequest:
    """Read a request of ``service``; SoapRefused says what is wrong, and how to answer."""
    media = read_media(posted.content_type)
    form = AnswerForm(media.version, mtom=media.package)
    try:
        root = _root(posted, media)
        header, body = _sections(root, media.version)
        form = AnswerForm(media.version, read_addressing(header), media.package)
        security = _security(header, media.version)
        element = _only_element(body)
        operation = _operation(element, service)
        _check_action(service.action(operation), posted, media, form)
    except SoapRefused as refused:
        refused.form = form
        raise
    except XmlRefused as error:
        raise SoapRefused(error.code, form=form) from None
    answer_action = service.action(f"{operation}Response")
    return SoapRequest(form, root, body, element, operation, answer_action, security)


def _root(posted: Posted, media: Media) -> etree._Element:
    if media.package:
        root = mtom.unpack(posted.body, posted.content_type, media.version)
    else:
        root = parse(posted.body, media.charset or None)
    name = etree.QName(root)
    if name.localname != "Envelope":
        raise SoapRefused("MALFORMED_XML", "This is not a SOAP envelope.")
    if name.namespace != media.version.value:
        raise SoapRefused("VERSION_MISMATCH")
    return root


def _sections(
    root: etree._Element, version: SoapVersion
) -> tuple[etree._Element | None, etree._Element]:
    soap = f"{{{version.value}}}"
    children = list(root)
    header = children.pop(0) if children and children[0].tag == f"{soap}Header" else None
    if len(children) != 1 or children[0].tag != f"{soap}Body" or _has_text(root):
        raise SoapRefused(
            "MALFORMED_XML", "The envelope must hold a Header, if any, and one Body."
        )
    return header, children[0]


def _only_element(body: etree._Element) -> etree._Element:
    if len(body) != 1 or _has_text(body) or not isinstance(body[0].tag, str):
        raise SoapRefused("MALFORMED_XML", "The Body must hold exactly one element.")
    return body[0]


def _operation(element: etree._Element, service: Service) -> str:
    name = etree.QName(element)
    if name.namespace != service.namespace or name.localname not in service.operations:
        raise SoapRefused("UNKNOWN_OPERATION")
    return name.localname


def _has_text(node: etree._Element) -> bool:
    texts = [node.text, *(child.tail for child in node)]
    return any(text and text.strip() for text in texts)


def _security(header: etree._Element | None, version: SoapVersion) -> etree._Element | None:
    """Return the Security header; refuse what must be understood and is not."""
    if header is None:
        return None
    security = [node for node in header if node.tag == _SECURITY]
    unknown = tuple(
        str(node.tag)
        for node in header
        if _must_understand(node, version) and etree.QName(node).namespace not in _UNDERSTOOD
    )
    if unknown:
        raise SoapRefused("MUST_UNDERSTAND", not_understood=unknown)
    if len(security) > 1:
        raise SoapRefused("MALFORMED_XML", "There is more than one Security header.")
    return security[0] if security else None


def _must_understand(node: etree._Element, version: SoapVersion) -> bool:
    soap = f"{{{version.value}}}"
    role = node.get(f"{soap}actor") or node.get(f"{soap}role") or ""
    wanted = (node.get(f"{soap}mustUnderstand") or "").strip()
    return wanted in ("1", "true") and role in _TO_US


def _check_action(expected: str, posted: Posted, media: Media, form: AnswerForm) -> None:
    given = media.action if media.version is SoapVersion.SOAP_12 else posted.soap_action or ""
    addressed = form.addressing.action if form.addressing is not None else ""
    for action in (given.strip().strip('"').strip(), addressed):
        if action and action != expected:
            raise SoapRefused("ACTION_MISMATCH")
