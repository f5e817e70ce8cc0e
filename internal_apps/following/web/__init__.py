"""The page that tells a message's whole story, by whatever name somebody has of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flask import Blueprint, render_template, request

from adapters.database import Database
from hub.envelope import RequestId
from hub.ports import Clock, InboxState
from internal_apps.following.finding import find
from internal_apps.following.story import Story, sentence, story
from internal_apps.showing import Shell
from internal_apps.telling import Event, Source

HERE = Path(__file__).parent
TRANSLATIONS = HERE.parent / "translations"
SEE = "messages.follow"
NOT_FOUND = 404
WHAT_CHARACTERS_MAX = 200
MILLISECONDS = 1_000

# Text, view and permission of the entry that the shell's menu shows.
MENU = ((sentence("Follow a message"), "following.follow", SEE),)

STATES = {
    InboxState.WAITING.value: sentence("waiting"),
    InboxState.RETRIED.value: sentence("tried again"),
    InboxState.BEHIND.value: sentence("behind another"),
    InboxState.PARKED.value: sentence("kept for a person"),
    InboxState.PAUSED.value: sentence("kept by a pause"),
}
DONE = sentence("done")
NEVER_IN = sentence("never came in")


@dataclass(frozen=True, slots=True)
class Desk:
    """What the view works with; of the sources each is asked for those who may see it."""

    shell: Shell
    database: Database
    clock: Clock
    sources: Sequence[Source]

    def allowed(self) -> Sequence[Source]:
        """Return the sources of what whoever is signed in may see."""
        account = self.shell.account()
        return [source for source in self.sources if account.may(source.permission)]


@dataclass(frozen=True, slots=True)
class Step:
    """An event as the page shows it: how long after the one before it."""

    event: Event
    after_ms: int | None


def following_pages(desk: Desk) -> Blueprint:
    """Return the blueprint of the page."""
    blueprint = Blueprint("following", __name__, template_folder=str(HERE.parent / "templates"))

    @blueprint.get("/follow")
    @desk.shell.requires(SEE)
    def follow() -> tuple[str, int]:
        what = request.args.get("what", "").strip()[:WHAT_CHARACTERS_MAX]
        # Found is what anybody may find; told is only what this account may see.
        found = find(desk.database, what, desk.sources) if what else []
        now = desk.clock.now()
        told = [story(desk.database, one, desk.allowed(), now) for one in found]
        only = told[0] if len(told) == 1 else None
        page = render_template(
            "following/follow.html",
            what=what,
            stories=told,
            story=only,
            steps=_steps(only.events) if only else [],
            state_of=_state,
            mark_of=_mark,
            parsed=RequestId.parse,
        )
        return page, 200 if told or not what else NOT_FOUND

    @blueprint.context_processor
    def shown() -> dict[str, object]:
        return {"name_of": desk.shell.name_of}

    return blueprint


def _steps(events: Sequence[Event]) -> Sequence[Step]:
    before: datetime | None = None
    steps = []
    for event in events:
        after = None if before is None else (event.at - before).total_seconds() * MILLISECONDS
        steps.append(Step(event, None if after is None else round(after)))
        before = event.at
    return steps


def _state(one: Story) -> str:
    """Return what became of a request, in words; a refusal's code is said as it is."""
    if one.state == InboxState.HANDLED.value:
        return DONE if one.is_done else one.outcome
    return STATES.get(one.state, NEVER_IN)


def _mark(one: Story) -> str:
    if one.is_done:
        return "confirmed"
    return "expired" if one.state == InboxState.HANDLED.value else "held"
