"""The loop of an application that handles requests in batches."""

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from hub.backoff import Backoff
from hub.counting import from_nought
from hub.envelope import Message, request_of
from hub.errors import GuardBroken, NeverWorks, TryAgain, Unkept, broken
from hub.guard import Guard
from hub.inbox import WOKEN_MAX, Inbox
from hub.intake import Intake, Source, lane_of
from hub.keeping import CrossingQuarantine, Keeping
from hub.machine import MACHINE, Machine
from hub.messages import Lane
from hub.outbox import Outbox
from hub.parking import Reason
from hub.ports import (
    Consumer,
    Delivery,
    Metrics,
    Quarantine,
)

_log = logging.getLogger(__name__)

Run = Callable[[Callable[[], None]], None]


@dataclass(frozen=True, slots=True)
class Pace:
    """How the worker's loop moves: batch size, waits and pauses in seconds."""

    batch_max: int = 50
    idle_seconds: float = 0.05
    retry_seconds_min: float = 0.5
    retry_seconds_max: float = 15.0
    chore_seconds: float = 1.0
    mark_seconds: float = 0.2
    settle_seconds_max: float = 2.0


class RequestWorker:
    """Takes requests, has them handled once, publishes what was committed, acknowledges.

    A database that is away pauses the queue for as long as it lasts; nothing is counted against
    the messages, and it is said once.
    """

    def __init__(
        self,
        inbox: Inbox,
        outbox: Outbox,
        guard: Guard,
        *,
        run: Run,
        quarantine: Quarantine,
        metrics: Metrics,
        pace: Pace,
        chores: Callable[[], None],
        machine: Machine = MACHINE,
    ) -> None:
        """``chores`` is called about every ``chore_seconds``: sweeps, publishing, waking."""
        self._inbox = inbox
        self._outbox = outbox
        self._guard = guard
        self._run_on_loop = run
        self._quarantine = CrossingQuarantine(quarantine, run)
        self._keeping = Keeping(
            "worker",
            self._quarantine,
            kept=lambda delivery, _: self._acknowledge(delivery),
            may_wait=lambda _delivery, _why: True,
            monotonic=machine.monotonic,
            metrics=metrics,
            backoff=Backoff(pace.retry_seconds_min, pace.retry_seconds_max, machine.chance),
        )
        self._metrics, self._machine = metrics, machine
        self._pace, self._chores = pace, chores
        self._intake = Intake(machine.box())
        self._held: list[tuple[Delivery, Message]] = []
        self._pause_seconds = pace.retry_seconds_min
        self._unnoted: list[Message] = []
        self._stopping = threading.Event()
        self._next_chore = self._next_mark = 0.0
        self._taken_at: dict[Lane, datetime] = {}
        from_nought(metrics, "lupu_worker_refused_total")

    def start(self, consumer: Consumer, sources: Mapping[Lane, Source]) -> None:
        """Subscribe; deliveries wait until ``run`` takes them."""
        self._intake.start(consumer, sources)

    def stop(self) -> None:
        """End ``run`` after the batch under way."""
        self._stopping.set()

    def run(self) -> None:
        """Handle until ``stop``."""
        while not self._stopping.is_set():
            if pause_seconds := self.step():
                self._stopping.wait(pause_seconds)
        self.settle()

    def step(self) -> float:
        """Handle what has come, or wait for it a little; return how many seconds to pause."""
        pace = self._pace
        if not self._held:
            self._held = self._checked(self._intake.take(pace.batch_max, pace.idle_seconds))
        for delivery, message in reversed(self._held):
            self._taken_at[lane_of(delivery)] = message.accepted_at
        if not self._unnoted:
            self._quarantine.hear()
        self._keeping.offer_again()
        seconds_min = pace.retry_seconds_min
        try:
            self._handle(self._held)
        except TryAgain as error:
            if self._pause_seconds == seconds_min:
                _log.warning("worker.paused", extra={"reason": str(error)[:300]})
            pause_seconds = self._pause_seconds
            self._pause_seconds = min(pause_seconds * 2, pace.retry_seconds_max)
            return pause_seconds
        if self._pause_seconds != seconds_min:
            _log.info("worker.resumed")
            self._pause_seconds = seconds_min
        return 0.0

    def taken_at(self, lane: Lane) -> datetime | None:
        """Return when the oldest of the lane's last batch was accepted."""
        return self._taken_at.get(lane)

    def holds(self, lane: Lane) -> bool:
        """Return whether a batch of a lane is being handled, or waits: for its turn, or for the
        database.
        """
        return self._intake.holds(lane) or any(lane_of(one) is lane for one, _ in self._held)

    def settle(self) -> None:
        """Mark what is being published: whoever comes next would publish it again."""
        monotonic = self._machine.monotonic
        deadline = monotonic() + self._pace.settle_seconds_max
        with suppress(TryAgain):
            self._outbox.mark()
            while self._outbox.under_way() and monotonic() < deadline:
                self._machine.sleep(self._pace.idle_seconds)
                self._outbox.mark()

    def _handle(self, held: list[tuple[Delivery, Message]]) -> None:
        self._note()
        # With nothing of its own to publish it leaves the database alone until the chores look.
        publishing = bool(held) or self._outbox.under_way() > 0
        if held:
            try:
                self._inbox.handle([message for _, message in held])
            except TryAgain:
                self._let_go(held)
                raise
            self._let_go(held)
        if publishing:
            self._outbox.publish_soon()
        self._mark()
        if self._machine.monotonic() >= self._next_chore:
            more = self._inbox.wake_due() >= WOKEN_MAX  # then the next of them at once
            self._next_chore = self._machine.monotonic() + (not more) * self._pace.chore_seconds
            self._chores()
            self._outbox.publish_soon()

    def _let_go(self, held: list[tuple[Delivery, Message]]) -> None:
        # What is left, and what follows, may have to be tried again; what was handled must not.
        unkept = {str(message.id) for message in self._inbox.take_unkept()}
        for delivery, message in held[: self._inbox.finished]:
            if str(message.id) in unkept:
                self._refuse(delivery, Unkept("It could be neither handled nor parked."))
            else:
                self._acknowledge(delivery)
        del held[: self._inbox.finished]

    def _note(self) -> None:
        # Until this is in the book, what was refused is not acknowledged: see ``step``.
        if self._unnoted:
            self._inbox.note(self._unnoted)
            self._unnoted.clear()

    def _mark(self) -> None:
        # A commit of its own: at low load it waits for others to share it, and delays no answer.
        now = self._machine.monotonic()
        if self._outbox.settled() >= self._pace.batch_max or now >= self._next_mark:
            self._next_mark = now + self._pace.mark_seconds
            self._outbox.mark()

    def _checked(self, deliveries: list[Delivery]) -> list[tuple[Delivery, Message]]:
        checked = []
        for delivery in deliveries:
            try:
                message = self._guard.check(delivery.wire).message
            except NeverWorks as error:
                self._refuse(delivery, error)
            except Exception as error:  # noqa: BLE001  it would come back and end the worker for ever
                _log.error("guard.broken", extra={"channel": "worker", **broken(error)})
                self._refuse(delivery, GuardBroken(f"{type(error).__name__} in the guard."))
            else:
                checked.append((delivery, message))
        return checked

    def _refuse(self, delivery: Delivery, error: NeverWorks) -> None:
        why = str(Reason.of(error))
        _log.warning("worker.refused", extra={"request": request_of(delivery.wire), "reason": why})
        self._metrics.count("lupu_worker_refused_total")
        refused = self._guard.brought(delivery.wire)
        if refused is not None:
            self._unnoted.append(refused)
        self._keeping.keep(delivery, why)

    def _acknowledge(self, delivery: Delivery) -> None:
        self._run_on_loop(lambda: self._intake.acknowledge(delivery))


class OfLane(NamedTuple):
    """What a worker takes of one lane, as a watch asks."""

    worker: RequestWorker
    lane: Lane

    def taken_at(self) -> datetime | None:
        """Return when the oldest of the last batch was accepted."""
        return self.worker.taken_at(self.lane)

    def holds(self) -> bool:
        """Return whether anything is held that is not done."""
        return self.worker.holds(self.lane)
