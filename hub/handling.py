"""One message in one transaction: its first sight, a repeat, a look again, a failure."""

import hashlib
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from hub.envelope import Message
from hub.errors import NeverWorks, Refusal, Refused
from hub.messages import message_type
from hub.ports import (
    Answer,
    Clock,
    Contracts,
    InboxEntry,
    InboxState,
    Metrics,
    Taken,
    Unit,
)
from hub.turns import Limits, LineOf, Turns, after

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Handled:
    """What a handler returns.

    ``answer`` goes back to whoever asked and is stored as the outcome; ``outcome_code`` names
    it (``DONE`` or the refusal's code). ``messages`` go elsewhere. ``changed`` names subjects
    whose waiting messages may now go on. ``wait_for``: nothing was done, the message names this
    subject, which is not yet there; ``answer`` is then the refusal of the deadline.
    ``subject`` names the business object that the message is about, for its history. Without
    ``keeps_body`` its document is not stored: what it brought is stored as requests of its own.
    """

    answer: Answer
    outcome_code: str
    messages: Sequence[Message] = ()
    changed: Sequence[str] = ()
    wait_for: str = ""
    subject: str = ""
    keeps_body: bool = True


Handler = Callable[[Message, Unit, datetime], Handled]
# What a repeat is told of a request that is handled, once its answer was pruned.
Rebuild = Callable[[InboxEntry, Unit], Answer]

_IN_LINE = frozenset({InboxState.RETRIED, InboxState.BEHIND, InboxState.PAUSED})
_OPEN = _IN_LINE | {InboxState.WAITING}


@dataclass(frozen=True, slots=True)
class Refusals:
    """The refusals that the inbox itself gives, and how a refusal becomes an answer."""

    reference_reused: Refusal
    request_too_old: Refusal
    pending: Refusal
    answer: Callable[[Refusal], Answer]


class Look(NamedTuple):
    """A kept message to be looked at again.

    ``awaited`` is the subject that its row in the waiting room names, empty where the row is
    lent; ``deadline`` is when it is refused if what it names is not there, while it is WAITING.
    """

    message: Message
    awaited: str
    deadline: datetime


@dataclass(slots=True)
class Left:
    """What a commit leaves to do.

    ``changed``: subjects whose waiting messages may go on. ``looks``: messages to look at again.
    """

    changed: list[str] = field(default_factory=list)
    looks: deque[Look] = field(default_factory=deque)

    def add(self, other: "Left") -> None:
        """Take on what another commit leaves."""
        self.changed += other.changed
        self.looks += other.looks


