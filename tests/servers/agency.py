"""A plain agency for load: SOAP as text over one HTTPS connection, answers as codes."""

import http.client
import re
import ssl
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

_WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_ENVELOPE = """<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header>\
<w:Security xmlns:w="{wsse}"><w:UsernameToken><w:Username>{user}</w:Username>\
<w:Password>{password}</w:Password></w:UsernameToken></w:Security></s:Header>\
<s:Body>{body}</s:Body></s:Envelope>"""

NO_ANSWER = "NO_ANSWER"
# Whom a booking is for where nothing else is said.
NAME, TELEPHONE = "王小明", "021 5888 1234"


@dataclass(frozen=True, slots=True)
class Told:
    """What a client was told: DONE with a booking, a status, or a fault's code."""

    code: str
    booking: str = ""
    version: int = 0
    text: str = field(default="", repr=False)


class PlainAgency:
    """One connection of one agency; not for use by several threads."""

    def __init__(
        self, port: int, ca_file: Path, user: str, password: str, wait_seconds: float = 30.0
    ) -> None:
        self._port = port
        self._ca_file = ca_file
        self._user, self._password = user, password
        self._wait_seconds = wait_seconds
        self._connection: http.client.HTTPSConnection | None = None
        # Sent with each request beside what every one needs; what the last answer had.
        self.headers: dict[str, str] = {}
        self.answered: dict[str, str] = {}

    def place(
        self,
        reference: str,
        ticket_type: str,
        day: date,
        quantity: int = 1,
        *,
        name: str = NAME,
        telephone: str = TELEPHONE,
    ) -> Told:
        """Place a booking."""
        return self.ask(
            f'<PlaceBooking xmlns="urn:lupu:ticketing:1"><RequestReference>{reference}'
            f"</RequestReference><Kind>INDIVIDUAL</Kind><Contact><Name>{name}</Name>"
            f"<Telephone>{telephone}</Telephone></Contact><Lines><Line>"
            f"<TicketType>{ticket_type}</TicketType><Day>{day}</Day>"
            f"<Quantity>{quantity}</Quantity></Line></Lines></PlaceBooking>"
        )

    def change(
        self, reference: str, booking: str, version: int, line: tuple[str, date, int]
    ) -> Told:
        """Give a booking another line."""
        ticket_type, day, quantity = line
        return self.ask(
            f'<ChangeBooking xmlns="urn:lupu:ticketing:1"><RequestReference>{reference}'
            f"</RequestReference><BookingReference>{booking}</BookingReference>"
            f"<Version>{version}</Version><Lines><Line><TicketType>{ticket_type}</TicketType>"
            f"<Day>{day}</Day><Quantity>{quantity}</Quantity></Line></Lines></ChangeBooking>"
        )

    def versioned(self, operation: str, reference: str, booking: str, version: int) -> Told:
        """Confirm or cancel a booking."""
        return self.ask(
            f'<{operation} xmlns="urn:lupu:ticketing:1"><RequestReference>{reference}'
            f"</RequestReference><BookingReference>{booking}</BookingReference>"
            f"<Version>{version}</Version></{operation}>"
        )

    def booking(self, reference: str) -> Told:
        """Read a booking."""
        return self.ask(
            '<GetBooking xmlns="urn:lupu:ticketing:1">'
            f"<BookingReference>{reference}</BookingReference></GetBooking>"
        )

    def answer_to(self, operation: str, reference: str) -> Told:
        """Ask for the outcome of an earlier request."""
        return self.ask(
            '<GetBooking xmlns="urn:lupu:ticketing:1"><AnswerTo>'
            f"<Operation>{operation}</Operation><RequestReference>{reference}"
            "</RequestReference></AnswerTo></GetBooking>"
        )

    def ask(self, body: str) -> Told:
        """Send one request; NO_ANSWER where the connection breaks."""
        envelope = _ENVELOPE.format(
            wsse=_WSSE, user=self._user, password=self._password, body=body
        )
        try:
            text = self._post(envelope.encode())
        except (OSError, http.client.HTTPException):
            self.close()
            return Told(NO_ANSWER)
        return told(text)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _post(self, envelope: bytes) -> str:
        if self._connection is None or self._connection.sock is None:
            # Read for each connection: whom an agency trusts may change while it works.
            context = ssl.create_default_context(cafile=str(self._ca_file))
            self._connection = http.client.HTTPSConnection(
                "localhost", self._port, timeout=self._wait_seconds, context=context
            )
        headers: dict[str, Any] = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
        self._connection.request("POST", "/soap/ticketing", envelope, headers | self.headers)
        answer = self._connection.getresponse()
        self.answered = dict(answer.getheaders())
        return answer.read().decode("utf-8", "replace")


def told(text: str) -> Told:
    """Read what an answer says."""
    status = _first("Status", text)
    if status:
        return Told(
            status,
            _first("BookingReference", text),
            int(_first("Version", text) or 0),
            text,
        )
    return Told(_first("Code", text) or NO_ANSWER, text=text)


def _first(name: str, text: str) -> str:
    match = re.search(rf"<(?:\w+:)?{name}>([^<]*)<", text)
    return match[1] if match else ""
