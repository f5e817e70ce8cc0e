"""Booking for a caller, and what became of a form that was sent."""

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from adapters.xml import XmlRefused, parse
from hub.ports import InboxState
from internal_apps.ticketing.buyers import TELEPHONE
from internal_apps.ticketing.catalogue import Catalogue
from internal_apps.ticketing.web import words
from internal_apps.ticketing.web.asking import (
    OPERATIONS,
    Ending,
    Outcome,
    is_token,
    new_token,
    staff_request,
)
from internal_apps.ticketing.web.desk import PLACE, SEE, Desk
from internal_apps.ticketing.web.forms import (
    LINES_MAX,
    BookingForm,
    LineFields,
    form_of_values,
    read_form,
    sentence,
)

PLACE_BOOKING = "PlaceBooking"
PEAK = "PEAK"
LOOKS_MAX = 60
STATUS = {Ending.REFUSED: 409, Ending.NOT_SENT: 503, Ending.UNKNOWN: 503}

Page = Response | str | tuple[str, int]


def add_placing(blueprint: Blueprint, desk: Desk) -> None:
    """Add the pages of booking to the blueprint."""

    @blueprint.get("/bookings/new")
    @desk.shell.requires(PLACE)
    def new() -> Page:
        return show_form(desk, _first_form(desk), "bookings/new.html")

    @blueprint.post("/bookings/new")
    @desk.shell.requires(PLACE)
    def place() -> Page:
        return _place(desk)

    @blueprint.get("/sent/<operation>/<token>")
    @desk.shell.requires(SEE)
    def sent(operation: str, token: str) -> Page:
        if operation not in OPERATIONS or not is_token(token):
            abort(404)
        return _sent(desk, operation, token)


def posted_form() -> BookingForm:
    """Return the form as it was posted, under its own token."""
    token = request.form.get("token", "")
    if not is_token(token):
        abort(400)
    return read_form(dict(request.form.lists()), token)


def edited(form: BookingForm) -> bool:
    """Add or take away a line if one of those buttons was pressed; return whether it was."""
    if "add_line" in request.form and len(form.lines) < LINES_MAX:
        form.lines.append(LineFields(quantity="1"))
        return True
    number = request.form.get("remove_line", "")
    places = [str(place) for place in range(len(form.lines))]
    if number in places and len(places) > 1:
        del form.lines[int(number)]
        return True
    return "add_line" in request.form or bool(number)


def show_form(desk: Desk, form: BookingForm, name: str, status: int = 200, **more: Any) -> Page:
    """Return the page with a form on it."""
    catalogue = desk.books.catalogue()
    now = desk.clock.now()
    days = [
        {"day": day, "is_peak": catalogue.day_class(day, now) == PEAK} for day in catalogue.days()
    ]
    page = render_template(
        name,
        form=form,
        types=sold_types(desk, catalogue),
        days=days,
        lines_max=LINES_MAX,
        **more,
    )
    return page, status


def sold_types(desk: Desk, catalogue: Catalogue) -> list[dict[str, Any]]:
    """Return the ticket types that have a price on the telephone now."""
    now = desk.clock.now()
    types = [
        {"type": found, "price_fen": catalogue.price_fen(found.code, TELEPHONE, now)}
        for found in catalogue.types.values()
    ]
    return [entry for entry in types if entry["price_fen"] is not None]


def ask(desk: Desk, operation: str, form: BookingForm, values: dict[str, Any]) -> Outcome | None:
    """Send what a form asks for; None where it breaks the contract, noted in the form."""
    account = desk.shell.account().account
    try:
        return desk.asking.ask(account, operation, form.token, values)
    except XmlRefused:
        form.errors["all"] = sentence("Something typed here cannot be sent; look at each field.")
        return None


def after(operation: str, token: str, outcome: Outcome) -> Response | None:
    """Return where to go after a request that is done or on its way; None if neither."""
    if outcome.ending is Ending.DONE:
        goal = url_for(".one", reference=outcome.reference, done=operation)
        return redirect(goal, 303)
    if outcome.ending in {Ending.RECEIVED, Ending.PARKED}:
        return redirect(url_for(".sent", operation=operation, token=token), 303)
    return None


def again(form: BookingForm, outcome: Outcome) -> None:
    """Make a form ready to be sent again: what was refused is another request next time."""
    if outcome.ending is Ending.REFUSED:
        form.token = new_token()


def _first_form(desk: Desk) -> BookingForm:
    kept = desk.shell.typed()
    if kept is not None:
        token = (kept.get("token") or [""])[0]
        return read_form(kept, token if is_token(token) else new_token())
    token = request.args.get("again", "")
    if is_token(token):
        id_ = staff_request(desk.shell.account().account, PLACE_BOOKING, token)
        body = desk.books.body(id_)
        if body:
            return form_of_values(desk.asking.schemas.values(parse(body)), new_token())
    form = BookingForm(new_token())
    first = form.lines[0]
    first.ticket_type, first.day = (
        request.args.get("type", "")[:30],
        request.args.get("day", "")[:12],
    )
    return form


def _place(desk: Desk) -> Page:
    form = posted_form()
    if edited(form):
        return show_form(desk, form, "bookings/new.html", focus_line=len(form.lines))
    if not form.is_right(list(desk.books.catalogue().types)):
        return show_form(desk, form, "bookings/new.html", 422)
    values = {"Kind": form.kind, "Contact": form.contact(), "Lines": form.wanted()}
    outcome = ask(desk, PLACE_BOOKING, form, values)
    if outcome is None:
        return show_form(desk, form, "bookings/new.html", 422)
    gone = after(PLACE_BOOKING, form.token, outcome)
    if gone is not None:
        return gone
    status, sent_as = STATUS[outcome.ending], form.token
    again(form, outcome)
    return show_form(desk, form, "bookings/new.html", status, outcome=outcome, sent_as=sent_as)


def _sent(desk: Desk, operation: str, token: str) -> Page:
    request_id = staff_request(desk.shell.account().account, operation, token)
    entry = desk.books.entry(request_id)
    outcome = Outcome(Ending.RECEIVED)
    if entry is not None and entry.state is InboxState.PARKED:
        outcome = Outcome(Ending.PARKED)
    elif entry is not None and entry.state is InboxState.HANDLED:
        outcome = desk.asking.ended(entry)
    if outcome.ending is Ending.DONE:
        return redirect(url_for(".one", reference=outcome.reference, done=operation), 303)
    look = min(max(request.args.get("look", 0, type=int), 0), LOOKS_MAX)
    return render_template(
        "bookings/sent.html",
        outcome=outcome,
        operation=operation,
        tried=words.TRIED[operation],
        token=token,
        subject=entry.subject if entry else "",
        look=look + 1,
        wait_seconds=min(1 + look, 10) if look < LOOKS_MAX else 0,
    )
