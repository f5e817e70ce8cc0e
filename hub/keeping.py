"""Refused messages of a worker, offered to the quarantine until it has confirmed each."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue

from hub.backoff import Backoff
from hub.ports import Delivery, Metrics, Published, Quarantine

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Refused:
    delivery: Delivery
    reason: str
    offered: bool = False


class Keeping:
    """Acknowledges a refused delivery once the quarantine has it, and not before.

    What it did not take is offered again, all together, after a pause that grows while it takes
    nothing; meanwhile the worker goes on with other messages. ``keep`` and ``offer_again`` are
    called by the worker's thread; the quarantine is asked, and settles, on the thread that
    ``run`` hands to.
    """

    def __init__(
        self,
        quarantine: Quarantine,
        acknowledge: Callable[[Delivery], None],
        *,
        run: Callable[[Callable[[], None]], None],
        metrics: Metrics,
        backoff: Backoff,
    ) -> None:
        """``backoff`` says how long each pause is."""
        self._quarantine = quarantine
        self._acknowledge = acknowledge
        self._run = run
        self._metrics = metrics
        self._backoff = backoff
        self._not_before = 0.0
        self._away = False
        self._waiting: list[_Refused] = []
        self._settled: SimpleQueue[tuple[_Refused, Published]] = SimpleQueue()

    def keep(self, delivery: Delivery, reason: str) -> None:
        """Have a refused delivery kept with its reason."""
        if delivery.redelivered and self._take_over(delivery):
            return
        refused = _Refused(delivery, reason)
        self._waiting.append(refused)
        self._offer(refused)

    def offer_again(self) -> None:
        """Offer what was not taken, if its pause is over; called at every turn of the worker."""
        while not self._settled.empty():
            self._on_end(*self._settled.get())
        if self._waiting and time.monotonic() >= self._not_before:
            for refused in self._waiting:
                if not refused.offered:
                    self._offer(refused)

    def _take_over(self, delivery: Delivery) -> bool:
        # After a reconnect all that waits is delivered anew: one copy is enough, and the tag of
        # before is void. Of two alike the one that came first has waited for its turn longest.
        alike = (one for one in self._waiting if one.delivery.wire == delivery.wire)
        refused = min(alike, key=lambda one: one.delivery.tag, default=None)
        if refused is None or refused.delivery.tag >= delivery.tag:
            return False
        refused.delivery = delivery
        return True

    def _offer(self, refused: _Refused) -> None:
        refused.offered = True

        def settled(outcome: Published) -> None:
            self._settled.put((refused, outcome))

        wire, reason = refused.delivery.wire, refused.reason
        self._run(lambda: self._quarantine.keep(wire, reason, settled))

    def _on_end(self, refused: _Refused, outcome: Published) -> None:
        refused.offered = False
        if outcome is Published.CONFIRMED:
            self._acknowledge(refused.delivery)
            self._waiting.remove(refused)
            self._backoff.reset()
            self._not_before = 0.0
            self._say(away=False)
            return
        if time.monotonic() >= self._not_before:
            self._not_before = time.monotonic() + self._backoff.next_seconds()
        self._say(away=True, why=outcome.value)

    def _say(self, *, away: bool, why: str = "") -> None:
        self._metrics.gauge("lupu_worker_refused_waiting", len(self._waiting))
        if away and not self._away:
            _log.warning("quarantine.away", extra={"reason": f"it was {why}"})
        if self._away and not away:
            _log.info("quarantine.back")
        self._away = away
