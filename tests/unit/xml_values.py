"""Values of a booking as hypothesis makes them, and the many ways to write the same."""

import dataclasses
import string
from collections.abc import Mapping
from datetime import date
from typing import Any
from xml.sax.saxutils import escape

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from hub.messages import TICKETING

Values = dict[str, Any]

# A busy machine is no fault of what is tested.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

PLACE_BOOKING = f"{{{TICKETING}}}PlaceBooking"
CHANGE_BOOKING = f"{{{TICKETING}}}ChangeBooking"

# The contract's order, of every level.
ORDER = (
    "RequestReference",
    "Kind",
    "PlacedAs",
    "Version",
    "Contact",
    "Name",
    "Telephone",
    "Email",
    "Lines",
    "Line",
    "TicketType",
    "Day",
    "Quantity",
)

_CAPITALS = string.ascii_uppercase
_ALNUM = string.ascii_letters + string.digits
_WORDS = st.builds(
    str.__add__,
    st.sampled_from(_CAPITALS),
    st.text(_CAPITALS + "0123456789_", min_size=1, max_size=29),
)
_REFERENCES = st.text(_ALNUM + "._:-", min_size=1, max_size=64)
_TELEPHONES = st.text("0123456789()-", min_size=4, max_size=30)
_EMAILS = st.text(_ALNUM + "&'<", min_size=1, max_size=64).map(lambda name: f"{name}@a.example")
# What XML 1.0 can carry, of every plane; runs of white space are one space in an xs:token.
_CHARACTERS = st.characters(
    codec="utf-8",
    exclude_categories=("Cs", "Cc"),
    exclude_characters="\ufffe\uffff",
)
NAMES = st.text(_CHARACTERS, max_size=99).map(
    lambda text: " ".join(part for part in f"王{text}".split(" ") if part)
)
DAYS = st.dates(date(1, 1, 1), date(9999, 12, 31))

CONTACTS = st.fixed_dictionaries(
    {"Name": NAMES, "Telephone": _TELEPHONES}, optional={"Email": _EMAILS}
)
LINES = st.fixed_dictionaries(
    {"TicketType": _WORDS, "Day": DAYS, "Quantity": st.integers(1, 9999)}
)
MANY_LINES = st.lists(LINES, min_size=1, max_size=3).map(lambda lines: {"Line": lines})

PLACINGS: st.SearchStrategy[Values] = st.fixed_dictionaries(
    {
        "RequestReference": _REFERENCES,
        "Kind": st.sampled_from(["INDIVIDUAL", "GROUP"]),
        "Contact": CONTACTS,
        "Lines": MANY_LINES,
    }
)
CHANGES: st.SearchStrategy[Values] = st.fixed_dictionaries(
    {
        "RequestReference": _REFERENCES,
        "PlacedAs": _REFERENCES,
        "Version": st.integers(1, 2**31 - 1),
    },
    optional={"Contact": CONTACTS, "Lines": MANY_LINES},
)

_SPACE = st.text(st.sampled_from(" \t\n"), max_size=3)


@dataclasses.dataclass(frozen=True)
class Hand:
    """One way to write a document: what differs is no part of what it says."""

    prefix: str
    encoding: str
    declared: bool
    between: str
    around: str
    plus: str
    zone: str
    comment: str
    cdata: bool

    def write(self, element: str, values: Mapping[str, Any]) -> bytes:
        """Return the document of ``values``, in the contract's order."""
        colon = f"{self.prefix}:" if self.prefix else ""
        bound = f"xmlns:{self.prefix}" if self.prefix else "xmlns"
        name = colon + element.rpartition("}")[2]
        text = f'<{name} {bound}="{TICKETING}">{self._inner(values, colon)}</{name}>'
        # Only UTF-8 and UTF-16 may stay undeclared.
        if self.declared or self.encoding == "iso-8859-1":
            text = f'<?xml version="1.0" encoding="{self.encoding}"?>{self.between}{text}'
        return text.encode(self.encoding, "xmlcharrefreplace")

    def _inner(self, values: Mapping[str, Any], colon: str) -> str:
        parts = []
        for name, value in sorted(values.items(), key=lambda pair: ORDER.index(pair[0])):
            for item in value if isinstance(value, list) else [value]:
                tag = colon + name
                parts.append(f"<{tag}>{self._value(item, colon)}</{tag}>{self.between}")
        return self.between + self.comment + "".join(parts)

    def _value(self, value: object, colon: str) -> str:
        if isinstance(value, Mapping):
            return self._inner(value, colon)
        if isinstance(value, date):
            return f"{self.around}{value}{self.zone}{self.around}"
        if isinstance(value, int):
            return f"{self.around}{self.plus}{value}{self.comment}{self.around}"
        text = escape(str(value))
        # A character that the encoding lacks would need a reference, which CDATA does not know.
        if self.cdata and "]]>" not in str(value) and self.encoding != "iso-8859-1":
            text = f"<![CDATA[{value}]]>"
        return self.around + text + self.around


HANDS = st.builds(
    Hand,
    prefix=st.sampled_from(["", "t", "ns0", "_x.1"]),
    encoding=st.sampled_from(["utf-8", "utf-16", "iso-8859-1", "utf-8-sig"]),
    declared=st.booleans(),
    between=_SPACE,
    around=_SPACE,
    plus=st.sampled_from(["", "+", "0", "+00"]),
    zone=st.sampled_from(["", "Z", "+08:00", "-14:00"]),
    comment=st.sampled_from(["", "<!-- -->", "<?stylesheet none?>"]),
    cdata=st.booleans(),
).map(
    # Python's name of UTF-8 with a mark is not one that a document can declare.
    lambda hand: (
        dataclasses.replace(hand, declared=False) if hand.encoding == "utf-8-sig" else hand
    )
)
