"""Bookings are placed, changed, confirmed and cancelled: a message in, its outcome out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from adapters.database import SqlUnit
from hub.envelope import Message, RequestId
from hub.errors import DatabaseAway, Refused
from hub.handling import Handled
from hub.inbox import Handler
from hub.ports import Answer, InboxState, Unit
from internal_apps.answering import nothing_earlier, sql_unit
from internal_apps.ticketing import quotas, refusals, store
from internal_apps.ticketing.answers import DONE, Answers
from internal_apps.ticketing.buyers import buyer_of
from internal_apps.ticketing.catalogue import Catalogue
from internal_apps.ticketing.domain import (
    Booking,
    Buyer,
    Contact,
    State,
    Wanted,
    check_open,
    check_version,
    may_see,
)
from internal_apps.ticketing.holds import end_hold
from internal_apps.ticketing.references import new_reference, normal
from internal_apps.ticketing.refusals import no

ATTEMPTS_MAX = 5
CATALOGUE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Request:
    """A request on a booking, read: who asks for what, when."""

    message: Message
    values: Mapping[str, Any]
    unit: SqlUnit
    buyer: Buyer
    now: datetime


Become = Callable[[Request, Booking], Booking]


class Handlers:
    """The four requests of ticketing."""

    def __init__(
        self,
        answers: Answers,
        taking: quotas.Take = quotas.take,
        earlier: Callable[[RequestId], Answer | None] = nothing_earlier,
    ) -> None:
        """``taking`` takes places; a test puts another in its place to see it fail.

        ``earlier``: what was answered before, where that is replayed: its reference stays.
        """
        self._answers = answers
        self._earlier = earlier
        self._taking = taking
        self._catalogue: tuple[datetime, Catalogue] | None = None

    def by_type(self) -> Mapping[str, Handler]:
        """Return the handlers by message type."""
        return {
            "PlaceBooking.1": self.place,
            "ChangeBooking.1": self.change,
            "ConfirmBooking.1": self.confirm,
            "CancelBooking.1": self.cancel,
        }

    def place(self, message: Message, unit: Unit, now: datetime) -> Handled:
        """Hold places and price them as of when the request was accepted."""
        request = self._read(message, unit, now)
        kind, at = request.values["Kind"], message.accepted_at
        catalogue = self._rules(request)
        lines = catalogue.priced(wanted(request.values), kind, request.buyer, at)
        drawn = quotas.needs(request.unit, lines, request.buyer.channel)
        quotas.move(request.unit, {}, drawn, self._taking)
        booking = Booking(
            reference=self._reference(message),
            version=1,
            state=State.HELD,
            kind=kind,
            channel=request.buyer.channel,
            sender=request.buyer.sender,
            placed_as=message.id.reference,
            contact=contact(request.values),
            lines=lines,
            hold_until=now + timedelta(seconds=catalogue.kind(kind, at).hold_seconds),
            placed_at=at,
            changed_at=now,
        )
        store.place(request.unit, booking, drawn)
        return self._done(request, booking, placed_subject(message.id.sender, booking.placed_as))

    def change(self, message: Message, unit: Unit, now: datetime) -> Handled:
        """Change contact, lines or both; new lines are priced as of this request."""
        return self._on_booking(self._read(message, unit, now), self._changed)

    def confirm(self, message: Message, unit: Unit, now: datetime) -> Handled:
        """Turn a hold into a booking that stays."""
        return self._on_booking(self._read(message, unit, now), _confirmed)

    def cancel(self, message: Message, unit: Unit, now: datetime) -> Handled:
        """Give the places back."""
        return self._on_booking(self._read(message, unit, now), _cancelled)

    def line_of(self, message: Message, unit: Unit) -> str:
        """Return the booking that a request is about by the reference it is placed as.

        Empty where it names a booking that is not there: its handler refuses it; and of a part
        of a feed, whose bookings are new.
        """
        sender = message.id.sender
        if message.id.operation == "FeedPart":
            return ""
        if message.id.operation == "PlaceBooking":
            return placed_subject(sender, message.id.reference)
        values = self._answers.values(message.body)
        if "PlacedAs" in values:
            return placed_subject(sender, values["PlacedAs"])
        reference = normal(values["BookingReference"])
        booking = store.find(sql_unit(unit), reference) if reference else None
        return placed_subject(booking.sender, booking.placed_as) if booking else ""

    def _reference(self, message: Message) -> str:
        told = self._earlier(message.id)
        if told is None or told.type != "PlaceBookingResponse.1":
            return new_reference()
        return str(self._answers.values(told.body)["Booking"]["BookingReference"])

    def _rules(self, request: Request) -> Catalogue:
        """Return the rules, at most CATALOGUE_SECONDS old."""
        kept = self._catalogue
        if kept is None or abs((request.now - kept[0]).total_seconds()) >= CATALOGUE_SECONDS:
            kept = self._catalogue = request.now, Catalogue(request.unit.connection)
        return kept[1]

    def _read(self, message: Message, unit: Unit, now: datetime) -> Request:
        sql = sql_unit(unit)
        buyer = buyer_of(sql, message.id.sender)
        return Request(message, self._answers.values(message.body), sql, buyer, now)

    def _on_booking(self, request: Request, become: Become) -> Handled:
        for _ in range(ATTEMPTS_MAX):
            booking = self._named(request)
            if booking is None:
                return self._wait(no(refusals.NO_SUCH_BOOKING), _placed_as(request))
            if booking.state is State.HELD and booking.ended(request.now):
                if not end_hold(request.unit, booking.reference, request.now):
                    continue
                return self._refused(no(refusals.HOLD_ENDED, booking.reference))
            check_open(booking, request.now)
            asked = int(request.values["Version"])
            try:
                check_version(booking, asked)
            except Refused as refused:
                if asked < booking.version:
                    raise
                return self._wait(refused, booking.reference)
            new = become(request, booking)
            if new is booking or store.replace(request.unit, booking, new):
                self._move(request, booking, new)
                return self._done(request, new)
        raise DatabaseAway("The booking is being changed by others without end.")

    def _named(self, request: Request) -> Booking | None:
        """Return the booking that a request names, None where it may still come."""
        values = request.values
        if "BookingReference" in values:
            reference = normal(values["BookingReference"])
            booking = store.find(request.unit, reference) if reference else None
            if booking is None or not may_see(request.buyer, booking):
                raise no(refusals.NO_SUCH_BOOKING)
            return booking
        sender, placed_as = request.buyer.sender, values["PlacedAs"]
        booking = store.find_placed(request.unit, sender, placed_as)
        if booking is not None:
            return booking
        entry = request.unit.entry(RequestId(sender, "PlaceBooking", placed_as))
        if entry is None or entry.state is not InboxState.HANDLED:
            return None
        # Its booking may have been committed after the first look and before the second.
        booking = store.find_placed(request.unit, sender, placed_as)
        if booking is None:
            raise no(refusals.NO_SUCH_BOOKING)
        return booking

    def _changed(self, request: Request, booking: Booking) -> Booking:
        values = request.values
        lines = booking.lines
        if "Lines" in values:
            # Who asks may be a clerk; the booking stays in the channel it was sold through.
            seller = Buyer(booking.sender, booking.channel, request.buyer.group_allowed)
            at = request.message.accepted_at
            lines = self._rules(request).priced(wanted(values), booking.kind, seller, at)
        new_contact = contact(values) if "Contact" in values else booking.contact
        return booking.next(request.now, contact=new_contact, lines=lines)

    def _move(self, request: Request, old: Booking, new: Booking) -> None:
        closed = new.state is State.CANCELLED
        if new.lines == old.lines and not closed:
            return
        had = quotas.drawn_by(request.unit, old.reference)
        drawn = {} if closed else quotas.needs(request.unit, new.lines, new.channel)
        quotas.move(request.unit, had, drawn, self._taking)
        quotas.forget(request.unit, old.reference)
        quotas.keep(request.unit, new.reference, drawn)

    def _done(self, request: Request, booking: Booking, *also: str) -> Handled:
        return Handled(
            self._answers.done(request.message, booking),
            DONE,
            changed=(booking.reference, *also),
            subject=booking.reference,
        )

    def _refused(self, refused: Refused) -> Handled:
        answer = self._answers.refused(refused.refusal)
        return Handled(answer, refused.refusal.code, subject=refused.subject)

    def _wait(self, refused: Refused, subject: str) -> Handled:
        return Handled(
            self._answers.refused(refused.refusal),
            refused.refusal.code,
            wait_for=subject,
            subject=refused.subject,
        )


def placed_subject(sender: str, placed_as: str) -> str:
    """Return what a request waits for that names a booking by the reference it is placed as."""
    return f"placed:{sender}/{placed_as}"


def wanted(values: Mapping[str, Any]) -> Sequence[Wanted]:
    """Return the lines of a request."""
    return [
        Wanted(line["TicketType"], line["Day"], line["Quantity"])
        for line in values["Lines"]["Line"]
    ]


def contact(values: Mapping[str, Any]) -> Contact:
    """Return the contact of a request."""
    given = values["Contact"]
    return Contact(given["Name"], given["Telephone"], given.get("Email", ""))


def _placed_as(request: Request) -> str:
    return placed_subject(request.buyer.sender, request.values["PlacedAs"])


def _confirmed(request: Request, booking: Booking) -> Booking:
    if booking.state is State.CONFIRMED:
        return booking
    return booking.next(request.now, state=State.CONFIRMED, hold_until=None)


def _cancelled(request: Request, booking: Booking) -> Booking:
    return booking.next(request.now, state=State.CANCELLED, hold_until=None)
