"""The three views of the WSDL: what WS-I asks of them, and what other stacks make of them."""

import io
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
import zeep
from lxml import etree
from suds.client import Client as SudsClient
from suds.transport import Request, Transport

from adapters.soap.wsdl import Contract

PUBLIC_URL = "https://agents.example:8443"
ADDRESS = f"{PUBLIC_URL}/soap/ticketing"
VIEWS = ("wsdl", "singleWsdl", "wsdl11")
OPERATIONS = {
    "ListOffers",
    "PlaceBooking",
    "GetBooking",
    "ChangeBooking",
    "ConfirmBooking",
    "CancelBooking",
}
FAULTS = {"InvalidRequest", "NotAccepted", "OutcomeUnknown", "Refused"}
TICKETING = "urn:lupu:ticketing:1"
COMMON = "urn:lupu:common:1"
DETAIL = [
    "Code",
    "SentenceEn",
    "SentenceZh",
    "Retryable",
    "RetryAfterSeconds",
    "WhatToDoEn",
    "WhatToDoZh",
]

W = "{http://schemas.xmlsoap.org/wsdl/}"
XS = "{http://www.w3.org/2001/XMLSchema}"
SOAP_12 = "http://schemas.xmlsoap.org/wsdl/soap12/"
CONTRACT = Contract(PUBLIC_URL + "/")


def served(url: str) -> bytes:
    """Return what the gateway serves at an address."""
    found = urlsplit(url)
    if found.path == "/soap/ticketing":
        document = CONTRACT.view(found.query)
    else:
        document = CONTRACT.schema(found.path.removeprefix("/soap/ticketing/xsd/"))
    assert document is not None, url
    return document


class ZeepTransport(zeep.Transport):
    """Hands zeep what the gateway would serve."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def load(self, url: str) -> bytes:
        """Return the document at ``url``."""
        return served(url)


class SudsTransport(Transport):  # type: ignore[misc]
    """Hands suds what the gateway would serve."""

    def open(self, request: Request) -> io.BytesIO:
        """Return the document at the request's address."""
        return io.BytesIO(served(request.url))


@pytest.fixture(params=VIEWS)
def view(request: pytest.FixtureRequest) -> str:
    """Offer the name of each view."""
    return str(request.param)


@pytest.fixture
def root(view: str) -> etree._Element:
    """Offer the document of each view."""
    return etree.fromstring(served(f"{ADDRESS}?{view}"))


def bindings(root: etree._Element) -> list[etree._Element]:
    """Return the bindings of a document."""
    return root.findall(f"{W}binding")


def test_every_message_is_one_element(root: etree._Element) -> None:
    """WS-I R2201, R2204: a message has one part, and the part names a global element."""
    for message in root.findall(f"{W}message"):
        (part,) = message.findall(f"{W}part")
        assert set(part.attrib) == {"name", "element"}
        assert re.fullmatch("[ct]:[A-Za-z]+", part.get("element", ""))


def test_wire_signatures_differ(root: etree._Element) -> None:
    """WS-I R2710: the first element of the Body tells the operation, without SOAPAction."""
    parts = {
        message.get("name"): message[0].get("element") for message in root.findall(f"{W}message")
    }
    inputs = [
        parts[node.get("message", "").removeprefix("t:")]
        for node in root.findall(f"{W}portType/{W}operation/{W}input")
    ]
    assert sorted(str(name) for name in inputs) == sorted(f"t:{name}" for name in OPERATIONS)


def test_bindings_are_document_literal_over_http(root: etree._Element) -> None:
    """WS-I R2702, R2705, R2706, R2716: document, literal, no namespace on body and fault."""
    for binding in bindings(root):
        assert binding[0].get("transport") == "http://schemas.xmlsoap.org/soap/http"
        assert {node.get("style") for node in binding.iter("{*}operation")} <= {"document", None}
        inner = [*binding.iter("{*}body"), *binding.iter(f"{{{SOAP_12}}}fault")]
        assert {node.get("use") for node in inner} == {"literal"}
        assert not [node for node in binding.iter() if node.get("namespace") is not None]
        assert not [node for node in binding.iter() if node.get("parts") is not None]


