"""What a preview says, held against what the replay then does: one by one, once all is at rest."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from adapters.quarantine import restored
from hub.envelope import RequestId
from hub.errors import LupuError, MalformedEnvelope
from hub.messages import destination, message_type
from hub.parking import End, Ended, Kept, Place
from hub.ports import InboxEntry, InboxState
from hub.refusals import REQUEST_TOO_OLD
from internal_apps.previewing import Foreseen, Preview
from tests.simulation.judge import got
from tests.simulation.operators import OperatorProcess
from tests.simulation.processes import APPLICATION
from tests.simulation.system import System

CORRECTED_SHARE = 0.5
_STATES = {
    Foreseen.FAILS: InboxState.PARKED,
    Foreseen.BEHIND: InboxState.BEHIND,
    Foreseen.WAITING: InboxState.WAITING,
}


@dataclass(frozen=True, slots=True)
class _Before:
    """How it stood with a request when its replay was foreseen."""

    kept: Kept
    entry: InboxEntry | None
    lying: int
    reused: int


class Rehearsal:
    """Has an operator foresee a replay and then do it; ``faults`` is what was not so."""

    def __init__(self, system: System) -> None:
        self.faults: list[str] = []
        self.count = 0
        self._system = system
        self._done: set[str] = set()

    def try_one(self, rest: Callable[[], None]) -> None:
        """Foresee and replay one that is kept, if there is one; ``rest``: until nothing moves."""
        everybody = self._system.running.values()
        operators = [one for one in everybody if isinstance(one, OperatorProcess)]
        kept = list(self._kept(operators[0])) if operators else []
        if not kept:
            return
        chance = self._system.world.random
        one, is_corrected = chance.choice(kept), chance.random() < CORRECTED_SHARE
        self._done.add(one.request_id)
        told: list[tuple[_Before, Preview, Ended]] = []
        first, *others = operators

        def act() -> None:
            if is_corrected and others:
                self._correct(first, others[0], one)
            self._rehearse(first, one, told)

        first.spawn(act)
        rest()
        for before, preview, ended in told:
            self.count += 1
            self.faults += self._compared(before, preview, ended)

    def _kept(self, operator: OperatorProcess) -> Iterator[Kept]:
        for place in Place:
            for one in operator.work.find(place).kept:
                if one.request_id not in self._done and _is_ours(one):
                    yield one

    def _correct(self, first: OperatorProcess, second: OperatorProcess, kept: Kept) -> None:
        try:
            second.approve(first.propose(kept))
        except LupuError as error:
            self._system.world.trace(f"{kept.request_id} cannot be corrected: {error}")

    def _rehearse(
        self,
        operator: OperatorProcess,
        kept: Kept,
        told: list[tuple[_Before, Preview, Ended]],
    ) -> None:
        before, everything = self._before(kept), self._everything()
        try:
            preview = operator.work.preview(kept.place, kept.id, operator.name)
        except LupuError as error:
            self._system.world.trace(f"nobody can foresee {kept.request_id}: {error}")
            return
        if self._everything() != everything:
            self.faults.append(f"what a preview of {kept.request_id} did has stayed")
        self._system.world.trace(f"{kept.request_id} is foreseen as {preview.foreseen.value}")
        (ended,) = operator.work.replay(
            kept.place, [kept.id], why="as foreseen", who=operator.name
        )
        told.append((before, preview, ended))

    def _before(self, kept: Kept) -> _Before:
        entry = self._system.database.books.inbox.get(kept.request_id)
        return _Before(kept, entry, self._lying(kept), self._reused(kept))

    def _everything(self) -> tuple[object, ...]:
        """Return what a preview must leave as it is: the applications' rows, and every queue."""
        brokers = (self._system.outside, self._system.inside)
        queues = [(len(b.took), sorted(b.memory._queues), b.quarantined()) for b in brokers]
        return self._system.database.books, queues

    def _compared(self, before: _Before, preview: Preview, ended: Ended) -> Iterator[str]:
        kept, foreseen = before.kept, preview.foreseen
        is_parked = kept.place is Place.PARKED
        came = self._parked(before, preview) if is_parked else self._passed(before, foreseen)
        if ended.end is not End.DONE:
            came = foreseen is Foreseen.REFUSED
        if not came:
            entry = self._system.database.books.inbox.get(kept.request_id)
            state = "" if entry is None else f"{entry.state.value} {entry.outcome_code}"
            said = f"{foreseen.value} {preview.code}"
            yield f"{kept.request_id} was foreseen as {said}, and {ended.end.value}: {state}"

    def _parked(self, before: _Before, preview: Preview) -> bool:
        entry = self._system.database.books.inbox[before.kept.request_id]
        if preview.foreseen is not Foreseen.OUTCOME:
            return entry.state is _STATES.get(preview.foreseen)
        said = replace(entry, outcome_code=preview.code, answer=preview.answer)
        return entry.state is InboxState.HANDLED and got(entry) == got(said)

    def _passed(self, before: _Before, foreseen: Foreseen) -> bool:
        kept, was = before.kept, before.entry
        if foreseen is Foreseen.REFUSED:
            return self._lying(kept) == before.lying
        entry = self._system.database.books.inbox.get(kept.request_id)
        if entry is None or self._lying(kept) != before.lying - 1:
            return False
        if foreseen is Foreseen.REUSED:
            return self._reused(kept) >= before.reused and entry == was
        if foreseen in (Foreseen.REPEAT, Foreseen.OPEN):
            return entry == was
        is_too_old = entry.outcome_code == REQUEST_TOO_OLD.code
        return was is None and is_too_old == (foreseen is Foreseen.TOO_OLD)

    def _lying(self, kept: Kept) -> int:
        brokers = (self._system.outside, self._system.inside)
        wires = [restored([wire]) for broker in brokers for wire in broker.quarantined()]
        return sum(wire.message_id == kept.request_id for wire in wires)

    def _reused(self, kept: Kept) -> int:
        return sum(key == kept.request_id for key, _ in self._system.database.books.reused)


def _is_ours(kept: Kept) -> bool:
    """Whether it is a request for the application of the simulation."""
    try:
        row, id_ = message_type(kept.type), RequestId.parse(kept.request_id)
        return destination(row, id_.operation) == APPLICATION
    except (LupuError, MalformedEnvelope):
        return False