class Handling:
    """Handles one message in an open transaction and says what is left to do after its commit."""

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        line_of: LineOf,
        *,
        contracts: Contracts,
        refusals: Refusals,
        clock: Clock,
        metrics: Metrics,
        limits: Limits,
        rebuild: Rebuild,
    ) -> None:
        """Take what ``Inbox`` was given."""
        self._handlers = handlers
        self._contracts = contracts
        self._refusals = refusals
        self._clock = clock
        self._metrics = metrics
        self._limits = limits
        self._turns = Turns(line_of, limits)
        self._rebuild = rebuild

    def one(self, message: Message, unit: Unit, left: Left, look: Look | None = None) -> None:
        """Handle a message in ``unit``; ``look``: it was kept, and its turn may have come."""
        digest = "" if look else self._digest(message)
        known = unit.entry(message.id)
        if look is None:
            unit.take(message, _what(known, digest))
        if look is None and known is not None:
            self._repeat(message, digest, known, unit)
        elif known is None or known.state in _OPEN:
            self._first(message, known or _new(message, digest), unit, left, look)

    def failed(
        self,
        message: Message,
        error: Exception,
        unit: Unit,
        look: Look | None,
        *,
        in_line: bool,
    ) -> InboxEntry | None:
        """Keep a message that fails by itself, to be tried again or parked; None if a repeat."""
        known = unit.entry(message.id)
        digest = self._digest_if_readable(message)
        if look is None:
            unit.take(message, Taken.PARKED if known is None else _what(known, digest))
        if known is not None and look is None:
            self._repeat(message, digest, known, unit)
            return None
        if known is not None and known.state not in _OPEN:
            return None
        entry = known or _new(message, digest)
        kept = self._turns.keep(message, entry, error, unit, self._clock.now())
        if in_line:
            self._turns.stand(message, unit)
        return kept

    def _digest(self, message: Message) -> str:
        return self._contracts.digest(message_type(message.type).element, message.body)

    def _digest_if_readable(self, message: Message) -> str:
        try:
            return self._digest(message)
        except NeverWorks:
            return hashlib.sha256(message.body).hexdigest()

    def _repeat(self, message: Message, digest: str, entry: InboxEntry, unit: Unit) -> None:
        if entry.digest != digest:
            self._metrics.count("lupu_inbox_reused_total")
            _log.warning("inbox.reference_reused", extra={"request": str(message.id)})
            unit.reused(message, digest, self._clock.now())
            answer = self._refusals.answer(self._refusals.reference_reused)
        elif entry.state is not InboxState.HANDLED:
            answer = self._refusals.answer(self._refusals.pending)
        elif entry.answer is not None:
            answer = entry.answer
        else:
            answer = self._rebuild(entry, unit)
            self._metrics.count("lupu_inbox_rebuilt_total")
        self._metrics.count("lupu_inbox_repeats_total")
        unit.send(replies(message, answer))

    def _first(
        self, message: Message, entry: InboxEntry, unit: Unit, left: Left, look: Look | None
    ) -> None:
        """Give a message to its handler unless it must wait; ``entry`` is what is known of it."""
        now = self._clock.now()
        awaited = look.awaited if look else ""
        may_wait = look is not None or not self._is_too_old(message, now, is_new=True)
        pause = unit.pauses.of(message) if may_wait else None
        if pause is not None:
            if awaited != pause.subject:  # else its row stays, for whoever ends the pause
                due = self._turns.pause(message, entry, pause, unit, now)
                left.looks.append(Look(message, pause.subject, due))
            return
        has_waited = look is not None and entry.state is InboxState.WAITING
        turn = self._turns.of(message, unit, has_waited=has_waited)
        if turn.before and may_wait:
            if awaited != after(turn.before):  # else its row stays, for whoever is to wake it
                due = self._turns.wait(message, entry, turn, unit, now)
                left.looks.append(Look(message, after(turn.before), due))
            return
        handled = self._effect(message, unit, now, is_new=look is None)
        deadline = self._deadline(message, entry, look, now)
        waits = bool(handled.wait_for) and now < deadline
        if waits and handled.wait_for == awaited:
            return  # its row stays untouched, for whoever is about to wake it
        if entry.state in _IN_LINE:
            left.changed.append(after(message.id))
        if waits:
            waiting = replace(entry, state=InboxState.WAITING, subject=handled.subject)
            unit.record(message, waiting, now)
            unit.wait(message, handled.wait_for, deadline)
            left.looks.append(Look(message, handled.wait_for, deadline))
            return
        recorded = message if handled.keeps_body else message._replace(body=b"")
        unit.record(recorded, _done(entry, handled), now)
        unit.send([*replies(message, handled.answer), *handled.messages])
        self._metrics.count("lupu_inbox_handled_total", outcome=handled.outcome_code)
        seconds = (self._clock.now() - message.accepted_at).total_seconds()
        self._metrics.observe("lupu_inbox_lag_seconds", seconds, operation=message.id.operation)
        left.changed += handled.changed

    def _deadline(
        self, message: Message, entry: InboxEntry, look: Look | None, now: datetime
    ) -> datetime:
        """Return when it is refused if what it names is not there by then.

        One that stood in line could not go on before: its time begins now.
        """
        if look is not None and entry.state is InboxState.WAITING:
            return look.deadline
        since = now if look is not None else message.accepted_at
        return since + timedelta(seconds=self._limits.wait_seconds_max)

    def _effect(self, message: Message, unit: Unit, now: datetime, *, is_new: bool) -> Handled:
        if self._is_too_old(message, now, is_new=is_new):
            return self._refused(self._refusals.request_too_old)
        try:
            with unit.savepoint():
                return self._handlers[message.type](message, unit, now)
        except Refused as refused:
            return self._refused(refused.refusal, refused.subject)

    def _is_too_old(self, message: Message, now: datetime, *, is_new: bool) -> bool:
        """The age is judged at first sight only, for what is kept here waits for us."""
        age_seconds = (now - message.accepted_at).total_seconds()
        expired = message.expires_at is not None and now > message.expires_at
        is_old = age_seconds > self._limits.request_age_seconds_max
        return expired or (is_new and is_old and message_type(message.type).ages)

    def _refused(self, refusal: Refusal, subject: str = "") -> Handled:
        return Handled(self._refusals.answer(refusal), refusal.code, subject=subject)


def _what(entry: InboxEntry | None, digest: str) -> Taken:
    seen = Taken.REPEAT if entry is not None and entry.digest == digest else Taken.REUSED
    return seen if entry is not None else Taken.FIRST


def _new(message: Message, digest: str) -> InboxEntry:
    return InboxEntry(message.id, digest, InboxState.WAITING, None, "")


def _done(entry: InboxEntry, handled: Handled) -> InboxEntry:
    return replace(
        entry,
        state=InboxState.HANDLED,
        answer=handled.answer,
        outcome_code=handled.outcome_code,
        subject=handled.subject,
    )


def replies(message: Message, answer: Answer) -> list[Message]:
    """Return the reply, where one is waited for."""
    return [reply(message, answer)] if message.reply_to else []


def reply(message: Message, answer: Answer) -> Message:
    """Return the reply to ``message``: same id, and its transmission as correlation."""
    return Message(
        type=answer.type,
        id=message.id,
        transmission=message.transmission,
        accepted_at=message.accepted_at,
        body=answer.body,
        reply_to=message.reply_to,
        correlation=str(message.transmission),
        hops=message.hops,
        trace=message.trace,
        trace_state=message.trace_state,
    )
