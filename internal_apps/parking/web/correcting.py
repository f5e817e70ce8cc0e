"""Correcting a kept message: its document is changed by hand, checked, and proposed."""

from collections.abc import Sequence

from flask import Blueprint, redirect, render_template, request, url_for

from hub.errors import InvalidBody, NeverWorks
from hub.parking import Place, Shown
from internal_apps.parking.document import text_of
from internal_apps.parking.domain import check_why
from internal_apps.parking.web.desk import ACT, WRONG, Desk, Page
from internal_apps.parking.web.faults import fault
from internal_apps.parking.web.one import open_one


def add_correcting(blueprint: Blueprint, desk: Desk) -> None:
    """Add the page on which a document is corrected."""

    @blueprint.get("/kept/<place>/correct/<path:name>")
    @desk.shell.requires(ACT)
    def correct(place: str, name: str) -> Page:
        where, typed = desk.place(place), desk.shell.typed() or {}
        shown = open_one(desk, where, name).shown
        text = (typed.get("document") or [text_of(shown.document or b"")])[0]
        return _form(where, shown, text, (typed.get("why") or [""])[0])

    @blueprint.post("/kept/<place>/correct/<path:name>")
    @desk.shell.requires(ACT)
    def propose(place: str, name: str) -> Page:
        where = desk.place(place)
        text, why = request.form.get("document", ""), request.form.get("why", "")
        shown = open_one(desk, where, name).shown
        body = text.replace("\r\n", "\n").encode()
        faults = desk.work.faults(shown, body)
        try:
            check_why(why)
            if not faults:
                desk.work.propose(where, name, body, why=why, who=desk.who())
        except InvalidBody as error:
            faults = [(0, str(error))]
        except NeverWorks as error:
            return _form(where, shown, text, why, faults=faults, error=str(error)), WRONG
        if faults:
            return _form(where, shown, text, why, faults=faults), WRONG
        return redirect(url_for(".one", place=where.value, name=name, done="proposed"), 303)


def _form(
    place: Place,
    shown: Shown,
    text: str,
    why: str,
    *,
    faults: Sequence[tuple[int, str]] = (),
    error: str = "",
) -> str:
    lines = text.split("\n")
    return render_template(
        "kept/correct.html",
        place=place,
        kept=shown.kept,
        document=text,
        why=why,
        faults=[fault(*one) for one in faults],
        error=error,
        text_of_line=lambda number: lines[number - 1].strip() if number <= len(lines) else "",
        rows=min(max(text.count("\n") + 3, 12), 40),
    )
