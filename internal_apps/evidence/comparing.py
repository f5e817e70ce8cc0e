"""The two sides compared again and again: what is lost, altered or injected rings by itself."""

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from hub.due import Due
from internal_apps.evidence.compare import WRONG, Comparison, Verdict
from internal_apps.evidence.entries import Key, Period
from internal_apps.evidence.reading import compared
from internal_apps.evidence.settings import Evidence
from internal_apps.evidence.store import heard
from internal_apps.serving import Surroundings

_log = logging.getLogger(__name__)

# So much is looked back on at a start, and so much is compared at once.
BACK = timedelta(days=1)
SLICE = timedelta(hours=1)
SAID_MAX = 20
# What is not yet decided.
_OPEN = (Verdict.IN_FLIGHT, Verdict.AWAITED)


class Wrong(NamedTuple):
    """What became of a transmission that is wrong, and when it was sent or came."""

    verdict: Verdict
    at: datetime


class Comparing:
    """A chore: compares what was sent up to when everything of it must be known.

    That is ``bound_seconds`` ago, and not after the last page of any gateway that is not retired:
    what a silent one sent is compared once its book is here. A time of which not all is decided
    is looked at again, and holds up no other. What is wrong is said once, and shown until it is a
    day old; a start looks back a day.
    """

    def __init__(self, around: Surroundings, settings: Evidence) -> None:
        self._around = around
        self._bound = timedelta(seconds=settings.bound_seconds)
        self._is_due = Due(around.clock, settings.compare_seconds)
        self._since = around.clock.now() - BACK
        self._open: list[Period] = []
        self._turn = 0
        self._wrong: dict[Key, Wrong] = {}

    def __call__(self) -> None:
        """Compare the next slice, if it is time, and one of those that were left open."""
        if not self._is_due():
            return
        now = self._around.clock.now()
        end = self._end(now)
        self._go_on(end)
        for period in self._chosen():
            if self._is_decided(period, now):
                self._open.remove(period)
        self._show(now)
        if self._since < end:
            self._is_due.at_once()

    def _end(self, now: datetime) -> datetime:
        with self._around.store.database.reading() as connection:
            gateways = heard(connection)
        pages = [one.heard_at for one in gateways if one.retired_at is None]
        return min([now - self._bound, *pages])

    def _go_on(self, end: datetime) -> None:
        since, until = self._since, min(self._since + SLICE, end)
        if until <= since:
            return
        last = self._open[-1] if self._open else None
        if last is not None and last.until == since and until - last.since <= SLICE:
            since = self._open.pop().since
        self._open.append(Period(since, until))
        self._since = until

    def _chosen(self) -> Sequence[Period]:
        """Return the last that is open, and of the others the one whose turn it is."""
        if len(self._open) <= 1:
            return list(self._open)
        *others, last = self._open
        self._turn += 1
        return [others[self._turn % len(others)], last]

    def _is_decided(self, period: Period, now: datetime) -> bool:
        database, bound_seconds = self._around.store.database, self._bound.total_seconds()
        _, comparison = compared(database, period, now, bound_seconds)
        self._say(comparison, period)
        return not any(one.verdict in _OPEN for one in comparison.items)

    def _say(self, comparison: Comparison, period: Period) -> None:
        wrong = [
            one for one in comparison.items if one.verdict in WRONG and one.key not in self._wrong
        ]
        for at, one in enumerate(wrong):
            since = one.sent_at or one.taken_at or period.since
            self._wrong[one.key] = Wrong(one.verdict, since)
            if at < SAID_MAX:
                facts = {"verdict": one.verdict.value, "request": one.request}
                _log.error("evidence.wrong", extra={**facts, "transmission": str(one.key)})

    def _show(self, now: datetime) -> None:
        metrics = self._around.metrics
        known_until = min([self._since, *(period.since for period in self._open)])
        behind_seconds = (now - self._bound - known_until).total_seconds()
        metrics.gauge("lupu_evidence_behind_seconds", max(behind_seconds, 0.0))
        self._wrong = {key: one for key, one in self._wrong.items() if one.at > now - BACK}
        counts = Counter(one.verdict for one in self._wrong.values())
        for verdict in WRONG:
            metrics.gauge("lupu_evidence_wrong", counts[verdict], verdict=verdict.value)
