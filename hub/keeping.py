"""Refused messages, offered to the quarantine until it has confirmed each."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue

from hub.backoff import Backoff
from hub.envelope import Wire
from hub.ports import Delivery, Metrics, Published, Quarantine

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Refused:
    delivery: Delivery
    reason: str
    offered: bool = False
    is_aside: bool = False
    given_back: bool = False


class Keeping:
    """Has refused deliveries kept, and sets aside those that the quarantine does not take.

    These are offered again, all together, after a pause that grows while it takes nothing;
    meanwhile others go on. Everything here runs on one thread.
    """

    def __init__(
        self,
        channel: str,
        quarantine: Quarantine,
        *,
        kept: Callable[[Delivery, str], None],
        may_wait: Callable[[Delivery, str], bool],
        monotonic: Callable[[], float],
        metrics: Metrics,
        backoff: Backoff,
    ) -> None:
        """``kept`` is told of each delivery with its reason, to acknowledge it.

        ``may_wait`` is asked, with why it was not taken, before one is set aside: False means
        that it has been given back and comes again. ``backoff`` says how long each pause is.
        """
        self._channel = channel
        self._quarantine = quarantine
        self._kept = kept
        self._may_wait = may_wait
        self._monotonic = monotonic
        self._metrics = metrics
        self._backoff = backoff
        self._not_before = 0.0
        self._away = False
        self._refused: dict[_Refused, None] = {}
        metrics.gauge("lupu_quarantine_waiting", 0, channel=channel)
        self._aside = 0

    def keep(self, delivery: Delivery, reason: str) -> bool:
        """Have a refused delivery kept; return False if it is known, and has come again."""
        refused = self._known(delivery) if delivery.redelivered else None
        is_new = refused is None
        if refused is None:
            refused = _Refused(delivery, reason)
            self._refused[refused] = None
        refused.delivery = delivery
        refused.given_back = False
        if not refused.offered:
            self._offer(refused)
        return is_new

    def offer_again(self) -> None:
        """Offer what is set aside, if its pause is over; to be called about every second."""
        if self._aside and self._monotonic() >= self._not_before:
            for refused in [one for one in self._refused if not one.offered]:
                self._offer(refused)

    def set_aside(self) -> int:
        """Return how many are set aside."""
        return self._aside

    def forget(self) -> None:
        """Let go of what is set aside: every delivery is given back, and comes again."""
        for refused in list(self._refused):
            refused.given_back = True
            if not refused.offered:
                self._drop(refused)

    def _known(self, delivery: Delivery) -> _Refused | None:
        # After a reconnect all that waits is delivered anew: one copy is enough, and the tag of
        # before is void. What came on the same channel and looks alike is another message: the
        # first may be kept by now, taken out again and sent anew, and this be what was sent.
        before = (one for one in self._refused if one.delivery.channel < delivery.channel)
        alike = (one for one in before if one.delivery.wire == delivery.wire)
        return min(alike, key=lambda one: one.delivery.tag, default=None)

    def _offer(self, refused: _Refused) -> None:
        refused.offered = True
        wire, reason = refused.delivery.wire, refused.reason
        self._quarantine.keep(wire, reason, partial(self._on_end, refused))

    def _on_end(self, refused: _Refused, outcome: Published) -> None:
        refused.offered = False
        if outcome is Published.CONFIRMED:
            self._drop(refused)
            self._kept(refused.delivery, refused.reason)
            self._on_taken()
            return
        self._on_not_taken(outcome)
        why = f"{refused.reason}; the quarantine: {outcome.value}"
        if refused.given_back or not self._may_wait(refused.delivery, why):
            self._drop(refused)
        elif not refused.is_aside:
            refused.is_aside = True
            self._count_aside(+1)

    def _on_taken(self) -> None:
        if self._away:
            self._away = False
            self._backoff.reset()
            self._not_before = 0.0
            _log.info("quarantine.back", extra={"channel": self._channel})

    def _on_not_taken(self, outcome: Published) -> None:
        if self._monotonic() >= self._not_before:
            self._not_before = self._monotonic() + self._backoff.next_seconds()
        if not self._away:
            self._away = True
            facts = {"channel": self._channel, "reason": f"it was {outcome.value}"}
            _log.warning("quarantine.away", extra=facts)

    def _drop(self, refused: _Refused) -> None:
        if refused in self._refused:
            del self._refused[refused]
            self._count_aside(-refused.is_aside)

    def _count_aside(self, more: int) -> None:
        if more:
            self._aside += more
            gauge = "lupu_quarantine_waiting"
            self._metrics.gauge(gauge, self._aside, channel=self._channel)


class CrossingQuarantine:
    """A quarantine of another thread: asked over there, heard over here."""

    def __init__(self, quarantine: Quarantine, run: Callable[[Callable[[], None]], None]) -> None:
        """``run`` hands a function to the thread that publishes."""
        self._quarantine = quarantine
        self._run = run
        self._ended: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def keep(self, wire: Wire, reason: str, settled: Callable[[Published], None]) -> None:
        """Keep, see ``hub.ports.Quarantine``; ``settled`` is called by ``hear``."""

        def ended(outcome: Published) -> None:
            self._ended.put(partial(settled, outcome))

        self._run(partial(self._quarantine.keep, wire, reason, ended))

    def hear(self) -> None:
        """Tell, on the caller's thread, of all that has ended."""
        while not self._ended.empty():
            self._ended.get()()
