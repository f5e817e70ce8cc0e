"""Which gateways are silent and which books broke off: said once, and shown as a number."""

import logging
from collections.abc import Collection, Sequence
from datetime import datetime

from adapters.database import InboxStore
from hub.due import Due
from hub.ports import Clock, Metrics
from internal_apps.evidence.domain import Kind
from internal_apps.evidence.entries import Heard, View
from internal_apps.evidence.reading import covers
from internal_apps.evidence.settings import Evidence
from internal_apps.evidence.store import heard

_log = logging.getLogger(__name__)


def silent(gateways: Sequence[Heard], now: datetime, silent_seconds: float) -> list[Heard]:
    """Return those that should have been heard by now."""
    return [
        one
        for one in gateways
        if one.retired_at is None and (now - one.heard_at).total_seconds() > silent_seconds
    ]


class Silence:
    """A chore: says once that a gateway has gone silent, and once that it is back."""

    def __init__(
        self, store: InboxStore, clock: Clock, metrics: Metrics, silent_seconds: float
    ) -> None:
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._silent_seconds = silent_seconds
        self._silent: set[str] = set()

    def __call__(self) -> None:
        """Look once."""
        with self._store.database.reading() as connection:
            gateways = heard(connection)
        now = self._clock.now()
        for one in gateways:
            seconds = 0.0 if one.retired_at else max(0.0, (now - one.heard_at).total_seconds())
            self._metrics.gauge("lupu_evidence_silent_seconds", seconds, origin=one.origin)
        names = {one.origin for one in silent(gateways, now, self._silent_seconds)}
        since = {one.origin: one.heard_at for one in gateways}
        for origin in sorted(names - self._silent):
            at = since[origin].isoformat(timespec="seconds")
            _log.error("evidence.silent", extra={"origin": origin, "since": at})
        for origin in sorted(self._silent - names):
            _log.info("evidence.heard", extra={"origin": origin})
        self._silent = names


class BrokenOff:
    """A chore: says once of a start's book that it has no end though a later start is heard."""

    def __init__(
        self, store: InboxStore, clock: Clock, metrics: Metrics, settings: Evidence
    ) -> None:
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._settings = settings
        self._is_due = Due(clock, settings.look_seconds)
        self._said: set[tuple[str, str]] = set()

    def __call__(self) -> None:
        """Look, if it is time."""
        if not self._is_due():
            return
        with self._store.database.reading() as connection:
            view = View(self._clock.now(), self._settings.bound_seconds, covers(connection))
        kind = Kind.BOOK_UNFINISHED.value
        unfinished = list(view.unfinished(self._settings.silent_seconds))
        self._measure(view, {(one.origin, one.boot) for one in unfinished})
        for one in unfinished:
            if (one.origin, one.boot) in self._said:
                continue
            self._said.add((one.origin, one.boot))
            self._metrics.count("lupu_evidence_findings_total", kind=kind)
            cover, since = one.cover, one.since.isoformat(timespec="seconds")
            facts = {"origin": one.origin, "book": f"{one.boot}.{cover.part}", "page": cover.page}
            _log.error("evidence.found", extra={**facts, "kind": kind, "since": since})

    def _measure(self, view: View, unfinished: Collection[tuple[str, str]]) -> None:
        """Show of each gateway how many of its books have a gap, or broke off."""
        gaps = dict.fromkeys((origin for origin, _ in view.covers), 0)
        for (origin, boot), cover in view.covers.items():
            gaps[origin] += not cover.whole or (origin, boot) in unfinished
        for origin, count in gaps.items():
            self._metrics.gauge("lupu_evidence_gaps", count, origin=origin)
