"""Settings that every application's worker has."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from adapters.database import Journal
from adapters.database.tables import ANSWER, BODY, PROOF
from hub.errors import SettingsError
from hub.inbox import Limits
from hub.ports import Clock, Metrics


@dataclass(frozen=True, slots=True)
class Worker:
    """Settings of a worker: what it holds at once, its batches, how long a request may live.

    ``sent_kept_seconds``: how long an answer that was sent stays in the outbox. A request that
    fails by itself is tried ``attempts_max`` times, the pauses growing between the two bounds.
    ``..._kept_days``: how long after a request was handled its document, its answer, and what its
    agent signed stay in the database; 0 is for ever. Request id, digest and outcome code always
    stay for ever. ``journal``: the folder of what it took in and decided, in clear, for
    ``journal_kept_hours`` and up to ``journal_mib_max``; without one there is none.
    """

    section: ClassVar[str] = "worker"
    urgent_prefetch_max: int = 200
    requests_prefetch_max: int = 500
    bulk_prefetch_max: int = 5
    queries_prefetch_max: int = 100
    batch_max: int = 50
    chore_seconds: float = 1.0
    request_age_seconds_max: float = 7 * 86_400
    wait_seconds_max: float = 120
    attempts_max: int = 5
    retry_seconds_min: float = 5.0
    retry_seconds_max: float = 600.0
    sent_kept_seconds: float = 3_600.0
    bodies_kept_days: int = 400
    answers_kept_days: int = 400
    proofs_kept_days: int = 400
    journal: Path = Path()
    journal_kept_hours: float = 48
    journal_mib_max: int = 4_096

    def check(self) -> None:
        """SettingsError where something is to be kept for less than no time, or never tried."""
        if min(self._days()) < 0:
            raise SettingsError("[worker] ..._kept_days cannot be below 0; 0 keeps for ever.")
        if self.journal_kept_hours <= 0 or self.journal_mib_max < 1:
            raise SettingsError("[worker] a journal is kept for above 0 hours, in 1 MiB or more.")
        if self.attempts_max < 1 or not 0 < self.retry_seconds_min <= self.retry_seconds_max:
            raise SettingsError(
                "[worker] needs attempts_max of 1 or more, and retry_seconds_min above 0 and not "
                "above retry_seconds_max."
            )

    def kept(self) -> Mapping[str, timedelta]:
        """Return how long each kind of stored part is kept; what is kept for ever is not named."""
        days = zip((BODY, ANSWER, PROOF), self._days(), strict=True)
        return {kind: timedelta(days=count) for kind, count in days if count}

    def _days(self) -> tuple[int, int, int]:
        return self.bodies_kept_days, self.answers_kept_days, self.proofs_kept_days

    def limits(self) -> Limits:
        """Return the bounds of the inbox."""
        return Limits(
            self.request_age_seconds_max,
            self.wait_seconds_max,
            self.attempts_max,
            self.retry_seconds_min,
            self.retry_seconds_max,
        )

    def journal_of(self, name: str, clock: Clock, metrics: Metrics) -> Journal | None:
        """Return the journal of a component, where there is to be one."""
        if self.journal == Path():
            return None
        return Journal(
            self.journal,
            name,
            clock,
            metrics,
            kept_hours=self.journal_kept_hours,
            bytes_max=self.journal_mib_max * 1_024 * 1_024,
        )
