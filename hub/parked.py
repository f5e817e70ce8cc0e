"""The shelf of parked messages: what passed the guard and failed by itself, kept in a database."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from hub import refusals
from hub.envelope import Message, RequestId, to_wire
from hub.errors import MalformedEnvelope, Refusal
from hub.handling import replies
from hub.messages import message_type
from hub.parking import LOOK_BYTES_MAX, End, Ended, Kept, Listing, Place, Record, Shown
from hub.ports import Answer, Contracts, InboxEntry, InboxState, Unit
from hub.turns import after

# What a request waits for that is to be replayed: nothing but its time.
REPLAYED = "replayed"

_NOT_THERE = "It is parked no more: somebody else was first, or it has its outcome."


class Row(NamedTuple):
    """A parked message as a replay would handle it, and the document that its sender sent."""

    kept: Kept
    message: Message
    original: bytes


class LastReplay(NamedTuple):
    """When the last replay was due, by what is noted, and the last of those that wait still."""

    noted: datetime | None
    waiting: datetime | None


class Rows(Protocol):
    """Parked messages as one open transaction sees them."""

    @property
    def unit(self) -> Unit:
        """The transaction: inbox marks, what waits, the outbox."""

    @property
    def opened_at(self) -> datetime:
        """When it was opened."""

    def row(self, entry: InboxEntry) -> Row | None:
        """Return the parked message of an entry, None where it is not parked."""

    def last_replay(self, subject: str) -> LastReplay:
        """Return when the last replay is due; until the commit nobody else takes a turn."""

    def note_replay(self, due: datetime) -> None:
        """Note when the last replay is due."""

    def hurry(self, subject: str, now: datetime) -> None:
        """Make what waits for ``subject`` due now, so that whoever looks next takes it up."""


class Parked(Protocol):
    """The parked messages of a database."""

    def listed(self, kind: str, count_max: int) -> Listing:
        """Return the oldest, of one kind of reason unless that is empty."""

    def writing(self) -> AbstractContextManager[Rows]:
        """Open a transaction; commit on leaving, undo on any error."""

    def reading(self) -> AbstractContextManager[Rows]:
        """Open a transaction that only reads."""


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
        parked: Parked,
        contracts: Contracts,
        answer: Callable[[Refusal], Answer],
        pace: Pace | None = None,
    ) -> None:
        """``answer`` writes the refusal that is the outcome of what is discarded."""
        self._parked = parked
        self._contracts = contracts
        self._answer = answer
        self._pace = pace or Pace()

    def list(
        self, *, kind: str = "", count_max: int = 100, bytes_max: int = LOOK_BYTES_MAX
    ) -> Listing:
        """Return the oldest; no body is looked at, so ``bytes_max`` bounds nothing."""
        del bytes_max
        return self._parked.listed(kind, count_max)

    def show(self, name: str) -> Shown | None:
        """Return one with the bytes that its sender sent."""
        with self._parked.reading() as rows:
            row = _row(rows, name)
        if row is None:
            return None
        return Shown(row.kept, to_wire(row.message._replace(body=row.original)))

    def effective(self, name: str) -> Message | None:
        """Return the message as a replay would handle it: with the correction it may have."""
        with self._parked.reading() as rows:
            row = _row(rows, name)
        return None if row is None else row.message

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

        def release(rows: Rows, entry: InboxEntry, message: Message) -> None:
            self._release(rows, entry, message._replace(body=body))

        return self._act(name, record, release)

    def discard(self, names: Collection[str], record: Record) -> Sequence[Ended]:
        """Give each its final outcome, a refusal; those that wait behind it go on."""
        return [self._act(name, record, self._end) for name in names]

    def _act(
        self, name: str, record: Record, act: Callable[[Rows, InboxEntry, Message], None]
    ) -> Ended:
        shown = self.show(name)
        if shown is None:
            return Ended(name, End.NOT_THERE, _NOT_THERE)
        record.begin(shown)
        ended = Ended(name, End.DONE)
        with self._parked.writing() as rows:
            entry = _entry(rows, name)
            row = None if entry is None else rows.row(entry)
            if entry is None or row is None:
                ended = Ended(name, End.NOT_THERE, _NOT_THERE)
            else:
                act(rows, entry, row.message)
        record.ended(ended)
        return ended

    def _release(self, rows: Rows, entry: InboxEntry, message: Message) -> None:
        rows.unit.record(message, replace(entry, state=InboxState.RETRIED), rows.opened_at)
        rows.unit.wait(message, REPLAYED, self._due(rows))

    def _due(self, rows: Rows) -> datetime:
        """Return when the next replay is due; until the commit nobody else takes a turn.

        A last one that is not due yet and waits no more, was discarded or dated by a wrong clock.
        """
        last, now = rows.last_replay(REPLAYED), rows.opened_at
        due = self._pace.next(last.waiting or (last.noted and min(last.noted, now)), now)
        rows.note_replay(due)
        return due

    def _end(self, rows: Rows, entry: InboxEntry, message: Message) -> None:
        answer, now = self._answer(refusals.DISCARDED), rows.opened_at
        done = replace(
            entry,
            state=InboxState.HANDLED,
            answer=answer,
            outcome_code=refusals.DISCARDED.code,
        )
        rows.unit.record(message, done, now)
        rows.unit.send(replies(message, answer))
        rows.hurry(after(entry.id), now)


def _row(rows: Rows, name: str) -> Row | None:
    entry = _entry(rows, name)
    return None if entry is None else rows.row(entry)


def _entry(rows: Rows, name: str) -> InboxEntry | None:
    """Return the entry of a parked request, locked where the transaction writes."""
    try:
        return rows.unit.entry(RequestId.parse(name))
    except MalformedEnvelope:
        return None
