"""What evidence's worker looks at of parking: how much is parked, and the audit trail's end."""

import logging
from collections.abc import Callable

import sqlalchemy as sa

from adapters.database import Database
from adapters.database.tables import parked
from hub.due import Due
from hub.parking import OTHER
from hub.ports import Clock, Metrics
from hub.sealing import Signer
from internal_apps.parking.audit import AuditTrail
from internal_apps.parking.domain import Head
from internal_apps.parking.heads import sign

_log = logging.getLogger(__name__)

LOOK_SECONDS = 15.0
_PARKED = sa.select(parked.c.kind, sa.func.count(), sa.func.min(parked.c.parked_at)).group_by(
    parked.c.kind
)


class ParkedWatch:
    """A chore: how many messages are parked, by kind of reason, and how long the oldest is."""

    def __init__(self, database: Database, clock: Clock, metrics: Metrics) -> None:
        """Look into ``database`` every LOOK_SECONDS."""
        self._database = database
        self._clock = clock
        self._metrics = metrics
        self._is_due = Due(clock, LOOK_SECONDS)
        self._kinds = {OTHER}

    def __call__(self) -> None:
        """Look, if it is time."""
        if not self._is_due():
            return
        with self._database.reading() as connection:
            found = {row[0]: (row[1], row[2]) for row in connection.execute(_PARKED)}
        for kind in self._kinds - found.keys():
            self._metrics.gauge("lupu_parked_messages", 0, kind=kind)
        for kind, (count, _) in found.items():
            self._metrics.gauge("lupu_parked_messages", count, kind=kind)
        self._kinds |= found.keys()
        now = self._clock.now()
        ages = [(now - oldest).total_seconds() for _, oldest in found.values()]
        self._metrics.gauge("lupu_parked_held_seconds", max(ages, default=0.0))


class HeadWatch:
    """A chore: notes the trail's end in the log, signed, whenever it has grown; looks whether
    what it noted before still stands, and when it starts whether all is whole.

    Whoever can write in the database reaches neither the log nor what this process remembers.
    """

    def __init__(
        self,
        trail: AuditTrail,
        clock: Clock,
        metrics: Metrics,
        *,
        seconds: float,
        signer: Callable[[], Signer] | None,
    ) -> None:
        """Look every ``seconds``; without ``signer`` heads are noted unsigned."""
        self._trail = trail
        self._clock = clock
        self._metrics = metrics
        self._is_due = Due(clock, seconds)
        self._signer = signer
        self._noted: Head | None = None
        self._broken = False

    def __call__(self) -> None:
        """Look, if it is time; what is found broken is said once."""
        if self._broken or not self._is_due():
            return
        noted = self._noted
        verdict = self._trail.verify() if noted is None else self._trail.verify_since(noted)
        self._broken = bool(verdict.faults)
        self._metrics.gauge("lupu_audit_broken", int(self._broken))
        if self._broken:
            facts = {"noted": str(self._noted or ""), "faults": list(verdict.faults)}
            _log.error("audit.broken", extra=facts)
        elif verdict.head != self._noted:
            self._note(verdict.head)
            self._noted = verdict.head

    def _note(self, head: Head) -> None:
        signed = "" if self._signer is None else sign(head, self._clock.now(), self._signer())
        _log.info("audit.head", extra={"head": str(head), "signed": signed})
