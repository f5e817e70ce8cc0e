"""Reading a SOAP request: its envelope, its headers, its one element.

What a request may look like follows WS-I Basic Profile 1.2 and 2.0, and what old clients are
known to send: SOAPAction unquoted, empty or missing is taken, a wrong one is not; Perl names
SOAP's encoding on the Envelope although it sends plain literals.
"""

from dataclasses import dataclass

from lxml import etree

from adapters.soap import mtom
from adapters.soap.addressing import UNDERSTOOD, check_addressing, read_addressing
from adapters.soap.forms import (
    AnswerForm,
    Posted,
    Service,
    SoapRefused,
    SoapVersion,
)
from adapters.soap.media import Media, read_media
from adapters.soap.wsse import WSSE
from adapters.xml.parsing import WHITE_SPACE, Element, XmlRefused, parse

HEADERS_MAX = 100
NOT_UNDERSTOOD_MAX = 5

_UNDERSTOOD = frozenset({WSSE, *UNDERSTOOD})
_TO_US = frozenset(
    {
        "",
        "http://schemas.xmlsoap.org/soap/actor/next",
        "http://www.w3.org/2003/05/soap-envelope/role/next",
        "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver",
    }
)
_LITERAL = frozenset({"", "http://www.w3.org/2003/05/soap-envelope/encoding/none"})
_SECURITY = f"{{{WSSE}}}Security"


@dataclass(frozen=True, slots=True)
class SoapRequest:
    """A request whose envelope is right; its element has not been validated yet.

    ``element`` is the one element in soap:Body, ``operation`` its local name, ``body`` the
    soap:Body itself. ``security`` is the wsse:Security header, if any. ``form`` is how to answer,
    ``answer_action`` the wsa:Action of the answer.
    """

    form: AnswerForm
    root: Element
    body: Element
    element: Element
    operation: str
    answer_action: str
    security: Element | None


def form_for(content_type: str) -> AnswerForm:
    """Return the form for a refusal before anything was read: SOAP 1.1 where it is not known."""
    try:
        media = read_media(content_type)
    except SoapRefused as refused:
        return refused.form or AnswerForm()
    return AnswerForm(media.version, mtom=media.package)


def read_request(posted: Posted, service: Service) -> SoapRequest:
    """Read a request of ``service``; SoapRefused says what is wrong, and how to answer."""
    media = read_media(posted.content_type)
    form = AnswerForm(media.version, mtom=media.package)
    try:
        root = _root(posted, media)
        header, body = _sections(root, media.version)
        form = AnswerForm(media.version, read_addressing(header), media.package)
        security = _security(header, media.version)
        check_addressing(header)
        element = _only_element(body)
        operation = _operation(element, service)
        _check_action(service.action(operation), posted, media, form)
    except SoapRefused as refused:
        refused.form = form
        raise
    except XmlRefused as error:
        raise SoapRefused(error.code, str(error), form=form) from None
    answer_action = service.action(f"{operation}Response")
    return SoapRequest(form, root, body, element, operation, answer_action, security)


def _root(posted: Posted, media: Media) -> Element:
    if media.package:
        root = mtom.unpack(posted.body, posted.content_type)
    else:
        root = parse(posted.body, media.charset or None, instructions=True)
    _refuse_instructions(root)
    name = etree.QName(root)
    if name.localname != "Envelope":
        raise SoapRefused("MALFORMED_XML", "This is not a SOAP envelope.")
    if name.namespace != media.version.value:
        raise SoapRefused("VERSION_MISMATCH")
    return root


def _refuse_instructions(root: Element) -> None:
    found = next(root.iter(etree.ProcessingInstruction), None)
    if found is not None or root.getprevious() is not None or root.getnext() is not None:
        raise SoapRefused("MALFORMED_XML", "SOAP allows no processing instruction.")


def _sections(root: Element, version: SoapVersion) -> tuple[Element | None, Element]:
    soap = f"{{{version.value}}}"
    children = list(root)
    header = children.pop(0) if children and children[0].tag == f"{soap}Header" else None
    if len(children) != 1 or children[0].tag != f"{soap}Body" or _has_text(root):
        raise SoapRefused(
            "MALFORMED_XML", "The envelope must hold a Header, if any, and one Body."
        )
    if header is not None and (len(header) > HEADERS_MAX or _has_text(header)):
        raise SoapRefused("MALFORMED_XML", f"The Header must hold {HEADERS_MAX} elements at most.")
    encoded = [children[0]] if version is SoapVersion.SOAP_11 else [root, children[0]]
    if any(node.get(f"{soap}encodingStyle", "").strip() not in _LITERAL for node in encoded):
        raise SoapRefused(
            "SCHEMA_INVALID", "Send document/literal: there is no encodingStyle here."
        )
    return header, children[0]


def _only_element(body: Element) -> Element:
    if len(body) != 1 or _has_text(body):
        raise SoapRefused("MALFORMED_XML", "The Body must hold exactly one element.")
    return body[0]


def _operation(element: Element, service: Service) -> str:
    name = etree.QName(element)
    if name.namespace != service.namespace or name.localname not in service.operations:
        raise SoapRefused("UNKNOWN_OPERATION")
    return name.localname


def _has_text(node: Element) -> bool:
    text = node.text
    if text and text.strip(WHITE_SPACE):
        return True
    for child in node:
        tail = child.tail
        if tail and tail.strip(WHITE_SPACE):
            return True
    return False


def _security(header: Element | None, version: SoapVersion) -> Element | None:
    """Return the Security header for us; refuse what must be understood and is not."""
    if header is None:
        return None
    ours = [node for node in header if _is_for_us(node, version)]
    unknown = tuple(
        str(node.tag)
        for node in ours
        if _must_understand(node, version) and etree.QName(node).namespace not in _UNDERSTOOD
    )
    if unknown:
        raise SoapRefused("MUST_UNDERSTAND", not_understood=unknown[:NOT_UNDERSTOOD_MAX])
    security = [node for node in ours if node.tag == _SECURITY]
    if len(security) > 1:
        raise SoapRefused("MALFORMED_XML", "There is more than one Security header.")
    return security[0] if security else None


def _is_for_us(node: Element, version: SoapVersion) -> bool:
    name = "actor" if version is SoapVersion.SOAP_11 else "role"
    return node.get(f"{{{version.value}}}{name}", "").strip(WHITE_SPACE) in _TO_US


def _must_understand(node: Element, version: SoapVersion) -> bool:
    wanted = node.get(f"{{{version.value}}}mustUnderstand", "").strip(WHITE_SPACE)
    return wanted in ("1", "true")


def _check_action(expected: str, posted: Posted, media: Media, form: AnswerForm) -> None:
    given = media.action if media.version is SoapVersion.SOAP_12 else posted.soap_action or ""
    addressed = form.addressing.action if form.addressing is not None else ""
    for action in (given.strip().strip('"').strip(), addressed):
        if action and action != expected:
            raise SoapRefused("ACTION_MISMATCH")
