"""What handling a kept message would do: it is really handled, in a transaction that is undone."""

import enum
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Protocol

from hub.envelope import Message
from hub.errors import TryAgain
from hub.handling import Handling, Left, Look
from hub.inbox import Limits
from hub.parking import Reason
from hub.ports import Answer, Clock, Contracts, InboxEntry, InboxState, Unit
from internal_apps.serving import Application


class Foreseen(enum.Enum):
    """How a replay would end.

    OUTCOME: with this outcome. BEHIND: it would wait for an earlier request that is kept. PAUSED:
    until its pause is ended. WAITING: for what it names, which is not there. FAILS: it would
    fail again. GONE: it is kept no more. Of what lies in a quarantine: REFUSED: the guard would
    refuse it again; else it passes and, inside, is FIRST of its request, a REPEAT whose outcome
    is told again, OPEN: told that it waits, REUSED: refused, for its reference was used for
    something else, TOO_OLD.
    """

    OUTCOME = "outcome"
    BEHIND = "behind"
    PAUSED = "paused"
    WAITING = "waiting"
    FAILS = "fails"
    GONE = "gone"
    REFUSED = "refused"
    FIRST = "first"
    REPEAT = "repeat"
    OPEN = "open"
    REUSED = "reused"
    TOO_OLD = "too old"


@dataclass(frozen=True, slots=True)
class Preview:
    """What a replay would do now: the outcome with its document, or why there is none."""

    foreseen: Foreseen
    code: str = ""
    answer: Answer | None = None
    reason: Reason | None = None
    before: str = ""


Foresee = Callable[[Message], Preview]


class Unheard:
    """Implements ``hub.ports.Metrics`` and tells nobody: what is undone is not counted."""

    def count(self, name: str, by: int = 1, **labels: str) -> None:
        """Count nothing."""

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Measure nothing."""

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set nothing."""


class Writing(Unit, Protocol):
    """A transaction that may gather what it writes."""

    def write(self) -> None:
        """Write what is gathered, so that the database says what it thinks of it."""


class Writes(Protocol):
    """The database of the applications."""

    def unit(self) -> AbstractContextManager[Writing]:
        """Open a transaction; undo it on any error."""


class _Undone(Exception):
    """Raised to undo all that was foreseen."""


class Foreseeing:
    """Handles a parked message of one application and undoes it; nothing of it stays."""

    def __init__(
        self,
        store: Writes,
        application: Application,
        *,
        contracts: Contracts,
        clock: Clock,
    ) -> None:
        """Handle as the worker of ``application`` does."""
        self._store = store
        self._clock = clock
        self._line_of = application.line_of
        self._handling = Handling(
            application.handlers,
            application.line_of,
            contracts=contracts,
            refusals=application.refusals,
            clock=clock,
            metrics=Unheard(),
            limits=Limits(),
            rebuild=_nothing,
        )

    def __call__(self, message: Message) -> Preview:
        """Return what handling this message now would do; TryAgain where nobody can say."""
        found = Preview(Foreseen.GONE)
        try:
            with self._store.unit() as unit:
                entry = unit.entry(message.id)
                if entry is None or entry.state is not InboxState.PARKED:
                    return found
                now = self._clock.now()
                unit.record(message, replace(entry, state=InboxState.RETRIED), now)
                self._handling.one(message, unit, Left(), Look(message, "", now))
                unit.write()
                found = self._seen(message, unit)
                raise _Undone  # noqa: TRY301  leaving the unit by an error is how it is undone
        except _Undone:
            return found
        except TryAgain:
            raise
        except Exception as error:  # noqa: BLE001  whatever a replay would meet is what is asked for
            return Preview(Foreseen.FAILS, reason=Reason.of(error))

    def _seen(self, message: Message, unit: Writing) -> Preview:
        entry = unit.entry(message.id)
        if entry is not None and entry.state is InboxState.HANDLED:
            return Preview(Foreseen.OUTCOME, entry.outcome_code, entry.answer)
        if entry is not None and entry.state is InboxState.BEHIND:
            line = self._line_of(message, unit)
            return Preview(Foreseen.BEHIND, before=unit.line.ahead(message.id, line))
        if entry is not None and entry.state is InboxState.PAUSED:
            return Preview(Foreseen.PAUSED)
        return Preview(Foreseen.WAITING)


def _nothing(entry: InboxEntry, _unit: object) -> Answer:
    raise LookupError(f"{entry.id} is handled.")
