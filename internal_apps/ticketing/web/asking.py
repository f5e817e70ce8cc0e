"""Asking as staff: the same messages as the agents', sent on the inside broker.

The form's one-time token is the request's own reference, so that one form is one effect
however often it is sent, and the same form again has the same answer.
"""

import enum
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from adapters.xml import Schemas, parse, read_refusal
from hub.envelope import RequestId
from hub.errors import Refusal
from hub.messages import TICKETING
from hub.ports import Answer, InboxEntry, Published
from internal_apps.answering import DONE, refused_before
from internal_apps.asking import Draft, Sent
from internal_apps.ticketing.refusals import ALL

TOKEN = re.compile(r"[A-Za-z0-9_-]{16,40}")
REFUSED = "Refused.1"

OPERATIONS = ("PlaceBooking", "ChangeBooking", "ConfirmBooking", "CancelBooking")


class Inside(Protocol):
    """The inside broker, as these pages use it."""

    def ask(self, draft: Draft) -> Sent:
        """Send a request and wait a while for its answer."""


class Ending(enum.Enum):
    """How a request stands: with an answer, on its way, or not sent at all.

    UNKNOWN: the broker did not confirm in time; the same form may be sent again safely.
    PARKED: it failed by itself and is kept for a person to look at.
    """

    DONE = "done"
    REFUSED = "refused"
    RECEIVED = "received"
    UNKNOWN = "unknown"
    NOT_SENT = "not sent"
    PARKED = "parked"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a request stands, with the booking it made or the reason it was refused."""

    ending: Ending
    reference: str = ""
    refusal: Refusal | None = None


_NOT_SENT = {Published.NOT_SENT, Published.RETURNED, Published.REFUSED}


def new_token() -> str:
    """Return a form's own token."""
    return secrets.token_urlsafe(16)


def is_token(text: str) -> bool:
    """Return whether it could be a form's token."""
    return TOKEN.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Asking:
    """Writes requests, sends them, and reads their answers."""

    inside: Inside
    schemas: Schemas

    def ask(self, account: str, operation: str, token: str, values: Mapping[str, Any]) -> Outcome:
        """Send one request of a member of staff; XmlRefused where it breaks its contract."""
        element = f"{{{TICKETING}}}{operation}"
        body = self.schemas.write(element, {"RequestReference": token, **values})
        request_id = staff_request(account, operation, token)
        sent = self.inside.ask(Draft(f"{operation}.1", request_id, account, body))
        if sent.answer is not None:
            return self.outcome(sent.answer)
        if sent.published in _NOT_SENT:
            return Outcome(Ending.NOT_SENT)
        confirmed = sent.published is Published.CONFIRMED
        return Outcome(Ending.RECEIVED if confirmed else Ending.UNKNOWN)

    def outcome(self, answer: Answer) -> Outcome:
        """Return what an answer says."""
        if answer.type == REFUSED:
            refusal = read_refusal(answer.body)
            if refusal.code == "PENDING":
                return Outcome(Ending.RECEIVED)
            return Outcome(Ending.REFUSED, refusal=refusal)
        booking = self.schemas.values(parse(answer.body)).get("Booking")
        if not booking:
            return Outcome(Ending.RECEIVED)
        return Outcome(Ending.DONE, reference=booking["BookingReference"])

    def ended(self, entry: InboxEntry) -> Outcome:
        """Return how a request ended that is handled, though its answer may be pruned."""
        if entry.answer is not None:
            return self.outcome(entry.answer)
        if entry.outcome_code == DONE:
            return Outcome(Ending.DONE, reference=entry.subject)
        return self.outcome(refused_before(entry.outcome_code, ALL))


def staff_request(account: str, operation: str, token: str) -> RequestId:
    """Return the id of a request that a member of staff makes."""
    return RequestId(f"staff:{account}", operation, token)
