"""Pausing, draining and resuming a route, an agency or a gateway, written into the audit trail."""

from collections.abc import Sequence

from adapters.database import Database, Halted, begin, end, list_halted
from hub.ports import Clock
from hub.traffic import Mode, Target
from internal_apps.parking.audit import AuditTrail, Note
from internal_apps.parking.domain import Forbidden, What, check_why, sentence

PLACE = "traffic"
BEGUN = sentence("That has begun before: look who did it and why.")
NOT_BEGUN = sentence("That has not begun, or somebody else has ended it.")

_WHATS = {Mode.PAUSE: What.PAUSE, Mode.DRAIN: What.DRAIN}


class Traffic:
    """What people stop and let go on; workers and gateways see it within seconds."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Keep it in ``database``, beside the audit trail."""
        self._database = database
        self._clock = clock
        self._trail = AuditTrail(database, clock)

    def halted(self) -> Sequence[Halted]:
        """Return all that is paused or drained, the oldest first."""
        with self._database.reading() as connection:
            return list_halted(connection)

    def halt(self, mode: Mode, target: Target, *, why: str, who: str) -> None:
        """Pause or drain it; Forbidden where that has begun, NotAllowed where it is nothing."""
        target.check()
        note = Note(who, _WHATS[mode], PLACE, str(target), check_why(why))
        with self._database.begin() as connection:
            # The entry first: two who act at once come one after the other.
            self._trail.append(note, connection)
            since = self._clock.now()
            if not begin(connection, mode, target, since=since, who=who, why=note.why):
                raise Forbidden(BEGUN)

    def resume(self, mode: Mode, target: Target, *, why: str, who: str) -> None:
        """Let it go on; Forbidden where it was not stopped."""
        facts = {"of": mode.value}
        note = Note(who, What.RESUME, PLACE, str(target), check_why(why), facts)
        with self._database.begin() as connection:
            self._trail.append(note, connection)
            if not end(connection, mode, target, self._clock.now()):
                raise Forbidden(NOT_BEGUN)
