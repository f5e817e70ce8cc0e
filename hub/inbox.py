"""Handle once: the effect, the inbox mark, the stored outcome and the outbox rows commit
together, many messages a transaction, a savepoint each.
"""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import islice

from hub.counting import from_nought
from hub.envelope import Message
from hub.errors import TryAgain, broken_at
from hub.handling import Handler, Handling, Left, Look, Rebuild, Refusals, reply
from hub.ports import Clock, Contracts, InboxEntry, InboxState, Metrics, Store, Taken
from hub.refusals import cannot_rebuild
from hub.steps import Step, Steps, followed
from hub.trace import CONSUMER, Tracer
from hub.turns import Limits, LineOf, no_line

__all__ = ["DONE", "Handler", "Inbox", "Limits", "LineOf", "Rebuild", "Refusals", "reply"]

_log = logging.getLogger(__name__)

DONE = "DONE"
WOKEN_MAX = 100
# So many of those whose turn has come are looked at in one transaction.
LOOKS_MAX = 20
COUNTED = (
    *("lupu_inbox_parked_total", "lupu_inbox_retried_total", "lupu_inbox_reused_total"),
    *("lupu_inbox_repeats_total", "lupu_inbox_batches_abandoned_total"),
)


class Inbox:
    """Gives each message to its handler exactly once and keeps the outcome for ever.

    A message that waits is looked at once more after its row is committed: what it waits for may
    have been committed just before, by a worker that did not see it waiting. What comes later
    finds the row.

    The error's class decides what becomes of a message that fails (``hub/turns.py``): TryAgain
    is a dependency's, it stops the route and counts nothing; NeverWorks is parked; any other is
    tried again a few times, then parked. Later messages for the same line wait behind it.
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
        line_of: LineOf = no_line,
        limits: Limits | None = None,
        rebuild: Rebuild | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        """``handlers`` by message type key; ``line_of`` as in ``Turns``.

        Without ``rebuild`` no answer may be pruned.
        """
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._steps = Steps(clock, tracer)
        from_nought(metrics, *COUNTED)
        self._handling = Handling(
            handlers,
            line_of,
            contracts=contracts,
            refusals=refusals,
            clock=clock,
            metrics=metrics,
            limits=limits or Limits(),
            rebuild=rebuild or cannot_rebuild,
        )
        self._unkept: list[Message] = []
        self._left = Left()
        # Of the batch given last, how many from its first on need not be handled anew.
        self.finished = 0

    def handle(self, messages: Sequence[Message]) -> None:
        """Handle a batch and commit; TryAgain if the database cannot serve now.

        After TryAgain the first ``finished`` messages are committed, or unkept: only the others
        are to be given again, for else the book would say that those came twice.

        When anything goes wrong, the whole batch is abandoned and handled anew one message a
        transaction: two batches that blocked each other then no longer do, a database that is
        away still is, and the message that fails by itself is kept with its reason.
        """
        self._unkept = []
        self.finished = 0
        try:
            self._together([(message, None) for message in messages])
        except Exception as error:
            if isinstance(error, TryAgain) and len(messages) == 1:
                raise
            self._metrics.count("lupu_inbox_batches_abandoned_total")
            self._singly(messages)
            return
        self.finished = len(messages)
        self._go_on_if_possible()

    def _together(self, given: Sequence[tuple[Message, Look | None]]) -> None:
        """Handle some in one transaction; any trouble with one is raised, and none is handled."""
        left = Left()
        steps = [self._steps.begin(message) for message, _ in given]
        with self._store.unit() as unit:
            for (message, look), step in zip(given, steps, strict=True):
                self._handling.one(followed(message, step), unit, left, look)
        self._left.add(left)
        for (_, look), step in zip(given, steps, strict=True):
            self._end(step, look, together=len(given))

    def _singly(self, messages: Sequence[Message]) -> None:
        try:
            for message in messages:
                self._alone(message)
                self.finished += 1
        finally:
            self._go_on_if_possible()

    def take_unkept(self) -> Sequence[Message]:
        """Return, once, the messages that could be neither handled nor kept."""
        unkept, self._unkept = self._unkept, []
        return unkept

    def note(self, refused: Sequence[Message]) -> None:
        """Write into the inside book what came and was refused; it lies in the quarantine."""
        with self._store.unit() as unit:
            for message in refused:
                unit.take(message, Taken.QUARANTINED)

    def wake_due(self) -> int:
        """Handle waiting messages that are due or whose deadline has passed; return how many."""
        self._go_on()
        woken = self._wake(())
        self._go_on()
        return woken

    def _alone(self, message: Message, look: Look | None = None) -> None:
        left, step = Left(), self._steps.begin(message)
        message = followed(message, step)
        try:
            with self._store.unit() as unit:
                self._handling.one(message, unit, left, look)
        except TryAgain:
            raise
        except Exception as error:  # noqa: BLE001  the message is kept with it and tried again
            self._keep(message, error, look)
            self._end(step, look, failed=True)
            return
        self._left.add(left)
        self._end(step, look)

    def _end(
        self,
        step: Step | None,
        look: Look | None = None,
        *,
        together: int = 1,
        failed: bool = False,
    ) -> None:
        if step is not None:
            name = "worker handle" if look is None else "worker handle again"
            self._steps.end(step, name, CONSUMER, failed=failed, **{"lupu.together": together})

    def _keep(self, message: Message, error: Exception, look: Look | None) -> None:
        """Keep a message that fails by itself, in its place in line if that can be told."""
        worse: Exception = error
        for in_line in (True, False):
            try:
                with self._store.unit() as unit:
                    kept = self._handling.failed(message, error, unit, look, in_line=in_line)
            except TryAgain:
                raise
            except Exception as another:  # noqa: BLE001  the worker must outlive what cannot be kept
                worse = another
            else:
                self._tell(kept, error)
                return
        facts = {"request": str(message.id), "error": type(error).__name__}
        _log.error("inbox.unkept", extra={**facts, "unkept": type(worse).__name__})
        self._unkept.append(message)

    def _tell(self, kept: InboxEntry | None, error: Exception) -> None:
        if kept is None:
            return
        facts = {"request": str(kept.id), "error": type(error).__name__}
        facts |= {"place": broken_at(error), "attempts": str(kept.attempts)}
        if kept.state is InboxState.PARKED:
            _log.error("inbox.parked", extra=facts)
            self._metrics.count("lupu_inbox_parked_total")
        else:
            _log.warning("inbox.retried", extra=facts)
            self._metrics.count("lupu_inbox_retried_total")

    def _go_on_if_possible(self) -> None:
        # What was handled is committed: trouble now is no reason to handle it again.
        with suppress(TryAgain):
            self._go_on()

    def _go_on(self) -> None:
        """Do what commits have left; what is interrupted stays to be done."""
        left = self._left
        while left.looks or left.changed:
            if left.looks:
                self._look_again(list(islice(left.looks, LOOKS_MAX)))
            else:
                self._wake_all(left.changed)
                left.changed.clear()

    def _look_again(self, looks: Sequence[Look]) -> None:
        """Look at the first of those whose turn has come: together, or each alone."""
        if len(looks) > 1:
            try:
                self._together([(look.message, look) for look in looks])
            except Exception:  # noqa: BLE001  whichever it is finds its end alone
                self._metrics.count("lupu_inbox_batches_abandoned_total")
            else:
                for _ in looks:
                    self._left.looks.popleft()
                return
        for look in looks:
            self._alone(look.message, look)
            self._left.looks.popleft()

    def _wake(self, subjects: Sequence[str]) -> int:
        woken = self._store.woken(subjects, self._clock.now(), WOKEN_MAX)
        self._left.looks += [Look(one.message, "", one.deadline) for one in woken]
        return len(woken)

    def _wake_all(self, subjects: Sequence[str]) -> None:
        # Whoever is left out would wait for a deadline, though its turn has come.
        while self._wake(subjects) == WOKEN_MAX:
            continue
