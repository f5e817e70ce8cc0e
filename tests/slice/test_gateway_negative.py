"""The negative matrix: each odd request is taken, or refused by a proper fault."""

import gzip
from pathlib import Path
from typing import Any

import pytest

from tests.slice.gateway_answers import document, fault
from tests.slice.gateway_requests import (
    SOAP_11,
    SOAP_12,
    TICKETING,
    TYPE_11,
    TYPE_12,
    envelope,
    envelope_12,
    place_booking,
    text_token,
)
from tests.slice.gateway_world import World, gateway

GOOD = envelope(place_booking())
GOOD_12 = envelope_12(place_booking())
ACTION = f"{TICKETING}/PlaceBooking"
WSA = "http://www.w3.org/2005/08/addressing"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Offer one gateway to the whole matrix."""
    with gateway(tmp_path_factory.mktemp("gateway")) as running:
        yield running


def latin_1(text: str) -> bytes:
    """Return an envelope in Latin-1 that says so."""
    return text.replace("UTF-8", "ISO-8859-1").encode("latin-1")


TAKEN: dict[str, tuple[bytes | str, dict[str, Any]]] = {
    "SOAPAction quoted": (GOOD, {"HTTP_SOAPACTION": f'"{ACTION}"'}),
    "SOAPAction unquoted": (GOOD, {"HTTP_SOAPACTION": ACTION}),
    "SOAPAction empty": (GOOD, {"HTTP_SOAPACTION": '""'}),
    "SOAPAction missing": (GOOD, {}),
    "SOAP 1.2": (GOOD_12, TYPE_12),
    "SOAP 1.2 with action": (
        GOOD_12,
        {"CONTENT_TYPE": f'application/soap+xml; charset=utf-8; action="{ACTION}"'},
    ),
    "UTF-16": (
        GOOD.replace("UTF-8", "UTF-16").encode("utf-16"),
        {"CONTENT_TYPE": "text/xml; charset=utf-16"},
    ),
    "UTF-16 by its declaration": (
        GOOD.replace("UTF-8", "UTF-16").encode("utf-16"),
        {"CONTENT_TYPE": "text/xml"},
    ),
    "UTF-8 with a BOM": (GOOD.encode("utf-8-sig"), {}),
    "Latin-1 as declared": (
        latin_1(envelope(place_booking(name="José"))),
        {"CONTENT_TYPE": "text/xml"},
    ),
    "Latin-1 by the header, which overrules": (
        envelope(place_booking(name="José")).encode("latin-1"),
        {"CONTENT_TYPE": "text/xml; charset=iso-8859-1"},
    ),
    "gzip": (gzip.compress(GOOD.encode()), {"HTTP_CONTENT_ENCODING": "gzip"}),
    "white space around values": (
        envelope(
            place_booking(" A-1\n", quantity="\n 2 \n").replace(
                ">2010-05-05<", ">\n  2010-05-05\n<"
            )
        ),
        {},
    ),
    "a time zone on a day": (GOOD.replace(">2010-05-05<", ">2010-05-05+08:00<"), {}),
    "four-byte characters": (envelope(place_booking(name="𠮷𠮷" * 25)), {}),
    "comments": (GOOD.replace("<soap:Body>", "<!-- c --><soap:Body><!-- d -->"), {}),
    "an unknown header not marked": (
        envelope(place_booking(), text_token() + '<x:Y xmlns:x="urn:x"/>'),
        {},
    ),
    "mustUnderstand 0": (
        envelope(place_booking(), text_token() + '<x:Y xmlns:x="urn:x" soap:mustUnderstand="0"/>'),
        {},
    ),
    "xsi:type, as old stacks write it": (
        GOOD.replace(
            "<t:Kind>",
            '<t:Kind xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="x:string" '
            'xmlns:x="http://www.w3.org/2001/XMLSchema">',
        ),
        {},
    ),
    "an anonymous ReplyTo": (
        envelope(
            place_booking(),
            text_token() + f'<a:ReplyTo xmlns:a="{WSA}"><a:Address>{WSA}/anonymous</a:Address>'
            f'</a:ReplyTo><a:Action xmlns:a="{WSA}" soap:mustUnderstand="1">{ACTION}</a:Action>',
        ),
        {},
    ),
}


@pytest.mark.parametrize("name", TAKEN)
def test_what_clients_are_known_to_send_is_taken(world: World, name: str) -> None:
    """Odd but right: it is answered as any other request."""
    body, headers = TAKEN[name]
    assert document(world.post(body, **headers))["Status"] == "DONE"


def header(inner: str) -> str:
    """Return a request with one more header entry."""
    return envelope(place_booking(), text_token() + inner)


REFUSED: dict[str, tuple[bytes | str, dict[str, Any], str, str, int]] = {
    "a wrong SOAPAction": (
        GOOD, {"HTTP_SOAPACTION": f'"{TICKETING}/CancelBooking"'}, "ACTION_MISMATCH", "Client", 500
    ),
    "a wrong wsa:Action": (
        header(f'<a:Action xmlns:a="{WSA}">urn:other</a:Action>'),
        {}, "ACTION_MISMATCH", "Client", 500,
    ),
    "SOAP 1.2 as text/xml": (GOOD_12, TYPE_11, "VERSION_MISMATCH", "VersionMismatch", 500),
    "SOAP 1.1 as application/soap+xml": (
        GOOD, TYPE_12, "VERSION_MISMATCH", "VersionMismatch", 500
    ),
    "an unknown SOAP": (
        envelope(place_booking(), namespace="urn:soap:3"),
        {}, "VERSION_MISMATCH", "VersionMismatch", 500,
    ),
    "application/xml": (
        GOOD, {"CONTENT_TYPE": "application/xml"}, "UNSUPPORTED_MEDIA_TYPE", "Client", 415
    ),
    "no Content-Type": (GOOD, {"CONTENT_TYPE": ""}, "UNSUPPORTED_MEDIA_TYPE", "Client", 415),
    "JSON": (
        "{}", {"CONTENT_TYPE": "application/json"}, "UNSUPPORTED_MEDIA_TYPE", "Client", 415
    ),
    "brotli": (GOOD, {"HTTP_CONTENT_ENCODING": "br"}, "UNSUPPORTED_MEDIA_TYPE", "Client", 415),
    "a charset that is none": (
        GOOD, {"CONTENT_TYPE": "text/xml; charset=utf-7"}, "ENCODING_UNSUPPORTED", "Client", 500
    ),
    "UTF-32": (
        GOOD.replace("UTF-8", "UTF-32").encode("utf-32"),
        {"CONTENT_TYPE": "text/xml"}, "ENCODING_UNSUPPORTED", "Client", 500,
    ),
    "a DTD": (
        GOOD.replace("?>", "?><!DOCTYPE a>", 1), {}, "DTD_FORBIDDEN", "Client", 500
    ),
    "a processing instruction": (
        GOOD.replace("<soap:Body>", "<?p i?><soap:Body>"), {}, "MALFORMED_XML", "Client", 500
    ),
    "an empty body": ("", {}, "MALFORMED_XML", "Client", 500),
    "text": ("hello", {}, "MALFORMED_XML", "Client", 500),
    "half an envelope": (GOOD[: len(GOOD) // 2], {}, "MALFORMED_XML", "Client", 500),
    "something behind": (GOOD + "<x/>", {}, "MALFORMED_XML", "Client", 500),
    "no envelope": (place_booking(), {}, "MALFORMED_XML", "Client", 500),
    "an empty Body": (envelope(""), {}, "MALFORMED_XML", "Client", 500),
    "two elements": (envelope(place_booking() * 2), {}, "MALFORMED_XML", "Client", 500),
    "an unknown operation": (
        envelope('<x:Drop xmlns:x="urn:x"/>'), {}, "UNKNOWN_OPERATION", "Client", 500
    ),
    "an operation of another namespace": (
        GOOD.replace(TICKETING, "urn:lupu:ticketing:2"), {}, "UNKNOWN_OPERATION", "Client", 500
    ),
    "a message that is no operation": (
        envelope('<c:GetOutcome xmlns:c="urn:lupu:common:1"/>'),
        {}, "UNKNOWN_OPERATION", "Client", 500,
    ),
    "mustUnderstand": (
        header('<x:Y xmlns:x="urn:x" soap:mustUnderstand="1"/>'),
        {}, "MUST_UNDERSTAND", "MustUnderstand", 500,
    ),
    "a ReplyTo elsewhere": (
        header(f'<a:ReplyTo xmlns:a="{WSA}"><a:Address>http://10.0.0.1/</a:Address></a:ReplyTo>'),
        {}, "ADDRESSING_UNSUPPORTED", "Client", 500,
    ),
    "a FaultTo elsewhere": (
        header(f'<a:FaultTo xmlns:a="{WSA}"><a:Address>http://10.0.0.1/</a:Address></a:FaultTo>'),
        {}, "ADDRESSING_UNSUPPORTED", "Client", 500,
    ),
    "a schema that is broken": (
        envelope(place_booking(quantity="two")), {}, "SCHEMA_INVALID", "Client", 500
    ),
    "a schema that is broken, SOAP 1.2": (
        envelope_12(place_booking(quantity=0)), TYPE_12, "SCHEMA_INVALID", "Sender", 500
    ),
    "an RPC-encoded array": (
        GOOD.replace(
            "<t:Lines>",
            '<t:Lines xmlns:e="http://schemas.xmlsoap.org/soap/encoding/" e:arrayType="x[9]">',
        ),
        {}, "SCHEMA_INVALID", "Client", 500,
    ),
    "nil where a value must be": (
        GOOD.replace(
            "<t:Kind>INDIVIDUAL</t:Kind>",
            '<t:Kind xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>',
        ),
        {}, "SCHEMA_INVALID", "Client", 500,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_refused_by_a_proper_fault(world: World, name: str) -> None:
    """Each has its code, its SOAP fault code, its HTTP status; nothing is sent inside."""
    body, headers, code, soap_code, status = REFUSED[name]
    before = len(world.seen)
    answer = world.post(body, **headers)
    refused = fault(answer)
    assert (refused.element, refused.code, answer.status) == ("InvalidRequest", code, status)
    assert refused.fault_code == soap_code
    assert refused.values["Retryable"] is False
    assert len(world.seen) == before


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "GET", "BREW", "TRACE"])
def test_other_methods_are_405_with_a_fault(world: World, method: str) -> None:
    """Only POST is allowed, and the answer says so in its Allow header."""
    answer = world.open(method, "/soap/ticketing")
    assert answer.status == 405
    assert "POST" in answer.headers["Allow"]
    assert fault(answer).code == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize(
    "path", ["/", "/soap", "/soap/ticketing/more", "/soap/ticketing/xsd/..%2fwsdl", "/%00"]
)
def test_other_addresses_are_404_with_a_fault(world: World, path: str) -> None:
    """Nothing else is served, and no path leads out of the contract."""
    answer = world.open("GET", path)
    assert answer.status == 404
    fault(answer)


def test_a_body_of_the_limit_is_read_and_one_beyond_is_413(world: World) -> None:
    """256 kB pass the size check; a byte more is TOO_LARGE, with and without a length."""
    limit_bytes = 262_144
    padding = " " * (limit_bytes - len(GOOD.encode()))
    assert document(world.post(GOOD + padding))["Status"] == "DONE"
    answer = world.post(GOOD + padding + " ")
    assert (fault(answer).code, answer.status) == ("TOO_LARGE", 413)
    chunked = world.post(GOOD + padding + " ", CONTENT_LENGTH=None)
    assert (fault(chunked).code, chunked.status) == ("TOO_LARGE", 413)
    bomb = gzip.compress(b" " * 10_000_000)
    answer = world.post(bomb, HTTP_CONTENT_ENCODING="gzip")
    assert (fault(answer).code, answer.status) == ("TOO_LARGE", 413)


def test_a_sender_fault_of_soap_12_is_400_where_it_is_set(tmp_path: Path) -> None:
    """The standard's 400 is a setting; SOAP 1.1 and the receiver's faults stay 500."""
    with gateway(tmp_path, sender_fault_status=400) as world:
        assert world.post(envelope_12(place_booking(quantity=0)), **TYPE_12).status == 400
        assert world.post(envelope(place_booking(quantity=0))).status == 500
        world.broker.up = False
        assert world.post(GOOD_12, **TYPE_12).status == 500


def test_answers_come_in_the_version_that_was_asked(world: World) -> None:
    """SOAP 1.1 is answered in 1.1 and 1.2 in 1.2, faults included, with their media types."""
    for body, headers, namespace, media in (
        (GOOD, TYPE_11, SOAP_11, "text/xml"),
        (GOOD_12, TYPE_12, SOAP_12, "application/soap+xml"),
        (envelope("<x/>"), TYPE_11, SOAP_11, "text/xml"),
        (envelope_12("<x/>"), TYPE_12, SOAP_12, "application/soap+xml"),
    ):
        answer = world.post(body, **headers)
        assert f'"{namespace}"'.encode() in answer.body
        assert answer.headers["Content-Type"].startswith(media)
