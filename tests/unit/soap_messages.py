"""SOAP requests as bytes, for the tests of reading them."""

from adapters.soap.envelope import SoapRequest, read_request
from adapters.soap.forms import ENVELOPE_11, ENVELOPE_12, Posted, Service, SoapRefused
from hub.messages import TICKETING

SERVICE = Service(TICKETING, frozenset({"ListOffers", "PlaceBooking", "GetBooking"}))
XML_11 = "text/xml; charset=utf-8"
XML_12 = "application/soap+xml; charset=utf-8"
ASKED = (
    f'<t:GetBooking xmlns:t="{TICKETING}"><t:BookingReference>ABC-DEF-1</t:BookingReference>'
    "</t:GetBooking>"
)
ACTION = f"{TICKETING}/GetBooking"


def envelope(
    content: str = ASKED,
    *,
    header: str = "",
    namespace: str = ENVELOPE_11,
    on_envelope: str = "",
    on_body: str = "",
) -> str:
    """Return an envelope; ``header`` is what stands in soap:Header."""
    head = f"<s:Header>{header}</s:Header>" if header else ""
    return (
        f'<s:Envelope xmlns:s="{namespace}"{on_envelope}>{head}'
        f"<s:Body{on_body}>{content}</s:Body></s:Envelope>"
    )


def envelope_12(content: str = ASKED, *, header: str = "") -> str:
    """Return a SOAP 1.2 envelope."""
    return envelope(content, header=header, namespace=ENVELOPE_12)


def read(
    body: str | bytes, content_type: str = XML_11, soap_action: str | None = None
) -> SoapRequest:
    """Read a request as the gateway does."""
    given = body.encode() if isinstance(body, str) else body
    return read_request(Posted(given, content_type, soap_action), SERVICE)


def refused(
    body: str | bytes, content_type: str = XML_11, soap_action: str | None = None
) -> SoapRefused:
    """Return why a request is refused; AssertionError where it is not."""
    try:
        read(body, content_type, soap_action)
    except SoapRefused as error:
        return error
    raise AssertionError("The request was taken.")
