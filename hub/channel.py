"""The channel: takes from one broker, passes the guard, publishes to the other, and only when
that is confirmed acknowledges. A message is never acknowledged for any other reason but that it
lies confirmed in the other broker or in the quarantine.
"""

import logging
import random
from collections.abc import Callable
from datetime import datetime
from functools import partial
from hashlib import sha256

from hub.backoff import Backoff
from hub.counting import from_nought
from hub.envelope import Message, Wire, onward, request_of
from hub.errors import AgentsOlder, GuardBroken, KeyNotTrusted, NeverWorks, TryAgain, broken
from hub.flow import ANYWHERE, Flow, Later
from hub.guard import Checked, Guard
from hub.keeping import Keeping
from hub.machine import Chance
from hub.messages import MessageType
from hub.parking import Reason
from hub.ports import (
    Address,
    Clock,
    Consumer,
    Delivery,
    Metrics,
    Published,
    Publisher,
    Quarantine,
    Subscription,
)
from hub.steps import Step, Steps
from hub.trace import CONSUMER, Tracer
from hub.undecided import Undecided

_log = logging.getLogger(__name__)

QUARANTINE = "the quarantine"
COUNTED = (
    *("lupu_channel_moved_total", "lupu_channel_unwanted_total"),
    *("lupu_channel_refused_total", "lupu_channel_quarantined_total"),
)
# Of a prefetch, what the quarantine does not take may hold a tenth; beyond that all pauses.
ASIDE_SHARE = 10
OFFER_SECONDS = 1.0
OFFER_SECONDS_MAX = 30.0
_CONFIRMED = Published.CONFIRMED
_BY_ONE_QUEUE = (Published.RETURNED, Published.REFUSED)

Route = Callable[[Message, MessageType], Address]
Settled = Callable[[Published], None]
Seal = Callable[[Wire, Message, MessageType], Wire]