def test_bindings_have_the_operations_of_the_port_type(root: etree._Element) -> None:
    """WS-I R2718: the same operations, each with its action."""
    (port_type,) = root.findall(f"{W}portType")
    assert {node.get("name") for node in port_type.findall(f"{W}operation")} == OPERATIONS
    for binding in bindings(root):
        actions = {
            str(node.get("name")): node[0].get("soapAction")
            for node in binding.findall(f"{W}operation")
        }
        assert actions == {name: f"{TICKETING}/{name}" for name in OPERATIONS}


def test_every_operation_declares_every_fault(root: etree._Element) -> None:
    """WS-I R2721, R2754: four faults on each operation, under one name in every place."""
    for node in root.findall(f"{W}portType/{W}operation"):
        assert {fault.get("name") for fault in node.findall(f"{W}fault")} == FAULTS
    for binding in bindings(root):
        for node in binding.findall(f"{W}operation"):
            faults = node.findall(f"{W}fault")
            assert {fault.get("name") for fault in faults} == FAULTS
            assert [fault[0].get("name") for fault in faults] == [f.get("name") for f in faults]


def test_schemas_are_found(root: etree._Element, view: str) -> None:
    """WS-I R2001, R2105: no relative import, every schema with content has its namespace."""
    assert root.find(f"{W}import") is None
    schemas = root.findall(f"{W}types/{XS}schema")
    if view == "wsdl":
        locations = [node.get("schemaLocation", "") for node in root.iter(f"{XS}import")]
        schemas = [etree.fromstring(served(location)) for location in locations]
    assert not [node for schema in schemas for node in schema if node.tag == f"{XS}include"]
    assert {schema.get("targetNamespace") for schema in schemas} == {TICKETING, COMMON}
    for schema in schemas:
        etree.XMLSchema(etree.fromstring(etree.tostring(schema)))


def test_old_stacks_find_no_word_of_soap_12() -> None:
    """The view for SOAP 1.1 does not even declare the other binding's namespace."""
    document = served(f"{ADDRESS}?wsdl11")
    assert SOAP_12.encode() not in document
    assert b"Soap12" not in document
    assert len(bindings(etree.fromstring(document))) == 1


def test_documents_are_utf_8_without_a_document_type(view: str) -> None:
    """WS-I R1008, R1012, R4003: UTF-8, no DTD, no comment that some stack stumbles over."""
    document = served(f"{ADDRESS}?{view}")
    assert document.startswith(b"<?xml version='1.0' encoding='UTF-8'?>")
    assert b"<!" not in document


@pytest.mark.parametrize("query", ["", "wsdl12", "wsdl=1", "xsd"])
def test_there_are_no_other_views(query: str) -> None:
    """An unknown view is none."""
    assert CONTRACT.view(query) is None


def test_zeep_has_every_operation_and_fault(view: str) -> None:
    """Zeep makes a typed model of each view: both versions, all operations, all faults."""
    client = zeep.Client(f"{ADDRESS}?{view}", transport=ZeepTransport())
    ports = client.wsdl.services["TicketingService"].ports
    assert len(ports) == (1 if view == "wsdl11" else 2)
    for port in ports.values():
        assert port.binding_options["address"] == ADDRESS
        made = port.binding.all()
        assert set(made) == OPERATIONS
        for name, operation in made.items():
            assert operation.input.body.qname == f"{{{TICKETING}}}{name}"
            assert operation.output.body.qname == f"{{{TICKETING}}}{name}Response"
            assert set(operation.faults) == FAULTS
    for fault in FAULTS:
        detail = client.get_element(f"{{{COMMON}}}{fault}")
        assert [name for name, _ in detail.type.elements] == DETAIL
    answer = client.get_type(f"{{{TICKETING}}}BookingAnswer")
    assert [name for name, _ in answer.elements][-2:] == ["Booking", "BookingAsOf"]


def test_suds_has_every_operation_and_fault(view: str) -> None:
    """Suds makes a typed model of each view: all operations, all faults, their fields."""
    client = SudsClient(f"{ADDRESS}?{view}", transport=SudsTransport(), cache=None)
    (service,) = client.wsdl.services
    methods: dict[str, Any] = service.ports[0].methods
    assert {str(name) for name in methods} == OPERATIONS
    for method in methods.values():
        assert {str(fault.name) for fault in method.soap.faults} == FAULTS
    for fault in FAULTS:
        assert client.factory.create(f"{{{COMMON}}}{fault}").__keylist__ == DETAIL
    assert "Booking" in client.factory.create(f"{{{TICKETING}}}BookingAnswer").__keylist__
