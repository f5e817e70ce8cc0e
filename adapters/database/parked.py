"""The shelf of parked messages: what passed the guard and failed by itself, in the database."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from adapters.database.engine import first
from adapters.database.inbox_rows import read_message, read_part
from adapters.database.parts import text_to_bytes
from adapters.database.store import InboxStore
from adapters.database.tables import BODY, PARKED, inbox, parked, replays, waiting
from adapters.database.unit import SqlUnit
from hub import refusals
from hub.envelope import Message, RequestId, to_wire
from hub.errors import MalformedEnvelope, Refusal
from hub.handling import replies
from hub.messages import message_type
from hub.parking import LOOK_BYTES_MAX, End, Ended, Kept, Listing, Place, Reason, Record, Shown
from hub.ports import Answer, Contracts, InboxEntry, InboxState
from hub.turns import after

# What a request waits for that is to be replayed: nothing but its time.
REPLAYED = "replayed"

_NOT_THERE = "It is parked no more: somebody else was first, or it has its outcome."
_LISTED = sa.select(
    parked.c.request_id,
    parked.c.reason,
    parked.c.parked_at,
    parked.c.size_bytes,
    inbox.c.type,
    inbox.c.origin,
    inbox.c.boot,
    inbox.c.sequence,
).join(inbox, inbox.c.request_id == parked.c.request_id)
_KINDS = sa.select(parked.c.kind, sa.func.count()).group_by(parked.c.kind)
_LOCK = replays.update().values(last_due=replays.c.last_due)
_LAST = sa.select(replays.c.last_due)
_LAST_WAITING = sa.select(sa.func.max(waiting.c.deadline)).where(waiting.c.subject == REPLAYED)


@dataclass(frozen=True, slots=True)
class Pace:
    """How many parked messages a second are handled again, whoever asks for how many."""

    replays_per_second: float = 10

    def next(self, last: datetime | None, now: datetime) -> datetime:
        """Return when the next is due, the last being due at ``last``."""
        if last is None:
            return now
        return max(now, last + timedelta(seconds=1 / self.replays_per_second))


class ParkedShelf:
    """Implements ``hub.parking.Shelf``.

    A replay makes a message due again, and its worker handles it like any other: with its place
    in line, at most once. DONE says that it is due; if it fails again it is parked again.
    """

    place = Place.PARKED

    def __init__(
        self,
        store: InboxStore,
        contracts: Contracts,
        answer: Callable[[Refusal], Answer],
        pace: Pace | None = None,
    ) -> None:
        """``answer`` writes the refusal that is the outcome of what is discarded."""
        self._store = store
        self._contracts = contracts
        self._answer = answer
        self._pace = pace or Pace()

    def list(
        self, *, kind: str = "", count_max: int = 100, bytes_max: int = LOOK_BYTES_MAX
    ) -> Listing:
        """Return the oldest; no body is looked at, so ``bytes_max`` bounds nothing."""
        del bytes_max
        statement = _LISTED.order_by(parked.c.parked_at, parked.c.request_id)
        if kind:
            statement = statement.where(parked.c.kind == kind)
        with self._store.database.reading() as connection:
            rows = connection.execute(first(connection, statement, count_max)).all()
            kinds = {row[0]: row[1] for row in connection.execute(_KINDS)}
        return Listing([_kept(row) for row in rows], kinds, more=False)

    def show(self, name: str) -> Shown | None:
        """Return one with the bytes that its sender sent."""
        with self._store.reading() as unit:
            return self._shown(unit, name)

    def effective(self, name: str) -> Message | None:
        """Return the message as a replay would handle it: with the correction it may have."""
        with self._store.reading() as unit:
            if _parked(unit, name) is None:
                return None
            return read_message(unit.connection, name, PARKED)

    def replay(self, names: Collection[str], record: Record) -> Sequence[Ended]:
        """Make each due, so many a second; its worker handles it at most once."""
        return [self._act(name, record, self._release) for name in names]

    def correct(self, name: str, body: bytes, record: Record) -> Ended:
        """Make one due with another body; the digest stays that of what its sender sent.

        InvalidBody where the body breaks the contract of the message's type.
        """
        shown = self.show(name)
        if shown is not None and shown.wire is not None:
            self._contracts.check(message_type(shown.wire.type).element, body)
        return self._act(name, record, lambda unit, entry: self._release(unit, entry, body))

    def discard(self, names: Collection[str], record: Record) -> Sequence[Ended]:
        """Give each its final outcome, a refusal; those that wait behind it go on."""
        return [self._act(name, record, self._end) for name in names]

    def _act(self, name: str, record: Record, act: Callable[[SqlUnit, InboxEntry], None]) -> Ended:
        shown = self.show(name)
        if shown is None:
            return Ended(name, End.NOT_THERE, _NOT_THERE)
        record.begin(shown)
        ended = Ended(name, End.DONE)
        with self._store.unit() as unit:
            entry = _parked(unit, name)
            if entry is None:
                ended = Ended(name, End.NOT_THERE, _NOT_THERE)
            else:
                act(unit, entry)
        record.ended(ended)
        return ended

    def _release(self, unit: SqlUnit, entry: InboxEntry, body: bytes | None = None) -> None:
        message = read_message(unit.connection, str(entry.id), PARKED)
        if body is not None:
            message = message._replace(body=body)
        unit.record(message, replace(entry, state=InboxState.RETRIED), unit.opened_at)
        unit.wait(message, REPLAYED, self._due(unit))

    def _due(self, unit: SqlUnit) -> datetime:
        """Return when the next replay is due; until the commit nobody else takes a turn.

        A last one that is not due yet and waits no more, was discarded or dated by a wrong clock.
        """
        run, now = unit.connection.execute, unit.opened_at
        run(_LOCK)
        last, last_waiting = run(_LAST).scalar(), run(_LAST_WAITING).scalar()
        due = self._pace.next(last_waiting or (last and min(last, now)), now)
        run(replays.update().values(last_due=due))
        return due

    def _end(self, unit: SqlUnit, entry: InboxEntry) -> None:
        message = read_message(unit.connection, str(entry.id), PARKED)
        answer, now = self._answer(refusals.DISCARDED), unit.opened_at
        done = replace(
            entry,
            state=InboxState.HANDLED,
            answer=answer,
            outcome_code=refusals.DISCARDED.code,
        )
        unit.record(message, done, now)
        unit.send(replies(message, answer))
        unit.hurry(after(entry.id), now)

    def _shown(self, unit: SqlUnit, name: str) -> Shown | None:
        if _parked(unit, name) is None:
            return None
        row = unit.connection.execute(_LISTED.where(parked.c.request_id == name)).first()
        if row is None:
            return None
        original = text_to_bytes(read_part(unit.connection, name, BODY))
        message = read_message(unit.connection, name, PARKED)
        return Shown(_kept(row), to_wire(message._replace(body=original)))


def _parked(unit: SqlUnit, name: str) -> InboxEntry | None:
    """Return the entry of a parked request, locked where the transaction writes."""
    try:
        entry = unit.entry(RequestId.parse(name))
    except MalformedEnvelope:
        return None
    return entry if entry is not None and entry.state is InboxState.PARKED else None


def _kept(row: sa.Row[tuple[object, ...]]) -> Kept:
    return Kept(
        id=row.request_id,
        place=Place.PARKED,
        reason=Reason.read(row.reason),
        request_id=row.request_id,
        type=row.type,
        transmission=f"{row.origin}.{row.boot}.{row.sequence}",
        kept_at=row.parked_at,
        account=row.origin,
        size_bytes=row.size_bytes or 0,
    )
