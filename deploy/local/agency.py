"""A scripted travel agency: books through SOAP with zeep, as an agency's own program would."""

import time
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import requests
from zeep import Client, Settings, Transport
from zeep.exceptions import Fault
from zeep.wsse.username import UsernameToken

SAMPLE = Path(__file__).with_name("sample-bookings.toml")
ANSWER_SECONDS_MAX = 30.0


@dataclass(frozen=True, slots=True)
class Agency:
    """Who books: its number and password and, with TLS, its certificate and whom it trusts."""

    number: str
    password: str
    certificate: Path | None = None
    key: Path | None = None
    authority: Path | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """One request and what came back; ``booking`` is empty where the answer has none."""

    ask: str
    remark: str
    reference: str
    answer: str
    milliseconds: float
    booking: Mapping[str, Any] = field(default_factory=dict)
    refused: bool = False


class Scripted:
    """Asks what a sample file says, one step after the other."""

    def __init__(self, agency: Agency, wsdl: str, opening: date, sample: Path = SAMPLE) -> None:
        session = requests.Session()
        # The machine's own proxy settings have no say in how the agency reaches the gateway.
        session.trust_env = False
        if agency.authority is not None:
            session.verify = str(agency.authority)
            session.cert = (str(agency.certificate), str(agency.key))
        self._session = session
        self._client = Client(
            wsdl,
            transport=Transport(session=session, operation_timeout=ANSWER_SECONDS_MAX),
            wsse=UsernameToken(agency.number, agency.password),
            settings=Settings(forbid_dtd=True),
        )
        self._opening = opening
        self._steps = tomllib.loads(sample.read_text("utf-8"))["step"]
        self._bookings: dict[str, Mapping[str, Any]] = {}

    def run(self) -> Iterator[Asked]:
        """Yield each step's outcome as it happens."""
        for step in self._steps:
            yield self._ask(step)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _ask(self, step: Mapping[str, Any]) -> Asked:
        values, started = self._values(step), time.perf_counter()
        facts = (step["ask"], step["remark"], step.get("reference", ""))
        try:
            answer = getattr(self._client.service, step["ask"])(**values)
        except Fault as fault:
            taken = (time.perf_counter() - started) * 1_000
            return Asked(*facts, _code(fault), taken, refused=True)
        taken = (time.perf_counter() - started) * 1_000
        if step["ask"] == "ListOffers":
            return Asked(*facts, _offers(answer), taken)
        booking = _booking(answer)
        if booking and step.get("reference"):
            self._bookings[step["reference"]] = booking
        if booking and step.get("for"):
            self._bookings[step["for"]] = booking
        return Asked(*facts, str(answer.Status), taken, booking)

    def _values(self, step: Mapping[str, Any]) -> dict[str, Any]:
        if step["ask"] == "ListOffers":
            day = self._day(step["day"])
            return {"TicketType": step["ticket_type"], "FromDay": day, "ToDay": day}
        earlier = self._bookings.get(step.get("for", ""), {})
        if step["ask"] == "GetBooking":
            return {"BookingReference": earlier.get("BookingReference")}
        values: dict[str, Any] = {"RequestReference": step["reference"]}
        if "for" in step:
            values |= {name: earlier.get(name) for name in ("BookingReference", "Version")}
        if "kind" in step:
            contact = {"Name": step["name"], "Telephone": step["telephone"]}
            values |= {"Kind": step["kind"], "Contact": contact}
        if "lines" in step:
            values["Lines"] = {"Line": [self._line(line) for line in step["lines"]]}
        return values

    def _line(self, line: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "TicketType": line["ticket_type"],
            "Day": self._day(line["day"]),
            "Quantity": line["quantity"],
        }

    def _day(self, number: int) -> date:
        return self._opening + timedelta(days=number)


def _booking(answer: Any) -> Mapping[str, Any]:
    booking = answer.Booking
    if booking is None:
        return {}
    names = ("BookingReference", "Version", "State", "TotalFen", "Currency")
    return {name: booking[name] for name in names}


def _offers(answer: Any) -> str:
    offers = answer.Offers.Offer if answer.Offers else []
    left = f", {offers[0].Left:,} left" if offers and offers[0].Left is not None else ""
    return f"{offers[0].PriceFen / 100:.0f} yuan{left}" if offers else "nothing"


def _code(fault: Fault) -> str:
    codes = [] if fault.detail is None else fault.detail.xpath("//*[local-name() = 'Code']/text()")
    return str(codes[0]) if codes else str(fault.message)