class Channel:
    """Moves one queue. Everything here runs on one thread, that of the brokers' loop.

    While the destination does not take messages, ``Flow`` has it pause. What the quarantine does
    not take is set aside and the others go on, until that is too many: then all pauses too.
    Where it is ``witnessed``, what is sent on says which bytes crossed, for the books.
    """

    def __init__(
        self,
        name: str,
        place: str,
        *,
        guard: Guard,
        route: Route,
        publisher: Publisher,
        quarantine: Quarantine,
        later: Later,
        clock: Clock,
        metrics: Metrics,
        persistent: bool,
        drop_unwanted: bool = False,
        chance: Chance = random.random,
        witnessed: bool = False,
        seal: Seal | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        """``seal``: how what is sent on is sealed, where it is.

        ``drop_unwanted``: what no queue takes, or a full one refuses, is counted and dropped
        (replies only: one gateway that does not read must not stop the answers of all).
        """
        self.name = name
        self._place = place
        self._guard = guard
        self._route = route
        self._publisher, self._clock, self._metrics = publisher, clock, metrics
        self._persistent, self._drop_unwanted = persistent, drop_unwanted
        self._witnessed, self._seal, self._later = witnessed, seal, later
        self._steps = Steps(clock, tracer)
        self._keeping = self._new_keeping(quarantine, chance)
        self._undecided = Undecided(clock.monotonic)
        self._flow = self._new_flow(chance)
        self._under_way = self._flow.under_way
        self._aside_max, self.queue = 0, ""
        self._taken_at: datetime | None = None
        self._subscription: Subscription

    def _new_keeping(self, quarantine: Quarantine, chance: Chance) -> Keeping:
        return Keeping(
            self.name,
            quarantine,
            kept=self._kept,
            may_wait=self._may_wait,
            monotonic=self._clock.monotonic,
            metrics=self._metrics,
            backoff=Backoff(OFFER_SECONDS, OFFER_SECONDS_MAX, chance),
        )

    def _new_flow(self, chance: Chance) -> Flow:
        return Flow(
            self.name,
            later=self._later,
            metrics=self._metrics,
            ready=lambda: self._publisher.ready() and self._guard.ready(),
            given_back=self._forget,
            chance=chance,
        )

    def start(self, consumer: Consumer, queue: str, prefetch_max: int) -> None:
        """Begin to move ``queue``."""
        self.queue = queue
        from_nought(self._metrics, *COUNTED, channel=self.name)
        self._subscription = consumer.subscribe(queue, prefetch_max, self._deliver)
        self._flow.start(self._subscription, prefetch_max)
        self._aside_max = max(1, prefetch_max // ASIDE_SHARE)
        self._later.call_later(OFFER_SECONDS, self._offer_again)

    def end(self) -> None:
        """Take no more; what is under way still settles and is acknowledged."""
        self._flow.end()

    def settled(self) -> bool:
        """Return whether nothing is under way."""
        return not self._under_way

    def taken_at(self) -> datetime | None:
        """Return when the message that was taken last was accepted."""
        return self._taken_at

    def holds(self) -> bool:
        """Return whether anything is under way."""
        return bool(self._under_way)

    def _deliver(self, delivery: Delivery) -> None:
        if not self._flow.taking:
            return
        wire, tag = delivery.wire, delivery.tag
        self._under_way[tag] = None
        try:
            checked = self._guard.check(wire)
            self._taken_at = checked.message.accepted_at
            to = self._route(checked.message, checked.row)
            step = self._steps.begin(checked.message)
            sent = self._onward(wire, checked, step)
        except AgentsOlder as error:
            self._wait_or_refuse(delivery, error.refusal)
            return
        except TryAgain as error:
            self._flow.not_taken(tag, ANYWHERE, str(error))
            return
        except NeverWorks as error:
            if self._drop_unwanted and isinstance(error, KeyNotTrusted):
                self._unwanted(tag)  # its gateway is out, or has no key to open it with
            else:
                self._refuse(delivery, error)
            return
        except Exception as error:  # noqa: BLE001  it would come back and break the guard for ever
            _log.error("guard.broken", extra={"channel": self.name, **broken(error)})
            self._refuse(delivery, GuardBroken(f"{type(error).__name__} in the guard."))
            return
        # Only the tag waits for the confirm: thousands of whole messages would not fit a cache.
        settled = partial(self._published, tag, to)
        if step is not None:
            settled = partial(self._crossed, step, settled)
        self._publisher.publish(to, sent, settled)

    def _onward(self, wire: Wire, checked: Checked, step: Step | None) -> Wire:
        sent = onward(
            checked.wire,
            checked.message,
            place=self._place,
            at=self._clock.now(),
            persistent=self._persistent,
            crossed=sha256(wire.body).hexdigest() if self._witnessed else "",
            trace="" if step is None else step.context.parent,
        )
        if self._seal is not None:
            return self._seal(sent, checked.message, checked.row)
        return sent

    def _crossed(self, step: Step, settled: Settled, outcome: Published) -> None:
        failed = outcome is not _CONFIRMED
        self._steps.end(step, "hub cross", CONSUMER, failed=failed, **{"lupu.lane": self.name})
        settled(outcome)

    def _published(self, tag: int, to: Address, outcome: Published) -> None:
        if outcome is _CONFIRMED:
            self._metrics.count("lupu_channel_moved_total", channel=self.name)
            # As in _done, without the call: nearly every message goes this way.
            self._subscription.acknowledge(tag)
            self._under_way.pop(tag, None)
            if self._flow.troubled:
                self._flow.taken(to.routing_key, ANYWHERE)
        elif self._drop_unwanted and outcome in _BY_ONE_QUEUE:
            self._unwanted(tag, to.routing_key, ANYWHERE)
        else:
            place = to.routing_key if outcome in _BY_ONE_QUEUE else ANYWHERE
            self._flow.not_taken(tag, place, f"sent to {to.routing_key}: {outcome.value}")

    def _unwanted(self, tag: int, *proved: str) -> None:
        self._metrics.count("lupu_channel_unwanted_total", channel=self.name)
        self._done(tag, *proved)

    def _refuse(self, delivery: Delivery, why: NeverWorks) -> None:
        if self._keeping.keep(delivery, str(Reason.of(why))):
            self._metrics.count("lupu_channel_refused_total", channel=self.name)

    def _kept(self, delivery: Delivery, why: str) -> None:
        self._metrics.count("lupu_channel_quarantined_total", channel=self.name)
        request = request_of(delivery.wire)
        facts = {"channel": self.name, "request": request, "reason": why}
        _log.warning("guard.refused", extra=facts)
        self._done(delivery.tag, QUARANTINE)

    def _may_wait(self, delivery: Delivery, why: str) -> bool:
        is_first = delivery.tag in self._under_way
        if is_first and self._keeping.set_aside() >= self._aside_max:
            self._flow.not_taken(delivery.tag, QUARANTINE, why)
            return False
        if is_first:
            self._leave(delivery.tag)
        return True

    def _wait_or_refuse(self, delivery: Delivery, why: NeverWorks) -> None:
        if self._undecided.may_wait(delivery, self._aside_max):
            self._leave(delivery.tag)
        else:
            self._refuse(delivery, why)

    def _forget(self) -> None:
        self._keeping.forget()
        self._undecided.forget()

    def _offer_again(self) -> None:
        self._keeping.offer_again()
        for delivery in self._undecided.take():
            self._deliver(delivery)
        self._later.call_later(OFFER_SECONDS, self._offer_again)

    def _done(self, tag: int, *proved: str) -> None:
        self._subscription.acknowledge(tag)
        self._leave(tag, *proved)

    def _leave(self, tag: int, *proved: str) -> None:
        self._under_way.pop(tag, None)
        if self._flow.troubled:
            self._flow.taken(*proved)
