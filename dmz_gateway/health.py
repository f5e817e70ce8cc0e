"""Whether HAProxy may send agents here, and what the answer rests on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from adapters.published import Snapshot

ACCEPTING = "accepting"
SNAPSHOT = "snapshot"
DRAINED = "drained"
NOT_READY = "not ready"


@dataclass(frozen=True, slots=True)
class Health:
    """``accepting``: requests are taken. ``snapshot``: the broker is away; offers are listed and
    requests refused with the right fault. ``drained``: nothing new is to come here. ``not
    ready``: nobody could sign in.
    """

    publisher_ready: Callable[[], bool]
    agents: Snapshot[Any]
    offers: Snapshot[Any]
    drained: Callable[[], bool]

    def report(self) -> tuple[bool, dict[str, object]]:
        """Return whether to send agents here, and the facts."""
        ready = self.publisher_ready()
        state = ACCEPTING if ready else SNAPSHOT
        if self.agents.edition is None:
            state = NOT_READY
        elif self.drained():
            state = DRAINED
        return state in (ACCEPTING, SNAPSHOT), {
            "state": state,
            "broker": "ready" if ready else "away",
            "agents": _facts(self.agents),
            "offers": _facts(self.offers),
        }


def _facts(snapshot: Snapshot[Any]) -> dict[str, object] | None:
    edition, age_seconds = snapshot.edition, snapshot.age_seconds()
    if edition is None or age_seconds is None:
        return None
    return {"version": edition.version, "age_seconds": round(age_seconds, 1)}
