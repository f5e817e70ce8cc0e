"""The two sides compared again and again: what is lost, altered or injected rings by itself."""

import logging
from collections import Counter
from datetime import datetime, timedelta
from typing import NamedTuple

from hub.due import Due
from internal_apps.evidence.compare import WRONG, Comparison, Item, Verdict
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
# What is not yet decided: what was sent with it is looked at again.
_OPEN = (Verdict.IN_FLIGHT, Verdict.AWAITED)


class Wrong(NamedTuple):
    """What became of a transmission that is wrong, and when it was sent or came."""

    verdict: Verdict
    at: datetime


class Comparing:
    """A chore: compares what was sent up to when everything of it must be known.

    That is ``bound_seconds`` ago, and not after the last page of any gateway that is not retired:
    what a silent one sent is compared once its book is here. What is wrong is said once, and
    shown until it is a day old; a start looks back a day.
    """

    def __init__(self, around: Surroundings, settings: Evidence) -> None:
        self._around = around
        self._settings = settings
        self._is_due = Due(around.clock, settings.compare_seconds)
        self._since = around.clock.now() - BACK
        self._wrong: dict[Key, Wrong] = {}

    def __call__(self) -> None:
        """Compare the next slice, if it is time; what cannot be decided yet is left."""
        if not self._is_due():
            return
        now = self._around.clock.now()
        end = self._end(now)
        until = min(self._since + SLICE, end)
        went_on = until > self._since and self._compare(until, now)
        behind = now - timedelta(seconds=self._settings.bound_seconds) - self._since
        seconds = max(behind.total_seconds(), 0.0)
        self._around.metrics.gauge("lupu_evidence_behind_seconds", seconds)
        if went_on and self._since < end:
            self._is_due.at_once()

    def _end(self, now: datetime) -> datetime:
        with self._around.store.database.reading() as connection:
            gateways = heard(connection)
        pages = [one.heard_at for one in gateways if one.retired_at is None]
        return min([now - timedelta(seconds=self._settings.bound_seconds), *pages])

    def _compare(self, until: datetime, now: datetime) -> bool:
        """Compare up to ``until``; return whether all before it is decided."""
        period = Period(self._since, until)
        database = self._around.store.database
        _, comparison = compared(database, period, now, self._settings.bound_seconds)
        self._say(comparison)
        self._show(now)
        open_since = [_at(one, until) for one in comparison.items if one.verdict in _OPEN]
        self._since = max(self._since, min([until, *open_since]))
        return not open_since

    def _say(self, comparison: Comparison) -> None:
        wrong = [
            one for one in comparison.items if one.verdict in WRONG and one.key not in self._wrong
        ]
        for at, one in enumerate(wrong):
            self._wrong[one.key] = Wrong(one.verdict, _at(one, self._since))
            if at < SAID_MAX:
                facts = {"verdict": one.verdict.value, "request": one.request}
                _log.error("evidence.wrong", extra={**facts, "transmission": str(one.key)})

    def _show(self, now: datetime) -> None:
        self._wrong = {key: one for key, one in self._wrong.items() if one.at > now - BACK}
        counts = Counter(one.verdict for one in self._wrong.values())
        for verdict in WRONG:
            self._around.metrics.gauge(
                "lupu_evidence_wrong", counts[verdict], verdict=verdict.value
            )


def _at(one: Item, otherwise: datetime) -> datetime:
    return one.sent_at or one.taken_at or otherwise
