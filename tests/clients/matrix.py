"""The matrix: stack by operation by SOAP version by sign-in, and what must come of each."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from tests.clients.job import Call, Outcome
from tests.clients.stacks import SIGN_INS, SOAP_VERSIONS, STACKS, Cell, Stack

OPERATIONS = (
    "ListOffers",
    "PlaceBooking",
    "GetBooking",
    "ChangeBooking",
    "ConfirmBooking",
    "CancelBooking",
)
# Four bytes a character, what XML must escape, and what a stack may not trim.
NAME = '𠮷野家 王小明 & <b>"O\'Neil"'
TELEPHONE = "+86 21 6279 8888"
NO_SUCH_BOOKING = "ZZZZ-ZZZZ-ZZZZ"

ANSWERED = "ok"


@dataclass(frozen=True, slots=True)
class Step:
    """One call and what must come back: a version of the booking, or a fault and its code."""

    operation: str
    values: dict[str, Any]
    version: int = 0
    fault: str = ""
    code: str = ""

    @property
    def call(self) -> Call:
        """What a stack is told."""
        return self.operation, self.values


@dataclass(frozen=True, slots=True)
class Visit:
    """The calls of one agency's booking; ``name`` makes its references its own."""

    name: str
    day: date

    def place(self, telephone: str = TELEPHONE, suffix: str = "placed") -> dict[str, Any]:
        """Return a PlaceBooking of two tickets."""
        return {
            "RequestReference": f"{self.name}-{suffix}",
            "Kind": "INDIVIDUAL",
            "Contact": {"Name": NAME, "Telephone": telephone},
            "Lines": self.lines(2),
        }

    def versioned(self, suffix: str, version: int, **rest: object) -> dict[str, Any]:
        """Return a request for a version of the booking."""
        return self._of({"PlacedAs": f"{self.name}-placed"}, suffix, version, **rest)

    def lines(self, quantity: int) -> dict[str, Any]:
        """Return one line."""
        line = {"TicketType": "STANDARD", "Day": str(self.day), "Quantity": quantity}
        return {"Line": [line]}

    def answered(self) -> list[Step]:
        """Return each operation once, in the order of a booking's life."""
        offers = {"TicketType": "STANDARD", "FromDay": str(self.day), "ToDay": str(self.day)}
        placed = {"Operation": "PlaceBooking", "RequestReference": f"{self.name}-placed"}
        changed = self.versioned("changed", 1, Lines=self.lines(3))
        return [
            Step("ListOffers", offers),
            Step("PlaceBooking", self.place(), version=1),
            Step("GetBooking", {"AnswerTo": placed}, version=1),
            Step("ChangeBooking", changed, version=2),
            Step("ConfirmBooking", self.versioned("confirmed", 2), version=3),
            Step("CancelBooking", self.versioned("cancelled", 3), version=4),
        ]

    def refused(self) -> list[Step]:
        """Return each operation once, so that it is refused."""
        offers = {"TicketType": "no such word"}
        unknown = {"BookingReference": NO_SUCH_BOOKING}
        lines = {"Lines": self.lines(3)}
        return [
            _invalid("ListOffers", offers),
            _invalid("PlaceBooking", self.place("no telephone", "refused")),
            _nobodys("GetBooking", unknown),
            _nobodys("ChangeBooking", self._of(unknown, "refused-1", 1, **lines)),
            _nobodys("ConfirmBooking", self._of(unknown, "refused-2", 1)),
            _nobodys("CancelBooking", self._of(unknown, "refused-3", 1)),
        ]

    # npm soap writes values in the order in which they stand here: it must be the contract's.
    def _of(
        self, named: dict[str, Any], suffix: str, version: int, **rest: object
    ) -> dict[str, Any]:
        reference = {"RequestReference": f"{self.name}-{suffix}"}
        return {**reference, **named, "Version": version, **rest}


def _invalid(operation: str, values: dict[str, Any]) -> Step:
    return Step(operation, values, fault="InvalidRequest", code="SCHEMA_INVALID")


def _nobodys(operation: str, values: dict[str, Any]) -> Step:
    return Step(operation, values, fault="Refused", code="NO_SUCH_BOOKING")


def verdict(step: Step, soap: str, outcome: Outcome) -> str:
    """Return ``ok``, or what is wrong with an outcome."""
    if outcome["sent"] != soap:
        return f"spoke SOAP {outcome['sent']}"
    if step.fault:
        code = outcome.get("detail", {}).get("Code")
        right = (outcome.get("fault"), code) == (step.fault, step.code)
        return ANSWERED if right and outcome["detail"]["SentenceZh"] else f"got {outcome}"
    answer = outcome.get("answer")
    if answer is None:
        return f"got {outcome}"
    if step.operation == "ListOffers":
        (offer,) = answer["Offers"]["Offer"]
        return ANSWERED if str(offer["PriceFen"]) == "15000" else f"got {answer}"
    right = summary(outcome) == (step.version, *_booked(step.version))
    whole = right and answer["Booking"]["Contact"]["Name"] == NAME
    return ANSWERED if whole else f"got {answer}"


def _booked(version: int) -> tuple[str, int]:
    state = {1: "HELD", 2: "HELD", 3: "CONFIRMED", 4: "CANCELLED"}[version]
    return state, 2 if version == 1 else 3


def summary(outcome: Outcome) -> tuple[int, str, int] | None:
    """Return version, state and quantity of an answer, whatever types a stack makes of them."""
    answer = outcome.get("answer")
    if not answer or not answer.get("Booking"):
        return None
    booking = answer["Booking"]
    (line,) = booking["Lines"]["Line"]
    return int(booking["Version"]), str(booking["State"]), int(line["Quantity"])


def table(results: Mapping[str, Mapping[str, str]]) -> str:
    """Return the matrix as text: a row a stack, version and sign-in, a column an operation.

    ``results``: by the name of a cell, what came of each operation.
    """
    wide = max(len(operation) for operation in OPERATIONS) + 2
    head = f"{'stack':16}{'SOAP':6}{'sign-in':13}"
    rows = [(head + "".join(f"{operation:{wide}}" for operation in OPERATIONS)).rstrip()]
    for stack in STACKS:
        for soap in SOAP_VERSIONS:
            for sign_in in SIGN_INS:
                got = results.get(str(Cell(stack, soap, sign_in)), {})
                cells = "".join(f"{_short(got.get(one)):{wide}}" for one in OPERATIONS)
                why = "" if got else _reason(stack, soap, sign_in)
                row = f"{stack.name:16}{soap:6}{sign_in:13}"
                rows.append((row + (f"({why})" if why else cells)).rstrip())
    rows.append("ok: answered rightly, and refused by a declared fault, typed")
    return "\n".join(rows)


def _short(result: str | None) -> str:
    return "-" if result is None else re.sub(r"\s.*", "", result)


def _reason(stack: Stack, soap: str, sign_in: str) -> str:
    why = stack.why_not(soap, sign_in)
    return f"empty: {why}" if why else "not run"
