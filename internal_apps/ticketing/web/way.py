"""The way of a message as the pages show it: each place it passed, and the time between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.ports import InboxState
from internal_apps.ticketing.history import Step
from internal_apps.ticketing.web import words
from internal_apps.ticketing.web.books import AgentName
from internal_apps.ticketing.web.desk import Desk
from internal_apps.ticketing.web.forms import sentence

ACCEPTED = sentence("accepted")
PASSED = sentence("passed on")
TAKEN = sentence("taken up")
COMMITTED = sentence("committed")
LOOKED_AT = sentence("looked at last")
REPLIED = sentence("reply sent")

MILLISECONDS = 1_000


@dataclass(frozen=True, slots=True)
class Point:
    """A place on the way: its kind and number, what happened, when, how long after the last."""

    place: str
    number: str
    event: str
    at: datetime
    after_ms: int | None


@dataclass(frozen=True, slots=True)
class Asker:
    """Who sent a message: a member of staff by name, or an agent by name and number."""

    name: str
    number: str
    is_staff: bool


@dataclass(frozen=True, slots=True)
class Way:
    """One message about a booking, with its whole way."""

    step: Step
    operation: str
    asker: Asker
    outcome: str
    is_done: bool
    points: Sequence[Point]
    total_ms: int
    is_reply_due: bool


def ways(desk: Desk, steps: Sequence[Step]) -> list[Way]:
    """Return the way of every message, the latest first."""
    agents = desk.books.agent_names()
    return [_way(desk, step, agents) for step in reversed(steps)]


def asker(desk: Desk, sender: str, agents: Mapping[str, AgentName]) -> Asker:
    """Return who a sender is."""
    kind, _, number = sender.partition(":")
    if kind == "staff":
        return Asker(desk.shell.name_of(number), "", is_staff=True)
    names = agents.get(sender)
    if names is None:
        return Asker("", number, is_staff=False)
    chinese = desk.shell.language() == "zh"
    return Asker(names.name_zh if chinese else names.name_en, number, is_staff=False)


def _way(desk: Desk, step: Step, agents: Mapping[str, AgentName]) -> Way:
    done = step.outcome_code == "DONE"
    operation = step.request_id.operation
    outcome = words.OUTCOMES.get(step.outcome_code, words.OTHER_OUTCOME)
    points = _points(step)
    return Way(
        step=step,
        operation=(words.OPERATIONS if done else words.TRIED).get(operation, operation),
        asker=asker(desk, step.request_id.sender, agents),
        outcome=words.UNFINISHED.get(step.state, outcome),
        is_done=done,
        points=points,
        total_ms=_milliseconds(points[0].at, points[-1].at),
        is_reply_due=step.replied_at is None and step.state == InboxState.HANDLED.value,
    )


def _points(step: Step) -> list[Point]:
    passed = [(hop.place, PASSED, hop.at) for hop in step.hops if hop.place != step.origin]
    events = [(step.origin, ACCEPTED, step.accepted_at), *passed]
    is_handled = step.state == InboxState.HANDLED.value
    looked_at = COMMITTED if is_handled else LOOKED_AT
    events += [("ticketing", TAKEN, step.taken_at), ("ticketing", looked_at, step.handled_at)]
    if step.replied_at is not None:
        events.append(("ticketing", REPLIED, step.replied_at))
    points: list[Point] = []
    for place, event, at in events:
        kind, _, number = place.rpartition("-") if "-" in place else (place, "", "")
        after_ms = _milliseconds(points[-1].at, at) if points else None
        name = words.PLACES.get(kind, words.OTHER_PLACE)
        points.append(Point(name, number, event, at, after_ms))
    return points


def _milliseconds(start: datetime, end: datetime) -> int:
    # Clocks of two machines differ a little; a way never goes back in time.
    return max(0, round((end - start).total_seconds() * MILLISECONDS))
