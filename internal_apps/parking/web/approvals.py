"""Corrections that wait for a second person, and the audit trail."""

import json

from flask import Blueprint, abort, redirect, render_template, request, url_for

from hub.errors import NeverWorks, TryAgain
from hub.headers import NUMBER_DIGITS_MAX
from internal_apps.parking.document import harmless
from internal_apps.parking.domain import Correction, Entry
from internal_apps.parking.web.desk import ACT, NOT_FOUND, SEE, WRONG, Desk, Page

ENTRIES_SHOWN = 50


def add_approvals(blueprint: Blueprint, desk: Desk) -> None:
    """Add the pages of corrections, and that of the audit trail."""

    @blueprint.get("/kept/approvals")
    @desk.shell.requires(SEE)
    def approvals() -> Page:
        return render_template(
            "kept/approvals.html",
            waiting=desk.work.corrections.waiting(),
            reached=desk.reached(),
        )

    @blueprint.get("/kept/correction/<number>")
    @desk.shell.requires(SEE)
    def correction(number: str) -> Page:
        return _show(desk, _found(desk, number))

    @blueprint.post("/kept/correction/<number>")
    @desk.shell.requires(ACT)
    def decide(number: str) -> Page:
        return _decide(desk, _found(desk, number))

    @blueprint.get("/kept/audit")
    @desk.shell.requires(SEE)
    def audit() -> Page:
        return _audit(desk)


def _decide(desk: Desk, found: Correction) -> Page:
    approves = request.form.get("decision") == "approve"
    try:
        if approves:
            desk.work.approve(found.number, desk.who())
        else:
            desk.work.reject(found.number, request.form.get("why", ""), desk.who())
    except NeverWorks as error:
        return _show(desk, found, WRONG, error=str(error))
    done = "approved" if approves else "rejected"
    if not _can_be_shown(desk, found):
        return redirect(url_for(".approvals"), 303)
    return redirect(url_for(".one", place=found.place.value, name=found.name, done=done), 303)


def _can_be_shown(desk: Desk, found: Correction) -> bool:
    try:
        return desk.work.shelves[found.place].show(found.name) is not None
    except TryAgain:
        return False  # its place is away; what was decided is decided all the same


def _show(desk: Desk, found: Correction, status: int = 200, error: str = "") -> Page:
    text = render_template(
        "kept/correction.html",
        correction=found,
        lines=[
            line._replace(text=harmless(line.text))
            for line in desk.work.compared(found.number, desk.who())
        ],
        is_own=found.proposed_by == desk.who(),
        error=error,
    )
    return text, status


def _found(desk: Desk, number: str) -> Correction:
    known = _number(number)
    found = None if known is None else desk.work.corrections.find(known)
    if found is None or found.place not in desk.work.shelves:
        abort(NOT_FOUND)
    return found


def _number(text: str) -> int | None:
    """Return a number that the database may have given out; None where it is none."""
    return int(text) if text.isdecimal() and len(text) <= NUMBER_DIGITS_MAX else None


def _audit(desk: Desk) -> Page:
    before = _number(request.args.get("before", ""))
    name = request.args.get("name", "")[:160]
    entries = desk.work.trail.entries(ENTRIES_SHOWN + 1, before=before, name=name)
    shown = entries[:ENTRIES_SHOWN]
    older = ""
    if len(entries) > ENTRIES_SHOWN:
        older = url_for(".audit", before=shown[-1].number, name=name or None)
    return render_template(
        "kept/audit.html",
        entries=shown,
        reached=desk.reached(),
        waiting=len(desk.work.corrections.waiting()),
        facts=_facts,
        names=_names,
        older=older,
        newest=url_for(".audit", name=name or None) if before else "",
        name=name,
        head=desk.work.trail.head(),
        verdict=desk.work.trail.verify() if "verify" in request.args else None,
    )


def _names(entry: Entry) -> list[str]:
    """Return which message or booking an entry is about: of a list, each that stood in it."""
    return [entry.name] if entry.name else _facts(entry).get("shown", "").split()


def _facts(entry: Entry) -> dict[str, str]:
    try:
        said = json.loads(entry.facts)
    except ValueError:
        return {}
    return {key: str(value) for key, value in said.items()} if isinstance(said, dict) else {}
