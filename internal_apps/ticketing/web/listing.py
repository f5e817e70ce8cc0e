"""The list of bookings: searched, filtered, a page at a time."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request, url_for

from internal_apps.ticketing.catalogue import SHANGHAI
from internal_apps.ticketing.domain import State
from internal_apps.ticketing.references import normal
from internal_apps.ticketing.search import Filter, Place, search
from internal_apps.ticketing.web import words
from internal_apps.ticketing.web.desk import SEE, Desk
from internal_apps.ticketing.web.forms import read_day

WORDS_CHARACTERS_MAX = 100
CODE = re.compile(r"[A-Z0-9_]{1,30}")

_PLACE = re.compile(r"(\d{4}-\d\d-\d\dT[\d:.]{8,15}\+00:00)_([A-Z0-9-]{6,16})")


def add_listing(blueprint: Blueprint, desk: Desk) -> None:
    """Add the list to the blueprint."""

    @blueprint.get("/bookings")
    @desk.shell.requires(SEE)
    def listing() -> Any:
        wanted = read_filter(request.args)
        page = search(
            desk.books.database,
            wanted,
            read_place(request.args.get("after", "")),
            before=read_place(request.args.get("before", "")),
        )
        if len(page.found) == 1 and normal(wanted.words) == page.found[0].reference:
            return redirect(url_for(".one", reference=page.found[0].reference), 303)
        references = [one.reference for one in page.found]
        desk.views.listed(desk.shell.account().account, references)
        older = page.next and _address(request.args, after=write_place(page.next))
        newer = page.previous and _address(request.args, before=write_place(page.previous))
        return render_template(
            "bookings/list.html",
            page=page,
            wanted=wanted,
            older=older,
            newer=newer,
            newest=_address(request.args) if newer or "after" in request.args else "",
            narrowed=any(request.args.get(name) for name in ("q", *_FILTERS)),
            types=desk.books.catalogue().types.values(),
            channels=words.CHANNELS,
            example_day=write_example(desk.clock.now()),
            now=desk.clock.now(),
        )


_FILTERS = ("state", "day", "type", "channel")


def read_filter(arguments: Mapping[str, str]) -> Filter:
    """Return what the page's address asks for; what makes no sense is left out."""
    state, channel = arguments.get("state", ""), arguments.get("channel", "")
    ticket_type = arguments.get("type", "")
    return Filter(
        words=" ".join(arguments.get("q", "").split())[:WORDS_CHARACTERS_MAX],
        state=state if state in State.__members__ else "",
        channel=channel if CODE.fullmatch(channel) else "",
        ticket_type=ticket_type if CODE.fullmatch(ticket_type) else "",
        visit_day=read_day(arguments.get("day", "")),
    )


def write_place(place: Place) -> str:
    """Return a place in the list as an address carries it."""
    return f"{place.placed_at.isoformat(timespec='microseconds')}_{place.reference}"


def write_example(now: datetime) -> str:
    """Return today in Shanghai as a day is typed."""
    return now.astimezone(SHANGHAI).date().isoformat()


def read_place(text: str) -> Place | None:
    """Return a place in the list, or None where the address carries none."""
    match = _PLACE.fullmatch(text)
    if match is None:
        return None
    try:
        return Place(datetime.fromisoformat(match[1]), match[2])
    except ValueError:
        return None


def _address(arguments: Mapping[str, str], **more: str) -> str:
    kept = {name: arguments[name] for name in ("q", *_FILTERS) if arguments.get(name)}
    return f"{url_for('.listing')}?{urlencode({**kept, **more})}"
