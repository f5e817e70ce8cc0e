"""Writing down what is done to kept messages, before and after, no faster than allowed."""

from collections.abc import Mapping

from hub.machine import MACHINE, Machine
from hub.parking import Ended, Place, Shown
from internal_apps.parking.audit import AuditTrail, Note
from internal_apps.parking.domain import Correction, What, digest_of


class Paced:
    """Lets so many pass a second: each waits for its turn."""

    def __init__(self, per_second: float, machine: Machine = MACHINE) -> None:
        """``machine`` says how one waits."""
        self._seconds = 1 / per_second
        self._machine = machine
        self._next = 0.0

    def wait(self) -> None:
        """Wait until it is the next one's turn."""
        now = self._machine.monotonic()
        if self._next > now:
            self._machine.sleep(self._next - now)
        self._next = max(now, self._next) + self._seconds


class Noting:
    """Implements ``hub.parking.Record`` on the audit trail."""

    def __init__(
        self,
        trail: AuditTrail,
        note: Note,
        *,
        correction: Correction | None = None,
        paced: Paced | None = None,
    ) -> None:
        """``note`` says who does what and why; place and name come from each message."""
        self._trail = trail
        self._note = note
        self._correction = correction
        self._paced = paced

    def begin(self, shown: Shown) -> None:
        """Have it committed that this one is about to be acted on."""
        if self._paced is not None:
            self._paced.wait()
        kept = shown.kept
        facts: dict[str, object] = {"type": kept.type, "reason": kept.reason.kind}
        facts["sha256"] = digest_of(shown.lying)
        if kept.request_id != kept.id:
            facts["request"] = kept.request_id
        if self._correction is not None:
            facts |= {"correction": self._correction.number, "corrected": self._correction.digest}
        self._write(kept.place, kept.id, self._note.what, self._note.why, facts)

    def ended(self, ended: Ended) -> None:
        """Write down how it ended."""
        facts = {"of": self._note.what.value, "end": ended.end.value, "why": ended.why[:300]}
        self._write(Place(self._note.place), ended.id, What.ENDED, "", facts)

    def _write(
        self, place: Place, name: str, what: What, why: str, facts: Mapping[str, object]
    ) -> None:
        self._trail.append(Note(self._note.who, what, place.value, name, why, facts))
