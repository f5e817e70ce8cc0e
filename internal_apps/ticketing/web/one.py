"""One booking: all there is to know, and what may be done with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for

from internal_apps.ticketing.domain import Booking, State
from internal_apps.ticketing.history import Step, history
from internal_apps.ticketing.references import normal
from internal_apps.ticketing.web import words
from internal_apps.ticketing.web.asking import Ending, Outcome, new_token
from internal_apps.ticketing.web.desk import CANCEL, CHANGE, CONFIRM, SEE, Desk
from internal_apps.ticketing.web.forms import (
    BookingForm,
    form_of,
    read_form,
)
from internal_apps.ticketing.web.placing import (
    STATUS,
    Page,
    after,
    again,
    ask,
    edited,
    posted_form,
    show_form,
)
from internal_apps.ticketing.web.read_aloud import read_aloud
from internal_apps.ticketing.web.way import Asker, asker, ways

CONFLICT = "VERSION_CONFLICT"
CHANGE_PAGE = "bookings/change.html"


@dataclass(frozen=True, slots=True)
class Change:
    """The last thing that somebody did to a booking."""

    asker: Asker
    step: Step
    sentence: str
    is_own: bool


def add_one(blueprint: Blueprint, desk: Desk) -> None:
    """Add the pages of one booking to the blueprint."""

    @blueprint.get("/bookings/<reference>")
    @desk.shell.requires(SEE)
    def one(reference: str) -> Page:
        plain = normal(reference)
        if plain is not None and plain != reference:
            return redirect(url_for(".one", reference=plain), 303)
        done = words.DONE.get(request.args.get("done", ""), "")
        return _show(desk, reference, done=done)

    @blueprint.get("/bookings/<reference>/change")
    @desk.shell.requires(CHANGE)
    def change(reference: str) -> Page:
        return _edit(desk, reference)

    @blueprint.post("/bookings/<reference>/change")
    @desk.shell.requires(CHANGE)
    def changed(reference: str) -> Page:
        return _change(desk, reference)

    @blueprint.post("/bookings/<reference>/confirm")
    @desk.shell.requires(CONFIRM)
    def confirm(reference: str) -> Page:
        return _do(desk, reference, "ConfirmBooking")

    @blueprint.get("/bookings/<reference>/cancel")
    @desk.shell.requires(CANCEL)
    def cancel(reference: str) -> Page:
        booking, _ = _found(desk, reference)
        desk.opens(reference)
        return render_template("bookings/cancel.html", booking=booking, token=new_token())

    @blueprint.post("/bookings/<reference>/cancel")
    @desk.shell.requires(CANCEL)
    def cancelled(reference: str) -> Page:
        return _do(desk, reference, "CancelBooking")


def _found(desk: Desk, reference: str) -> tuple[Booking, Sequence[Step]]:
    found = history(desk.books.database, reference)
    if found is None:
        abort(404)
    return found.booking, found.steps


def _show(desk: Desk, reference: str, status: int = 200, **more: Any) -> Page:
    booking, steps = _found(desk, reference)
    desk.opens(reference)
    now = desk.clock.now()
    agents = desk.books.agent_names()
    ended = booking.ended(now)
    page = render_template(
        "bookings/one.html",
        booking=booking,
        state=State.EXPIRED if ended else booking.state,
        is_open=not ended and booking.state in {State.HELD, State.CONFIRMED},
        seller=asker(desk, booking.sender, agents),
        types=desk.books.catalogue().types,
        ways=ways(desk, steps),
        aloud=read_aloud(booking.reference, desk.shell.language()),
        token=new_token(),
        minutes_left=_minutes_left(booking, now),
        **more,
    )
    return page, status


def _edit(desk: Desk, reference: str) -> Page:
    booking, _ = _found(desk, reference)
    desk.opens(reference)
    kept = desk.shell.typed()
    form = form_of(booking, new_token()) if kept is None else read_form(kept, new_token())
    return show_form(desk, form, CHANGE_PAGE, booking=booking)


def _minutes_left(booking: Booking, now: Any) -> int:
    if booking.hold_until is None or booking.hold_until <= now:
        return 0
    return max(1, int((booking.hold_until - now).total_seconds() // 60))


def _do(desk: Desk, reference: str, operation: str) -> Page:
    form = posted_form()
    values = {"BookingReference": reference, "Version": form.version}
    outcome = ask(desk, operation, form, values)
    if outcome is None:
        abort(400)
    gone = after(operation, form.token, outcome)
    if gone is not None:
        return gone
    more = {"outcome": outcome, "other": _other(desk, reference, outcome)}
    return _show(desk, reference, STATUS[outcome.ending], **more)


def _change(desk: Desk, reference: str) -> Page:
    booking, _ = _found(desk, reference)
    desk.opens(reference)
    form = posted_form()
    form.kind = booking.kind
    if edited(form):
        return show_form(desk, form, CHANGE_PAGE, booking=booking, focus_line=len(form.lines))
    if not form.is_right(list(desk.books.catalogue().types)):
        return show_form(desk, form, CHANGE_PAGE, 422, booking=booking)
    outcome = ask(desk, "ChangeBooking", form, _wanted(form, booking))
    if outcome is None:
        return show_form(desk, form, CHANGE_PAGE, 422, booking=booking)
    gone = after("ChangeBooking", form.token, outcome)
    return gone if gone is not None else _again(desk, form, reference, outcome)


def _wanted(form: BookingForm, booking: Booking) -> dict[str, Any]:
    # Only lines that differ are sent: lines that are sent are priced anew.
    values = {
        "BookingReference": booking.reference,
        "Version": form.version,
        "Contact": form.contact(),
    }
    kept = (
        form.version == booking.version and form.lines_text() == form_of(booking, "").lines_text()
    )
    return values if kept else {**values, "Lines": form.wanted()}


def _again(desk: Desk, form: BookingForm, reference: str, outcome: Outcome) -> Page:
    booking, _ = _found(desk, reference)
    other = _other(desk, reference, outcome)
    if other is not None:
        form.bring_up_to_date(form_of(booking, ""))
    again(form, outcome)
    return show_form(
        desk,
        form,
        CHANGE_PAGE,
        STATUS[outcome.ending],
        booking=booking,
        outcome=outcome,
        other=other,
        present=form_of(booking, ""),
    )


def _other(desk: Desk, reference: str, outcome: Outcome) -> Change | None:
    refusal = outcome.refusal
    if outcome.ending is not Ending.REFUSED or refusal is None or refusal.code != CONFLICT:
        return None
    _, steps = _found(desk, reference)
    done = [step for step in steps if step.outcome_code == "DONE"]
    if not done:
        return None
    last = done[-1]
    sender = last.request_id.sender
    return Change(
        asker(desk, sender, desk.books.agent_names()),
        last,
        words.BY_OTHERS.get(last.request_id.operation, words.BY_OTHERS["ChangeBooking"]),
        is_own=sender == f"staff:{desk.shell.account().account}",
    )
