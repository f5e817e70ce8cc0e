"""What ticketing answers, as documents."""

from datetime import datetime
from typing import Any

from adapters.xml import Schemas, parse
from hub.envelope import Message, RequestId
from hub.errors import Refusal
from hub.messages import FEEDS, TICKETING
from hub.ports import Answer
from internal_apps import answering
from internal_apps.ticketing.domain import CURRENCY, Booking

DONE = answering.DONE
NOT_KNOWN_YET = "NOT_KNOWN_YET"
PENDING = "PENDING"
ASK_AGAIN_SECONDS = 2


class Answers:
    """Writes answers."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas

    def values(self, body: bytes) -> dict[str, Any]:
        """Return the typed values of a document."""
        return self._schemas.values(parse(body))

    def refused(self, refusal: Refusal) -> Answer:
        """Return a refusal as an answer."""
        return answering.refused(refusal)

    def done(self, message: Message, booking: Booking) -> Answer:
        """Answer a request with the booking as it now is."""
        return self._write(
            message.id.operation,
            Status=DONE,
            RequestReference=message.id.reference,
            Booking=booking_values(booking),
        )

    def done_before(self, request_id: RequestId, booking: Booking | None, now: datetime) -> Answer:
        """Answer a repeat whose first answer is no longer kept: done, the booking as it is now."""
        values: dict[str, Any] = {"Status": DONE, "RequestReference": request_id.reference}
        if booking is not None:
            values |= {"Booking": booking_values(booking), "BookingAsOf": now}
        return self._write(request_id.operation, **values)

    def feed_done(self, request_id: RequestId) -> Answer:
        """Answer a part of a feed."""
        element, feed = f"{{{FEEDS}}}FeedPartResponse", request_id.reference.partition(".")[0]
        return Answer("FeedPartResponse.1", self._schemas.write(element, {"FeedReference": feed}))

    def shown(self, booking: Booking) -> Answer:
        """Answer a question for a booking."""
        return self._write("GetBooking", Status=DONE, Booking=booking_values(booking))

    def again(self, stored: bytes) -> Answer:
        """Answer a question for an outcome with what was answered to the request itself."""
        return self._write("GetBooking", **self.values(stored))

    def ask_again(self, status: str, reference: str) -> Answer:
        """Answer that there is no outcome yet."""
        return self._write(
            "GetBooking",
            Status=status,
            RequestReference=reference,
            AskAgainSeconds=ASK_AGAIN_SECONDS,
        )

    def _write(self, operation: str, **values: object) -> Answer:
        name = f"{operation}Response"
        return Answer(f"{name}.1", self._schemas.write(f"{{{TICKETING}}}{name}", values))


def booking_values(booking: Booking) -> dict[str, Any]:
    """Return a booking as the contract describes it."""
    values: dict[str, Any] = {
        "BookingReference": booking.reference,
        "Version": booking.version,
        "State": booking.state.value,
        "Kind": booking.kind,
        "PlacedAs": booking.placed_as,
        "Contact": _contact_values(booking),
        "Lines": {"Line": [_line_values(line) for line in booking.lines]},
        "TotalFen": booking.total_fen,
        "Currency": CURRENCY,
        "PlacedAt": booking.placed_at,
        "ChangedAt": booking.changed_at,
    }
    if booking.hold_until is not None:
        values["HoldUntil"] = booking.hold_until
    return values


def _contact_values(booking: Booking) -> dict[str, str]:
    values = {"Name": booking.contact.name, "Telephone": booking.contact.telephone}
    return {**values, "Email": booking.contact.email} if booking.contact.email else values


def _line_values(line: Any) -> dict[str, Any]:
    return {
        "TicketType": line.ticket_type,
        "Day": line.day,
        "Quantity": line.quantity,
        "UnitPriceFen": line.unit_price_fen,
        "AmountFen": line.amount_fen,
    }
