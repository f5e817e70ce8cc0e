"""What is kept: by place and reason, with counts and the oldest; one reason whole, in bulk."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request, url_for

from hub.errors import NeverWorks, TryAgain
from hub.parking import End, Ended, Place
from internal_apps.parking.domain import Wanted
from internal_apps.parking.web import words
from internal_apps.parking.web.desk import ACT, CONFLICT, SEE, WRONG, Desk, Page

AGES_HOURS = (1, 8, 24, 168)
NAMES_CHARACTERS_MAX = 160


def add_listing(blueprint: Blueprint, desk: Desk) -> None:
    """Add the lists and what is done to many at once."""

    @blueprint.get("/kept")
    @desk.shell.requires(SEE)
    def listing() -> Page:
        return show(desk, desk.place(request.args.get("place", Place.PARKED.value)))

    @blueprint.post("/kept/<place>/replay")
    @desk.shell.requires(ACT)
    def replay(place: str) -> Page:
        return _act(desk, desk.place(place), "replayed")

    @blueprint.post("/kept/<place>/discard")
    @desk.shell.requires(ACT)
    def discard(place: str) -> Page:
        return _act(desk, desk.place(place), "discarded")


def show(desk: Desk, place: Place, status: int = 200, **more: object) -> Page:
    """Return the list of a place; one that is away says so, and the others can be reached."""
    wanted, error = _wanted(desk), ""
    count_max = desk.work.settings.bulk_max
    try:
        found = desk.work.find(place, wanted, count_max)
    except TryAgain as away:
        found, error, status = None, type(away).__name__, 503
    text = render_template(
        "kept/list.html",
        place=place,
        places=desk.reached(),
        found=found,
        wanted=wanted,
        waiting=len(desk.work.corrections.waiting()),
        hours=request.values.get("hours", "", type=str)[:4],
        ages=AGES_HOURS,
        done=words.done(request.args.get("done", ""), place),
        count=request.args.get("count", 0, type=int),
        away=error,
        rate=f"{desk.work.settings.replays_per_second:g}",
        **more,
    )
    return text, status


def _wanted(desk: Desk) -> Wanted:
    hours = request.values.get("hours", 0, type=int)
    before = desk.clock.now() - timedelta(hours=min(hours, 100_000)) if hours > 0 else None
    kind, type_ = request.values.get("kind", "")[:80], request.values.get("type", "")[:60]
    return Wanted(kind, type_, before)


def _act(desk: Desk, place: Place, word: str) -> Page:
    names = [name[:NAMES_CHARACTERS_MAX] for name in request.form.getlist("name")]
    names = list(dict.fromkeys(names))[: desk.work.settings.bulk_max]
    act: Callable[..., Sequence[Ended]] = (
        desk.work.replay if word == "replayed" else desk.work.discard
    )
    return _ended(desk, place, word, partial(act, place, names, why=_why(), who=desk.who()))


def _ended(desk: Desk, place: Place, word: str, act: Callable[[], Sequence[Ended]]) -> Page:
    try:
        ended = act()
    except NeverWorks as error:
        return show(desk, place, WRONG, error=str(error))
    undone = [one for one in ended if one.end is not End.DONE]
    if undone:
        return show(desk, place, CONFLICT, undone=undone, tried=len(ended), word=word)
    after = {"place": place.value, "done": word, "count": str(len(ended))}
    return redirect(f"{url_for('.listing')}?{urlencode(after)}", 303)


def _why() -> str:
    return request.form.get("why", "")
