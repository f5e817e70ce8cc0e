"""When a channel takes messages and how many: all, none, or one to try the destination with."""

import enum
import logging
import random
from collections.abc import Callable
from functools import partial
from typing import Protocol

from hub.backoff import Backoff
from hub.machine import Chance
from hub.ports import Metrics, Subscription

_log = logging.getLogger(__name__)

PAUSE_SECONDS_FIRST = 2.0
PAUSE_SECONDS_MAX = 30.0
READY_POLL_SECONDS = 1.0
START_SECONDS = 0.5
SETTLE_SECONDS = 5.0
WATCH_SECONDS = 5.0
CALM_SECONDS = 30.0
PROBE_PREFETCH = 1
ANYWHERE = ""
_NOT_THERE = object()


class Later(Protocol):
    """Runs a function after some seconds on the channel's own thread."""

    def call_later(self, seconds: float, function: Callable[[], None]) -> None:
        """Run ``function`` once, after ``seconds``."""


class _State(enum.Enum):
    MOVING = "moving"
    SETTLING = "settling"
    WAITING = "waiting"
    PROBING = "probing"
    ENDED = "ended"


class Flow:
    """Stops at the first message that is not taken, and finds out when to go on.

    It takes no more, lets what is under way settle, gives the rest back, waits longer each
    time, and then tries with one message. Only when a place that refused has confirmed, or
    nothing more was given back for CALM_SECONDS, are many taken again. What is not confirmed at
    all is given back too: whoever holds messages for long is cut off by the broker.

    ``taking``, ``troubled`` and ``under_way`` (by tag, the oldest first) are for the channel to
    read on its way; all else is done here, on the same thread.
    """

    def __init__(
        self,
        name: str,
        *,
        later: Later,
        metrics: Metrics,
        ready: Callable[[], bool],
        given_back: Callable[[], None],
        chance: Chance = random.random,
    ) -> None:
        """``given_back`` is told when every delivery of before has become void."""
        self.taking = True
        self.troubled = False
        self.under_way: dict[int, object] = {}
        self._name = name
        self._later = later
        self._metrics = metrics
        self._ready = ready
        self._given_back = given_back
        self._state = _State.MOVING
        self._backoff = Backoff(PAUSE_SECONDS_FIRST, PAUSE_SECONDS_MAX, chance)
        self._refusing: set[str] = set()
        self._turn = 0
        self._oldest: int | None = None
        self._subscription: Subscription
        self._prefetch_max = PROBE_PREFETCH

    def start(self, subscription: Subscription, prefetch_max: int) -> None:
        """Watch over ``subscription``, which has just begun.

        At the start of a process no connection is open yet: that is waited for, not said.
        """
        self._subscription = subscription
        self._prefetch_max = prefetch_max
        self._metrics.gauge("lupu_channel_paused", 0, channel=self._name)
        self._later.call_later(WATCH_SECONDS, self._watch)
        if not self._ready():
            self.taking = False
            self._state = _State.WAITING
            subscription.pause()
            self._later.call_later(START_SECONDS, self._begin)

    def end(self) -> None:
        """Take no more, for good; what is under way still settles."""
        self.taking = False
        self._turn += 1
        self._state = _State.ENDED

    def not_taken(self, tag: int, place: str, why: str) -> None:
        """Stop: ``place`` (or ANYWHERE) did not take a message; one given back counts no more."""
        if self.under_way.pop(tag, _NOT_THERE) is _NOT_THERE:
            return
        if self._state is _State.SETTLING:
            self._refusing.add(place)
            self._settled()
        elif self._state is not _State.ENDED:
            self._stop(place, why)

    def taken(self, *places: str) -> None:
        """While troubled: a message has settled well, and these places are proved by it."""
        if self._state is _State.SETTLING:
            self._settled()
        elif self._state is _State.PROBING:
            self._refusing.difference_update(places)
            if not self._refusing:
                self._resume()

    def _begin(self) -> None:
        if self._state is _State.ENDED:
            return
        if not self._ready():
            self._trouble(ANYWHERE, "the destination is away, or the agents are not known")
            self._probe()
            return
        self.taking = True
        self._state = _State.MOVING
        self._subscription.resume(self._prefetch_max)

    def _stop(self, place: str, why: str) -> None:
        self.taking = False
        self._turn += 1
        self._state = _State.SETTLING
        self._trouble(place, why)
        self._later.call_later(SETTLE_SECONDS, partial(self._settled_or_not, self._turn))
        self._settled()

    def _trouble(self, place: str, why: str) -> None:
        self._refusing.add(place)
        if not self.troubled:
            self.troubled = True
            self._metrics.gauge("lupu_channel_paused", 1, channel=self._name)
            _log.warning("channel.paused", extra={"channel": self._name, "reason": why})

    def _settled(self) -> None:
        if not self.under_way:
            self._give_back()

    def _settled_or_not(self, turn: int) -> None:
        if turn == self._turn and self._state is _State.SETTLING:
            self._give_back()

    def _give_back(self) -> None:
        self._state = _State.WAITING
        self.under_way.clear()
        self._subscription.pause()
        self._given_back()
        self._later.call_later(self._backoff.next_seconds(), self._probe)

    def _probe(self) -> None:
        if self._state is _State.ENDED:
            return
        if not self._ready():
            self._later.call_later(READY_POLL_SECONDS, self._probe)
            return
        self._state = _State.PROBING
        self.taking = True
        self._later.call_later(CALM_SECONDS, partial(self._calm, self._turn))
        self._subscription.resume(PROBE_PREFETCH)

    def _calm(self, turn: int) -> None:
        if turn != self._turn:
            return
        if self._state is _State.PROBING:
            self._refusing.clear()
            if not self.under_way:  # else it goes on when that has settled
                self._resume()
        elif self._state is _State.MOVING:
            self._backoff.reset()

    def _resume(self) -> None:
        self._state = _State.MOVING
        self.troubled = False
        self._metrics.gauge("lupu_channel_paused", 0, channel=self._name)
        _log.info("channel.resumed", extra={"channel": self._name})
        self._later.call_later(CALM_SECONDS, partial(self._calm, self._turn))
        # A prefetch holds for a whole subscription, so there has to be another.
        self._subscription.pause()
        self._given_back()
        self._subscription.resume(self._prefetch_max)

    def _watch(self) -> None:
        oldest = next(iter(self.under_way), None)
        if oldest is not None and oldest == self._oldest and self.taking:
            self._stop(ANYWHERE, f"nothing was confirmed for {WATCH_SECONDS:.0f} s")
        self._oldest = oldest
        self._later.call_later(WATCH_SECONDS, self._watch)
