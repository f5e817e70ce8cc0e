"""Handle once: the effect, the inbox mark, the stored outcome and the outbox rows commit
together, many messages a transaction, a savepoint each.
"""

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hub.envelope import Message
from hub.errors import NeverWorks, Refusal, Refused, TryAgain, broken_at
from hub.messages import message_type
from hub.parking import Reason
from hub.ports import (
    Answer,
    Clock,
    Contracts,
    Handled,
    InboxEntry,
    InboxState,
    Metrics,
    Store,
    Taken,
    Unit,
)
from hub.refusals import cannot_rebuild

_log = logging.getLogger(__name__)

Handler = Callable[[Message, Unit, datetime], Handled]
# What a repeat is told of a request that is handled, once its answer was pruned.
Rebuild = Callable[[InboxEntry, Unit], Answer]

DONE = "DONE"
WOKEN_MAX = 100


@dataclass(frozen=True, slots=True)
class Refusals:
    """The refusals that the inbox itself gives, and how a refusal becomes an answer."""

    reference_reused: Refusal
    request_too_old: Refusal
    pending: Refusal
    answer: Callable[[Refusal], Answer]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the inbox, in seconds."""

    request_age_seconds_max: float = 7 * 86_400
    wait_seconds_max: float = 120


@dataclass(slots=True)
class _Left:
    """What a commit leaves to do.

    ``changed``: subjects whose waiting messages may go on. ``waits``: messages to look at again,
    each with the subject that its row in the waiting room names; empty where the row is lent.
    """

    changed: list[str] = field(default_factory=list)
    waits: deque[tuple[Message, str]] = field(default_factory=deque)

    def add(self, other: "_Left") -> None:
        """Take on what another commit leaves."""
        self.changed += other.changed
        self.waits += other.waits


class Inbox:
    """Gives each message to its handler exactly once and keeps the outcome for ever.

    A message that waits is looked at once more after its row is committed: what it waits for may
    have been committed just before, by a worker that did not see it waiting. What comes later
    finds the row.
    """

    def __init__(
        self,
        store: Store,
        handlers: Mapping[str, Handler],
        *,
        contracts: Contracts,
        refusals: Refusals,
        clock: Clock,
        metrics: Metrics,
        limits: Limits | None = None,
        rebuild: Rebuild | None = None,
    ) -> None:
        """``handlers`` by message type key. Without ``rebuild`` no answer may be pruned."""
        self._store = store
        self._handlers = handlers
        self._contracts = contracts
        self._refusals = refusals
        self._clock = clock
        self._metrics = metrics
        self._limits = limits or Limits()
        self._rebuild = rebuild or cannot_rebuild
        self._unkept: list[Message] = []
        self._left = _Left()

    def handle(self, messages: Sequence[Message]) -> None:
        """Handle a batch and commit; TryAgain if the database cannot serve now.

        When anything goes wrong, the whole batch is abandoned and handled anew one message a
        transaction: two batches that blocked each other then no longer do, a database that is
        away still is, and the message that fails by itself is parked with its reason.
        """
        left = _Left()
        self._unkept = []
        try:
            with self._store.unit() as unit:
                for message in messages:
                    self._one(message, unit, left)
        except Exception as error:
            if isinstance(error, TryAgain) and len(messages) == 1:
                raise
            self._metrics.count("lupu_inbox_batches_abandoned_total")
            self._singly(messages)
            return
        self._left.add(left)
        self._go_on_if_possible()

    def _singly(self, messages: Sequence[Message]) -> None:
        try:
            for message in messages:
                self._alone(message)
        finally:
            self._go_on_if_possible()

    def take_unkept(self) -> Sequence[Message]:
        """Return, once, the messages that could be neither handled nor parked."""
        unkept, self._unkept = self._unkept, []
        return unkept

    def note(self, refused: Sequence[Message]) -> None:
        """Write into the inside book what came and was refused; it lies in the quarantine."""
        with self._store.unit() as unit:
            for message in refused:
                unit.take(message, Taken.QUARANTINED)

    def wake_due(self) -> int:
        """Handle waiting messages whose deadline has passed; return how many."""
        self._go_on()
        woken = self._wake(())
        self._go_on()
        return woken

    def _alone(self, message: Message, awaited: str | None = None) -> None:
        left = _Left()
        try:
            with self._store.unit() as unit:
                self._one(message, unit, left, awaited)
        except TryAgain:
            raise
        except Exception as error:  # noqa: BLE001  the message is kept with it and waits for a person
            self._park(message, error, is_new=awaited is None)
            return
        self._left.add(left)

    def _park(self, message: Message, error: Exception, *, is_new: bool) -> None:
        facts = {"request": str(message.id), "error": type(error).__name__}
        try:
            digest = self._digest(message)
        except NeverWorks:
            digest = ""
        try:
            with self._store.unit() as unit:
                entry = unit.entry(message.id)
                what = _what(entry, digest)
                if entry and (entry.state is InboxState.HANDLED or what is Taken.REUSED):
                    # Parked in its place it would undo an outcome, or hide what waits.
                    unit.take(message, what)
                    self._repeat(message, digest, entry, unit)
                    return
                unit.park(message, digest, str(Reason.of(error)))
                if is_new:
                    unit.take(message, Taken.PARKED)
            _log.error("inbox.parked", extra={**facts, "place": broken_at(error)})
            self._metrics.count("lupu_inbox_parked_total")
        except TryAgain:
            raise
        except Exception as worse:  # noqa: BLE001  the worker must outlive a message that cannot be kept
            _log.error("inbox.unkept", extra={**facts, "unkept": type(worse).__name__})
            self._unkept.append(message)

    def _go_on_if_possible(self) -> None:
        # What was handled is committed: trouble now is no reason to handle it again.
        with suppress(TryAgain):
            self._go_on()

    def _go_on(self) -> None:
        """Do what commits have left; what is interrupted stays to be done."""
        left = self._left
        while left.waits or left.changed:
            if left.waits:
                self._alone(*left.waits[0])
                left.waits.popleft()
            else:
                self._wake_all(left.changed)
                left.changed.clear()

    def _wake(self, subjects: Sequence[str]) -> int:
        woken = self._store.woken(subjects, self._clock.now(), WOKEN_MAX)
        self._left.waits += [(waiting.message, "") for waiting in woken]
        return len(woken)

    def _wake_all(self, subjects: Sequence[str]) -> None:
        # Whoever is left out would wait for a deadline, though its turn has come.
        while self._wake(subjects) == WOKEN_MAX:
            continue

    def _one(self, message: Message, unit: Unit, left: _Left, awaited: str | None = None) -> None:
        """Handle a message in ``unit``; one looked at again says what its row waits for."""
        digest = self._digest(message)
        entry = unit.entry(message.id)
        if awaited is None:
            unit.take(message, _what(entry, digest))
        if entry is None or (awaited is not None and entry.state is InboxState.WAITING):
            self._first(message, digest, unit, left, awaited=awaited)
        elif awaited is None:
            self._repeat(message, digest, entry, unit)

    def _digest(self, message: Message) -> str:
        return self._contracts.digest(message_type(message.type).element, message.body)

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
        unit.send([reply(message, answer)])

    def _first(
        self, message: Message, digest: str, unit: Unit, left: _Left, *, awaited: str | None
    ) -> None:
        now = self._clock.now()
        handled = self._effect(message, unit, now)
        deadline = message.accepted_at + timedelta(seconds=self._limits.wait_seconds_max)
        waits = bool(handled.wait_for) and now < deadline
        if waits and handled.wait_for == awaited:
            return  # its row stays untouched, for whoever is about to wake it
        state = InboxState.WAITING if waits else InboxState.HANDLED
        answer, code = (None, "") if waits else (handled.answer, handled.outcome_code)
        entry = InboxEntry(message.id, digest, state, answer, code, subject=handled.subject)
        unit.record(message, entry, now)
        if waits:
            unit.wait(message, handled.wait_for, deadline)
            left.waits.append((message, handled.wait_for))
            return
        unit.send([reply(message, handled.answer), *handled.messages])
        self._metrics.count("lupu_inbox_handled_total", outcome=handled.outcome_code)
        left.changed += handled.changed

    def _effect(self, message: Message, unit: Unit, now: datetime) -> Handled:
        age_seconds = (now - message.accepted_at).total_seconds()
        expired = message.expires_at is not None and now > message.expires_at
        if expired or age_seconds > self._limits.request_age_seconds_max:
            return self._refused(self._refusals.request_too_old)
        try:
            with unit.savepoint():
                return self._handlers[message.type](message, unit, now)
        except Refused as refused:
            return self._refused(refused.refusal, refused.subject)

    def _refused(self, refusal: Refusal, subject: str = "") -> Handled:
        return Handled(self._refusals.answer(refusal), refusal.code, subject=subject)


def _what(entry: InboxEntry | None, digest: str) -> Taken:
    seen = Taken.REPEAT if entry is not None and entry.digest == digest else Taken.REUSED
    return seen if entry is not None else Taken.FIRST


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
    )
