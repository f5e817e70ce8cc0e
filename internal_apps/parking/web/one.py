"""One kept message: its reason, its original, its story, and what a replay would do.

It may hold personal data; that it was looked at is written into the audit trail.
"""

from flask import Blueprint, Response, abort, render_template, request

from hub.errors import NeverWorks
from hub.parking import Place
from internal_apps.parking.document import harmless, lines_of
from internal_apps.parking.domain import Forbidden, Opened, digest_of
from internal_apps.parking.saving import saved
from internal_apps.parking.web import words
from internal_apps.parking.web.desk import NOT_FOUND, SEE, WRONG, Desk, Page


def add_one(blueprint: Blueprint, desk: Desk) -> None:
    """Add the page of one message."""

    @blueprint.get("/kept/<place>/message/<path:name>")
    @desk.shell.requires(SEE)
    def one(place: str, name: str) -> Page:
        where = desk.place(place)
        return show_one(desk, where, name, done=words.done(request.args.get("done", ""), where))

    @blueprint.get("/kept/<place>/bytes/<path:name>")
    @desk.shell.requires(SEE)
    def save(place: str, name: str) -> Page:
        return _file(desk, desk.place(place), name)

    @blueprint.post("/kept/<place>/message/<path:name>")
    @desk.shell.requires(SEE)
    def preview(place: str, name: str) -> Page:
        where = desk.place(place)
        try:
            seen = desk.work.preview(where, name, desk.who())
        except NeverWorks as error:
            return show_one(desk, where, name, WRONG, error=str(error))
        answer = [] if seen.answer is None else lines_of(seen.answer.body)
        return show_one(desk, where, name, seen=seen, answer=answer)


def show_one(desk: Desk, place: Place, name: str, status: int = 200, **more: object) -> Page:
    """Return the page of one message; not found where it is kept no more."""
    opened = open_one(desk, place, name)
    document = opened.shown.document
    text = render_template(
        "kept/one.html",
        place=place,
        opened=opened,
        kept=opened.shown.kept,
        lines=[] if document is None else [harmless(line) for line in lines_of(document)],
        approved=opened.approved(),
        digest=digest_of(opened.shown.lying),
        **more,
    )
    return text, status


def _file(desk: Desk, place: Place, name: str) -> Page:
    """Return the bytes of one for a file: no browser shows them, whatever they are."""
    try:
        found = saved(desk.work, place, name, desk.who())
    except Forbidden:
        abort(NOT_FOUND)
    headers = {"Content-Disposition": f'attachment; filename="{found.file}"'}
    return Response(found.body, mimetype="application/octet-stream", headers=headers)


def open_one(desk: Desk, place: Place, name: str) -> Opened:
    """Return one message opened; not found where it is kept no more."""
    try:
        return desk.work.open(place, name, desk.who())
    except Forbidden:
        abort(NOT_FOUND)
