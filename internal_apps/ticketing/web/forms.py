"""The booking form: what was typed, what is wrong with it, what becomes of it in a message."""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from internal_apps.ticketing.domain import Booking

KINDS = ("INDIVIDUAL", "GROUP")
LINES_MAX = 20
QUANTITY_MAX = 9_999
NAME_CHARACTERS_MAX = 100

_TELEPHONE = re.compile(r"\+?[0-9 ()-]{4,30}")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,180}")
_DAY = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?")


def sentence(text: str) -> str:
    """Mark a text for translation; the page translates it."""
    return text


@dataclass(slots=True)
class LineFields:
    """One line as typed, with what is wrong by field."""

    ticket_type: str = ""
    day: str = ""
    quantity: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def is_blank(self) -> bool:
        """Whether nothing was typed that asks for a ticket."""
        return not (self.ticket_type or self.day)

    def check(self, types: Sequence[str]) -> None:
        """Note what is wrong with the line."""
        if self.ticket_type not in types:
            self.errors["ticket_type"] = sentence("Choose a ticket type.")
        if read_day(self.day) is None:
            self.errors["day"] = sentence("Write the day as 2010-05-01.")
        if not (self.quantity.isascii() and self.quantity.isdigit()):
            self.errors["quantity"] = sentence("Write how many tickets, as a number.")
        elif not 1 <= int(self.quantity[:9]) <= QUANTITY_MAX:
            self.errors["quantity"] = sentence("At least one ticket, at most 9,999.")


@dataclass(slots=True)
class BookingForm:
    """A booking as typed, with what is wrong by field; ``token`` is its own request reference."""

    token: str
    kind: str = "INDIVIDUAL"
    name: str = ""
    telephone: str = ""
    email: str = ""
    version: int = 0
    was: str = ""
    lines: list[LineFields] = field(default_factory=lambda: [LineFields(quantity="1")])
    errors: dict[str, str] = field(default_factory=dict)

    def is_right(self, types: Sequence[str]) -> bool:
        """Note whatever is wrong; return whether nothing is."""
        self.lines = [line for line in self.lines if not line.is_blank] or self.lines[:1]
        for line in self.lines:
            line.check(types)
        if self.kind not in KINDS:
            self.errors["kind"] = sentence("Choose individual or group.")
        if not self.name or not _is_plain(self.name, NAME_CHARACTERS_MAX):
            self.errors["name"] = sentence("Write the name, at most 100 characters.")
        if _TELEPHONE.fullmatch(self.telephone) is None:
            self.errors["telephone"] = sentence("Write the number in digits, at least four.")
        if self.email and _EMAIL.fullmatch(self.email) is None:
            self.errors["email"] = sentence("This is not an e-mail address; leave it empty.")
        return not self.errors and not any(line.errors for line in self.lines)

    def state(self) -> str:
        """Return all that is typed as one text, to know later what was touched."""
        return json.dumps([self.name, self.telephone, self.email, self.lines_text()])

    def lines_text(self) -> list[list[str]]:
        """Return what the lines say."""
        return [
            [line.ticket_type, str(read_day(line.day)), line.quantity.lstrip("0")]
            for line in self.lines
        ]

    def bring_up_to_date(self, present: "BookingForm") -> None:
        """Take over what others changed where nothing else was typed."""
        name, telephone, email, lines = _read_state(self.was) or [None] * 4
        for field_name, before in (("name", name), ("telephone", telephone), ("email", email)):
            if getattr(self, field_name) == before:
                setattr(self, field_name, getattr(present, field_name))
        if self.lines_text() == lines:
            self.lines = present.lines
        self.version, self.was = present.version, present.state()

    def contact(self) -> dict[str, Any]:
        """Return the contact as the message has it."""
        values: dict[str, Any] = {"Name": self.name, "Telephone": self.telephone}
        return {**values, "Email": self.email} if self.email else values

    def wanted(self) -> dict[str, Any]:
        """Return the lines as the message has them."""
        return {
            "Line": [
                {
                    "TicketType": line.ticket_type,
                    "Day": read_day(line.day),
                    "Quantity": int(line.quantity),
                }
                for line in self.lines
            ]
        }


def read_form(fields: Mapping[str, Sequence[str]], token: str) -> BookingForm:
    """Return what was typed, as far as it is a booking form's."""
    columns = [fields.get(name, []) for name in ("ticket_type", "day", "quantity")]
    rows = [
        LineFields(_narrow(ticket_type, 30), _narrow(day, 12), _narrow(quantity, 12))
        for ticket_type, day, quantity in zip(*columns, strict=False)
    ]
    version = _first(fields, "version")
    return BookingForm(
        token,
        kind=_first(fields, "kind") or KINDS[0],
        name=_cleaned(_first(fields, "name"), 2 * NAME_CHARACTERS_MAX),
        telephone=_narrow(_first(fields, "telephone"), 80),
        email=_cleaned(_first(fields, "email"), 300),
        was=_first(fields, "was"),
        version=int(version) if re.fullmatch(r"[0-9]{1,9}", version) else 0,
        lines=rows[:LINES_MAX] or [LineFields(quantity="1")],
    )


def form_of(booking: Booking, token: str) -> BookingForm:
    """Return the form that changes a booking, filled with what it is now."""
    form = BookingForm(
        token,
        kind=booking.kind,
        name=booking.contact.name,
        telephone=booking.contact.telephone,
        email=booking.contact.email,
        version=booking.version,
        lines=[
            LineFields(line.ticket_type, line.day.isoformat(), str(line.quantity))
            for line in booking.lines
        ],
    )
    form.was = form.state()
    return form


def form_of_values(values: Mapping[str, Any], token: str) -> BookingForm:
    """Return the form that a PlaceBooking was made from."""
    contact = values["Contact"]
    return BookingForm(
        token,
        kind=values["Kind"],
        name=contact["Name"],
        telephone=contact["Telephone"],
        email=contact.get("Email") or "",
        lines=[
            LineFields(line["TicketType"], line["Day"].isoformat(), str(line["Quantity"]))
            for line in values["Lines"]["Line"]
        ],
    )


def read_day(text: str) -> date | None:
    """Return a day written as 2010-05-01, 2010/5/1, 20100501 or 2010年5月1日."""
    match = _DAY.fullmatch("".join(text.split()))
    if match is None:
        return None
    try:
        return date(*(int(part) for part in match.groups()))
    except ValueError:
        return None


def _read_state(text: str) -> list[Any] | None:
    try:
        state = json.loads(text)
    except ValueError:
        return None
    parts = 4  # name, telephone, e-mail, lines
    return state if isinstance(state, list) and len(state) == parts else None


def _first(fields: Mapping[str, Sequence[str]], name: str) -> str:
    values = fields.get(name) or [""]
    return values[0]


def _cleaned(text: str, characters_max: int) -> str:
    return " ".join(text.split())[:characters_max]


def _narrow(text: str, characters_max: int) -> str:
    # Digits typed with a Chinese input method come in full width.
    return _cleaned(unicodedata.normalize("NFKC", text), characters_max)


def _is_plain(text: str, characters_max: int) -> bool:
    # Two bytes in UTF-16 or four, a character is one character here.
    return len(text) <= characters_max and text.isprintable()
