"""Agencies for load: a plain one, and one that uses zeep; both tell what they were told alike."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol
from xml.etree.ElementTree import ParseError, fromstring
from xml.sax.saxutils import escape

import requests
from zeep.exceptions import Error

from tests.clients import zeep_client
from tests.clients.job import SOAP_11, TEXT, Job
from tests.servers.agency import NO_ANSWER, PlainAgency
from tests.servers.system import System

Values = dict[str, Any]
# The code, and what a booking was said to be.
Answer = tuple[str, Values]
TELEPHONE = "021 5888 1234"
_NAMESPACE = "{urn:lupu:ticketing:1}"


class Client(Protocol):
    """Asks one thing at a time."""

    name: str

    def ask(self, operation: str, values: Values) -> Answer:
        """Send a request once; NO_ANSWER where the connection breaks."""


@dataclass(frozen=True, slots=True)
class Agency:
    """Who asks."""

    number: str
    password: str


class Plain:
    """SOAP as text over one connection."""

    name = "plain"

    def __init__(self, system: System, agency: Agency, wait_seconds: float) -> None:
        self._agency = PlainAgency(
            system.port, system.ca_file, agency.number, agency.password, wait_seconds
        )

    def ask(self, operation: str, values: Values) -> Answer:
        """Send a request once."""
        told = self._sending(operation, values)()
        return told.code, booking_of(told.text) if told.code == "DONE" else {}

    def _sending(self, operation: str, values: Values) -> Callable[[], Any]:
        agency, reference = self._agency, values.get("reference", "")
        if operation == "GetBooking":
            return lambda: agency.booking(values["booking"])
        if operation == "PlaceBooking":
            ticket_type, day, quantity = values["line"]
            return lambda: agency.place(
                *(reference, ticket_type, date.fromisoformat(day), quantity),
                name=escape(values["name"]),
                telephone=TELEPHONE,
            )
        if operation == "ChangeBooking":
            ticket_type, day, quantity = values["line"]
            line = (ticket_type, date.fromisoformat(day), quantity)
            return lambda: agency.change(reference, values["booking"], values["version"], line)
        return lambda: agency.versioned(operation, reference, values["booking"], values["version"])


def booking_of(text: str) -> Values:
    """Return what an answer says of its booking."""
    # Told text that is no XML is an answer to be found wrong, not a reason to end.
    try:
        found = fromstring(text).find(f".//{_NAMESPACE}Booking")  # noqa: S314  ours
    except ParseError:
        return {"unreadable": text[:200]}
    if found is None:
        return {}

    def said(path: str) -> str:
        return found.findtext("/".join(_NAMESPACE + part for part in path.split("/"))) or ""

    line = [said(f"Lines/Line/{name}") for name in ("TicketType", "Day", "Quantity")]
    return {
        "booking": said("BookingReference"),
        "version": int(said("Version")),
        "state": said("State"),
        "placed_as": said("PlacedAs"),
        "name": said("Contact/Name"),
        "line": [line[0], line[1], int(line[2])],
        "total": int(said("TotalFen")),
    }


class Zeep:
    """zeep, made from the WSDL."""

    name = "zeep"

    def __init__(self, system: System, agency: Agency, wait_seconds: float) -> None:
        nothing = dict.fromkeys(("certificate", "key", "signing_certificate", "signing_key"), "")
        job = Job(
            url=system.base_url,
            ca_file=str(system.ca_file),
            soap=SOAP_11,
            sign_in=TEXT,
            user=agency.number,
            password=agency.password,
            calls=[],
            **nothing,
        )
        self._call = zeep_client.client(job, wait_seconds)

    def ask(self, operation: str, values: Values) -> Answer:
        """Send a request once."""
        try:
            outcome = self._call(operation, _named(operation, values))
        except (requests.RequestException, Error):
            return NO_ANSWER, {}
        if "detail" in outcome:
            return str(outcome["detail"]["Code"]), {}
        answer = outcome.get("answer")
        if answer is None:
            return NO_ANSWER, {}
        return answer["Status"], _values(answer["Booking"]) if answer["Booking"] else {}


def _named(operation: str, values: Values) -> Values:
    """Return the values under the names of the contract."""
    if operation == "GetBooking":
        return {"BookingReference": values["booking"]}
    named: Values = {"RequestReference": values["reference"]}
    if "booking" in values:
        named |= {"BookingReference": values["booking"], "Version": values["version"]}
    if operation == "PlaceBooking":
        contact = {"Name": values["name"], "Telephone": TELEPHONE}
        named |= {"Kind": "INDIVIDUAL", "Contact": contact}
    if "line" in values:
        ticket_type, day, quantity = values["line"]
        line = {"TicketType": ticket_type, "Day": date.fromisoformat(day), "Quantity": quantity}
        named["Lines"] = {"Line": [line]}
    return named


def _values(booking: Values) -> Values:
    (line,) = booking["Lines"]["Line"]
    return {
        "booking": booking["BookingReference"],
        "version": booking["Version"],
        "state": booking["State"],
        "placed_as": booking["PlacedAs"],
        "name": booking["Contact"]["Name"],
        "line": [line["TicketType"], str(line["Day"]), line["Quantity"]],
        "total": booking["TotalFen"],
    }
