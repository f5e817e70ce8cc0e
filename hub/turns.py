"""Whose turn it is: a message that fails by itself is tried again, then parked; one that is paused
is kept; later messages for the same business object wait behind it meanwhile.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from hub.envelope import Message, RequestId
from hub.errors import NeverWorks
from hub.parking import Reason
from hub.ports import InboxEntry, InboxState, Unit
from hub.traffic import Target

_PAUSES_GROW_BY = 4

LineOf = Callable[[Message, Unit], str]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the inbox, in seconds.

    A message is tried ``attempts_max`` times, the pauses between growing fourfold from
    ``retry_seconds_min`` to ``retry_seconds_max``. One that waits behind another is looked at
    again after ``behind_seconds``, one that is paused after ``paused_seconds``, in case nobody
    woke it.
    """

    request_age_seconds_max: float = 7 * 86_400
    wait_seconds_max: float = 120
    attempts_max: int = 5
    retry_seconds_min: float = 5
    retry_seconds_max: float = 600
    behind_seconds: float = 300
    paused_seconds: float = 3_600

    def pause(self, attempts: int) -> timedelta:
        """Return how long to wait after so many failures."""
        seconds = self.retry_seconds_min * _PAUSES_GROW_BY ** min(attempts - 1, 20)
        return timedelta(seconds=min(seconds, self.retry_seconds_max))


class Turn(NamedTuple):
    """A message's line, and the request that it must wait for: empty where it is its turn."""

    line: str
    before: str


FREE = Turn("", "")


def no_line(_message: Message, _unit: Unit) -> str:
    """Let no message wait for another."""
    return ""


def after(request_id: object) -> str:
    """Return what a message waits for that stands behind a request."""
    return f">{request_id}"


class Turns:
    """Keeps messages in their order while one of them is retried or parked."""

    def __init__(self, line_of: LineOf, limits: Limits) -> None:
        """``line_of`` names the business object a message is about, empty where there is none."""
        self._line_of = line_of
        self._limits = limits

    def of(self, message: Message, unit: Unit, *, has_waited: bool = False) -> Turn:
        """Return whether it is a message's turn; while nobody stands in line it always is.

        ``has_waited``: it had its turn and what it names was not there. Only one that is retried
        or parked is before it then: two that stood behind each other by turns would never end.
        """
        if unit.line.is_empty():
            return FREE
        line = self._line_of(message, unit)
        before = unit.line.ahead(message.id, line) if line else ""
        if not before or (has_waited and not self._is_held_up(before, line, unit)):
            return FREE
        return Turn(line, before)

    def _is_held_up(self, before: str, line: str, unit: Unit) -> bool:
        """Return whether one that is retried or parked stands there, or further ahead."""
        while before:
            entry = unit.entry(RequestId.parse(before))
            if entry is None or entry.state is not InboxState.BEHIND:
                return True
            before = unit.line.ahead(entry.id, line)
        return False

    def wait(
        self, message: Message, entry: InboxEntry, turn: Turn, unit: Unit, now: datetime
    ) -> datetime:
        """Keep a message until its turn comes; return when to look at it again if nobody did."""
        unit.record(message, replace(entry, state=InboxState.BEHIND), now)
        unit.line.join(message.id, turn.line)
        due = now + timedelta(seconds=self._limits.behind_seconds)
        unit.wait(message, after(turn.before), due)
        return due

    def pause(
        self, message: Message, entry: InboxEntry, pause: Target, unit: Unit, now: datetime
    ) -> datetime:
        """Keep a message in its place while it is paused; return when to look at it again."""
        unit.record(message, replace(entry, state=InboxState.PAUSED), now)
        self.stand(message, unit)
        due = now + timedelta(seconds=self._limits.paused_seconds)
        unit.wait(message, pause.subject, due)
        return due

    def keep(
        self, message: Message, entry: InboxEntry, error: Exception, unit: Unit, now: datetime
    ) -> InboxEntry:
        """Keep a message that failed: to be tried again, or parked if it never will work."""
        attempts = entry.attempts + 1
        parks = isinstance(error, NeverWorks) or attempts >= self._limits.attempts_max
        state = InboxState.PARKED if parks else InboxState.RETRIED
        kept = replace(entry, state=state, attempts=attempts)
        if parks:
            unit.park(message, kept, str(Reason.of(error)))
        else:
            unit.record(message, kept, now)
            unit.wait(message, "", now + self._limits.pause(attempts))
        return kept

    def stand(self, message: Message, unit: Unit) -> None:
        """Give a message that is kept its place, so that later ones wait behind it."""
        line = self._line_of(message, unit)
        if line:
            unit.line.join(message.id, line)
