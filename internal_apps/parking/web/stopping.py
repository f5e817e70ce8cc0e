"""Traffic: what is paused or drained, since when and why; stopping something, letting it go on."""

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, url_for

from hub.errors import NeverWorks
from hub.traffic import Kind, Mode, Target, routes
from internal_apps.parking.web.desk import ACT, SEE, WRONG, Desk, Page

NAME_CHARACTERS_MAX = 40


def add_stopping(blueprint: Blueprint, desk: Desk) -> None:
    """Add the page of traffic and what is done there."""

    @blueprint.get("/traffic")
    @desk.shell.requires(SEE)
    def traffic() -> Page:
        return _show(desk)

    @blueprint.post("/traffic/halt")
    @desk.shell.requires(ACT)
    def halt() -> Page:
        return _act(desk, desk.traffic.halt, "halted")

    @blueprint.post("/traffic/resume")
    @desk.shell.requires(ACT)
    def resume() -> Page:
        return _act(desk, desk.traffic.resume, "resumed")


def _show(desk: Desk, status: int = 200, error: str = "") -> Page:
    text = render_template(
        "kept/traffic.html",
        halted=desk.traffic.halted(),
        kinds=list(Kind),
        routes=routes(),
        typed=_typed(desk),
        done=request.args.get("done", ""),
        error=error,
    )
    return text, status


def _act(desk: Desk, act: Callable[..., None], word: str) -> Page:
    kind, mode = request.form.get("kind", ""), request.form.get("mode", "")
    name = request.form.get("name", "").strip()[:NAME_CHARACTERS_MAX]
    if kind not in set(Kind) or mode not in set(Mode):
        return _show(desk, WRONG)
    try:
        act(Mode(mode), Target(Kind(kind), name), why=desk.why(), who=desk.who())
    except NeverWorks as error:
        return _show(desk, WRONG, str(error))
    return redirect(url_for(".traffic", done=f"{word}-{mode}"), 303)


def _typed(desk: Desk) -> dict[str, str]:
    kept = desk.shell.typed() or {}
    return {name: request.form.get(name, (kept.get(name) or [""])[0]) for name in ("kind", "name")}
