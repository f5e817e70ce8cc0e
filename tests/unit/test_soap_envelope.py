"""Reading SOAP requests: what old and new stacks send is taken."""

import pytest
from lxml import etree

from adapters.soap.envelope import form_for
from adapters.soap.forms import SoapVersion
from adapters.xml import Schemas
from hub.messages import TICKETING
from tests.unit.soap_messages import (
    ACTION,
    ASKED,
    XML_11,
    XML_12,
    envelope,
    envelope_12,
    read,
    refused,
)


@pytest.mark.parametrize("content_type", ["text/xml", XML_11, 'Text/XML; Charset="UTF-8"'])
def test_reads_version_11(content_type: str) -> None:
    """A SOAP 1.1 request is read, however its Content-Type is written."""
    request = read(envelope(), content_type)
    assert request.form.version is SoapVersion.SOAP_11
    assert request.operation == "GetBooking"
    assert request.element.tag == f"{{{TICKETING}}}GetBooking"
    assert request.answer_action == f"{ACTION}Response"


def test_reads_version_12() -> None:
    """A SOAP 1.2 request is read."""
    assert read(envelope_12(), XML_12).form.version is SoapVersion.SOAP_12


@pytest.mark.parametrize("action", [None, "", '""', ACTION, f'"{ACTION}"', f' "{ACTION}" '])
def test_takes_any_way_to_write_the_action(action: str | None) -> None:
    """SOAPAction may be quoted, unquoted, empty or missing."""
    assert read(envelope(), XML_11, action).operation == "GetBooking"


def test_refuses_another_action() -> None:
    """A SOAPAction of another operation is the caller's mistake."""
    wrong = f'"{TICKETING}/PlaceBooking"'
    assert refused(envelope(), XML_11, wrong).code == "ACTION_MISMATCH"


@pytest.mark.parametrize(
    ("action", "taken"), [(ACTION, True), ("", True), (f"{TICKETING}/PlaceBooking", False)]
)
def test_action_of_version_12_is_in_the_content_type(action: str, taken: bool) -> None:  # noqa: FBT001
    """SOAP 1.2 names its action in the Content-Type; a SOAPAction header does not count."""
    content_type = f'{XML_12}; action="{action}"'
    if taken:
        assert read(envelope_12(), content_type, '"urn:old"').operation == "GetBooking"
    else:
        assert refused(envelope_12(), content_type).code == "ACTION_MISMATCH"


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (envelope_12(), XML_11, "VERSION_MISMATCH"),
        (envelope(), XML_12, "VERSION_MISMATCH"),
        (envelope(namespace="urn:soap:13"), XML_11, "VERSION_MISMATCH"),
        (envelope(), "application/xml", "UNSUPPORTED_MEDIA_TYPE"),
        (envelope(), "application/json", "UNSUPPORTED_MEDIA_TYPE"),
        (envelope(), "", "UNSUPPORTED_MEDIA_TYPE"),
        (envelope(), "nonsense", "UNSUPPORTED_MEDIA_TYPE"),
        ("", XML_11, "MALFORMED_XML"),
        ("not xml", XML_11, "MALFORMED_XML"),
        (envelope()[:-5], XML_11, "MALFORMED_XML"),
        (envelope() + "behind", XML_11, "MALFORMED_XML"),
        (ASKED, XML_11, "MALFORMED_XML"),
        ('<Envelope xmlns=""><Body/></Envelope>', XML_11, "VERSION_MISMATCH"),
        (envelope(""), XML_11, "MALFORMED_XML"),
        (envelope("text"), XML_11, "MALFORMED_XML"),
        (envelope(ASKED + ASKED), XML_11, "MALFORMED_XML"),
        (envelope(ASKED + "text"), XML_11, "MALFORMED_XML"),
        (envelope("<GetBooking/>"), XML_11, "UNKNOWN_OPERATION"),
        (envelope('<a:GetBooking xmlns:a="urn:x"/>'), XML_11, "UNKNOWN_OPERATION"),
        (envelope(f'<a:Refused xmlns:a="{TICKETING}"/>'), XML_11, "UNKNOWN_OPERATION"),
        ("<?pi x?>" + envelope(), XML_11, "MALFORMED_XML"),
        (envelope() + "<?pi x?>", XML_11, "MALFORMED_XML"),
        (envelope(ASKED + "<?pi x?>"), XML_11, "MALFORMED_XML"),
        ("<!DOCTYPE a>" + envelope(), XML_11, "DTD_FORBIDDEN"),
        (envelope(on_body=' s:encodingStyle="urn:x"'), XML_11, "SCHEMA_INVALID"),
    ],
)
def test_refuses_what_is_not_soap(body: str, content_type: str, code: str) -> None:
    """Each thing that is no SOAP request is refused by its own code."""
    assert refused(body, content_type).code == code


