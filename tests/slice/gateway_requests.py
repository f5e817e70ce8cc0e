"""SOAP requests as agencies' clients write them."""

import base64
import hashlib
import os
from datetime import UTC, datetime
from typing import Any

from tests.slice.gateway_world import PASSWORD, SECRET

SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
TICKETING = "urn:lupu:ticketing:1"
COMMON = "urn:lupu:common:1"
_OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
WSSE = f"{_OASIS}-wssecurity-secext-1.0.xsd"
WSU = f"{_OASIS}-wssecurity-utility-1.0.xsd"
DIGEST = f"{_OASIS}-username-token-profile-1.0#PasswordDigest"

TYPE_11 = {"CONTENT_TYPE": "text/xml; charset=utf-8"}
TYPE_12 = {"CONTENT_TYPE": "application/soap+xml; charset=utf-8"}
BY_CERTIFICATE: dict[str, Any] = {
    "HTTP_X_CLIENT_VERIFIED": "yes",
    "HTTP_X_CLIENT_FINGERPRINT": "ab" * 32,
}


def place_booking(reference: str = "A-1", name: str = "Wei Zhang", quantity: Any = 2) -> str:
    """Return a PlaceBooking element."""
    return (
        f'<t:PlaceBooking xmlns:t="{TICKETING}"><t:RequestReference>{reference}'
        "</t:RequestReference><t:Kind>INDIVIDUAL</t:Kind><t:Contact>"
        f"<t:Name>{name}</t:Name><t:Telephone>+86 21 5555 0101</t:Telephone></t:Contact>"
        "<t:Lines><t:Line><t:TicketType>STANDARD</t:TicketType><t:Day>2010-05-05</t:Day>"
        f"<t:Quantity>{quantity}</t:Quantity></t:Line></t:Lines></t:PlaceBooking>"
    )


def get_booking(reference: str = "A-1") -> str:
    """Return a GetBooking element that asks for the answer to a PlaceBooking."""
    return (
        f'<t:GetBooking xmlns:t="{TICKETING}"><t:AnswerTo><t:Operation>PlaceBooking</t:Operation>'
        f"<t:RequestReference>{reference}</t:RequestReference></t:AnswerTo></t:GetBooking>"
    )


def list_offers(inner: str = "") -> str:
    """Return a ListOffers element."""
    return f'<t:ListOffers xmlns:t="{TICKETING}">{inner}</t:ListOffers>'


def text_token(user: str = "1001", password: str | None = None) -> str:
    """Return a Security header with a password in text."""
    secret = f"{PASSWORD}-{user}" if password is None else password
    return _security(
        f"<wsse:Username>{user}</wsse:Username><wsse:Password>{secret}</wsse:Password>"
    )


def digest_token(
    user: str = "1001",
    secret: str | None = None,
    nonce: bytes | None = None,
    created: str | None = None,
) -> str:
    """Return a Security header with a digest."""
    nonce = os.urandom(16) if nonce is None else nonce
    created = created or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    known = f"{SECRET}-{user}" if secret is None else secret
    digest = hashlib.sha1(nonce + created.encode() + known.encode()).digest()  # noqa: S324
    return _security(
        f"<wsse:Username>{user}</wsse:Username>"
        f'<wsse:Password Type="{DIGEST}">{base64.b64encode(digest).decode()}</wsse:Password>'
        f"<wsse:Nonce>{base64.b64encode(nonce).decode()}</wsse:Nonce>"
        f'<wsu:Created xmlns:wsu="{WSU}">{created}</wsu:Created>'
    )


def _security(inner: str) -> str:
    return (
        f'<wsse:Security xmlns:wsse="{WSSE}"><wsse:UsernameToken>{inner}'
        "</wsse:UsernameToken></wsse:Security>"
    )


def envelope(body: str, header: str | None = None, namespace: str = SOAP_11) -> str:
    """Return an envelope; ``header`` None: signed in as agent 1001 with a password."""
    header = text_token() if header is None else header
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="{namespace}">'
        f"<soap:Header>{header}</soap:Header><soap:Body>{body}</soap:Body></soap:Envelope>"
    )


def envelope_12(body: str, header: str | None = None) -> str:
    """Return a SOAP 1.2 envelope."""
    return envelope(body, header, SOAP_12)