def test_refuses_a_body_that_is_not_last() -> None:
    """Header and Body stand in their order, once each."""
    whole = envelope(header="<a/>")
    head, _, rest = whole.partition("<s:Header><a/></s:Header>")
    body = rest.partition("</s:Envelope>")[0]
    end = "</s:Envelope>"
    for strange in (head + body + body + end, head + body + "<s:Header/>" + end, head + end):
        assert refused(strange).code == "MALFORMED_XML"


def test_answers_in_the_form_of_whoever_asked() -> None:
    """A refusal says in which version to answer: that of the Content-Type."""
    for body, content_type, version in (
        (envelope_12(), XML_11, SoapVersion.SOAP_11),
        (envelope(), XML_12, SoapVersion.SOAP_12),
        ("<", XML_12, SoapVersion.SOAP_12),
    ):
        form = refused(body, content_type).form
        assert form is not None
        assert form.version is version
    assert form_for("nonsense").version is SoapVersion.SOAP_11
    assert form_for(XML_12).version is SoapVersion.SOAP_12


@pytest.mark.parametrize(
    ("value", "taken"), [("1", False), ("true", False), ("0", True), ("false", True), ("", True)]
)
def test_refuses_headers_it_must_understand(value: str, taken: bool) -> None:  # noqa: FBT001
    """An unknown header that must be understood is refused, and named."""
    header = f'<x:Price xmlns:x="urn:x" s:mustUnderstand="{value}"/>'
    if taken:
        assert read(envelope(header=header)).security is None
    else:
        assert refused(envelope(header=header)).not_understood == ("{urn:x}Price",)
        assert refused(envelope_12(header=header), XML_12).code == "MUST_UNDERSTAND"


def test_leaves_headers_for_others_alone() -> None:
    """What another actor must understand is not for us to understand."""
    header = '<x:a xmlns:x="urn:x" s:mustUnderstand="1" s:actor="urn:them"/>'
    assert read(envelope(header=header)).operation == "GetBooking"
    ours = header.replace("urn:them", "http://schemas.xmlsoap.org/soap/actor/next")
    assert refused(envelope(header=ours)).code == "MUST_UNDERSTAND"


def test_understands_security() -> None:
    """wsse:Security may be marked mustUnderstand, qualified or not; two are refused."""
    oasis = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
    start = f'<w:Security xmlns:w="{oasis}" '
    for mark in ('s:mustUnderstand="1"', 'mustUnderstand="true"'):
        security = read(envelope(header=f"{start}{mark}/>")).security
        assert security is not None
    twice = f"{start}/>{start}/>"
    assert refused(envelope(header=twice)).code == "MALFORMED_XML"


def test_takes_perls_encoding_style() -> None:
    """SOAP::Lite names an encodingStyle on the Envelope and types on leaves; both are dropped."""
    encoding = ' s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"'
    typed = ASKED.replace(
        "<t:BookingReference>",
        '<t:BookingReference xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
        'xmlns:d="http://www.w3.org/2001/XMLSchema" i:type="d:string">',
    )
    request = read(envelope(typed, on_envelope=encoding))
    Schemas().validate(request.element)
    document = etree.tostring(request.element)
    assert b"type" not in document
    assert Schemas().digest(f"{{{TICKETING}}}GetBooking", document) == Schemas().digest(
        f"{{{TICKETING}}}GetBooking", ASKED.encode()
    )
