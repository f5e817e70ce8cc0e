"""What a person does with a quarantine: look, send again, correct, discard."""

import heapq
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from adapters.quarantine.entries import Entry, Hand, entries
from hub.envelope import DOCUMENT_BYTES, Wire
from hub.errors import InvalidBody, NeverWorks, NotAllowed
from hub.guard import BODY_BYTES_MAX
from hub.machine import MACHINE, Machine
from hub.messages import Lane, message_type, sealed_route
from hub.parking import (
    LOOK_BYTES_MAX,
    SIGNED,
    End,
    Ended,
    Kept,
    Listing,
    Place,
    Reason,
    Record,
    Shown,
)
from hub.ports import Address, Contracts, Published
from hub.replaying import again
from hub.sealing import OperatorSeals

# What one call looks through and acts on at most.
LOOK_MAX = 20_000
ACT_MAX = 1_000
ACT_BYTES_MAX = 64 * 1_024 * 1_024
# Far below the time after which a broker cuts off who does not acknowledge.
ACT_SECONDS_MAX = 300.0

# Requests alone are sent again.
_ROUTE = sealed_route(Lane.REQUESTS)
_NOT_REACHED = "It was not reached in this round; ask again for what is left."
_NOT_FOUND = "It is not there: it was discarded or sent again before, or is only now coming."
_CONFIRMED_BUT_KEPT = "It was sent, but could not be taken out of the quarantine."
_ENDS = {
    Published.RETURNED: (End.NOT_TAKEN, "No queue takes it: load the broker's definitions again."),
    Published.REFUSED: (End.NOT_TAKEN, "The queue it goes to is full."),
    Published.NOT_SENT: (End.NOT_TAKEN, "The broker takes no messages now."),
    Published.UNKNOWN: (End.UNKNOWN, "The broker did not say whether it took it."),
}

# What one met the next would meet too.
_STOPS = (End.NOT_TAKEN, End.UNKNOWN)

Opens = Callable[[], AbstractContextManager[Hand]]
Sent = Callable[[Wire], tuple[Address, Wire]]


class _Look:
    """A look at all there is, up to a bound."""

    def __init__(self, hand: Hand, place: Place, bytes_max: int) -> None:
        self.kinds: Counter[str] = Counter()
        self.more = False
        self._entries = entries(hand, place)
        self._left_bytes = bytes_max
        self._taken = 0

    def all(self) -> Iterator[Kept]:
        for entry in self._entries:
            if self._left_bytes < 0 or self._taken >= LOOK_MAX:
                self.more = True
                return
            kept = entry.kept
            self._taken += len(entry.tags)
            self._left_bytes -= kept.size_bytes
            self.kinds[kept.reason.kind] += 1
            yield kept


@dataclass(slots=True)
class _Round:
    """What a walk has found of what was asked for, and whether it came to the end."""

    found: dict[str, Entry]
    complete: bool


class QuarantineShelf:
    """Implements ``hub.parking.Shelf`` on the quarantine of one broker."""

    def __init__(
        self,
        place: Place,
        opens: Opens,
        account: str,
        contracts: Contracts,
        seals: OperatorSeals | None = None,
        *,
        machine: Machine = MACHINE,
    ) -> None:
        """``opens`` takes the quarantine in hand; ``account`` is who is dialled as.

        ``seals``: what lies there is sealed, as everything outside is. ``machine`` measures how
        long a round takes.
        """
        self.place = place
        self._opens = opens
        self._account = account
        self._contracts = contracts
        self._seals = seals
        self._monotonic = machine.monotonic

    def list(
        self, *, kind: str = "", count_max: int = 100, bytes_max: int = LOOK_BYTES_MAX
    ) -> Listing:
        """Return the oldest, of one kind if asked; see ``hub.parking.Shelf``."""
        with self._opens() as hand:
            look = _Look(hand, self.place, bytes_max)
            asked = (kept for kept in look.all() if kind in ("", kept.reason.kind))
            oldest = heapq.nsmallest(count_max, asked, key=_age)
        return Listing(oldest, look.kinds, look.more)

    def show(self, name: str) -> Shown | None:
        """Return one whole."""
        with self._opens() as hand:
            entry = _find(hand, self.place, (name,)).found.get(name)
        return self._shown(entry) if entry else None

    def replay(self, names: Collection[str], record: Record) -> Sequence[Ended]:
        """Send each where it would have gone; see ``hub.parking.Shelf``."""
        return self._act(names, record, self._again)

    def correct(self, name: str, body: bytes, record: Record) -> Ended:
        """Send one on with another body; see ``hub.parking.Shelf``."""

        def corrected(wire: Wire) -> tuple[Address, Wire]:
            to, sent = self._again(wire)
            if DOCUMENT_BYTES in wire.headers:
                raise NotAllowed(SIGNED)
            if len(body) > BODY_BYTES_MAX:
                raise InvalidBody(f"The body is larger than {BODY_BYTES_MAX} bytes.")
            self._contracts.check(message_type(wire.type).element, body)
            sent = sent._replace(body=body)
            if self._seals is not None:
                sent = self._seals.sealer.seal(sent, _ROUTE, self._seals.readers())
            return to, sent

        return self._act((name,), record, corrected)[0]

    def discard(self, names: Collection[str], record: Record) -> Sequence[Ended]:
        """Keep each no more; see ``hub.parking.Shelf``."""
        return self._act(names, record, None)

    def _again(self, wire: Wire) -> tuple[Address, Wire]:
        return again(self.place, wire, self._account)

    def _act(self, names: Collection[str], record: Record, sent: Sent | None) -> Sequence[Ended]:
        until = self._monotonic() + ACT_SECONDS_MAX
        goes_on = True
        done: list[Ended] = []
        with self._opens() as hand:
            looked = _find(hand, self.place, names)
            for name in dict.fromkeys(names):
                entry = looked.found.get(name)
                if entry is None and looked.complete:
                    done.append(Ended(name, End.NOT_THERE, _NOT_FOUND))
                elif entry is None or not goes_on or self._monotonic() > until:
                    done.append(Ended(name, End.NOT_REACHED, _NOT_REACHED))
                else:
                    done.append(_one(hand, self._shown(entry), entry.tags, record, sent))
                    goes_on = done[-1].end not in _STOPS
        return done

    def _shown(self, entry: Entry) -> Shown:
        shown = entry.shown()
        if entry.wire is None or self._seals is None:
            return shown
        try:
            route = sealed_route(message_type(entry.wire.type).lane)
            opened = self._seals.opener.open(entry.wire, route).wire
        except NeverWorks as error:
            return replace(shown, closed=str(Reason.of(error)))
        return replace(shown, opened=opened)


def _find(hand: Hand, place: Place, names: Collection[str]) -> _Round:
    wanted = set(names)
    found: dict[str, Entry] = {}
    size = looked = 0
    for entry in entries(hand, place):
        looked += len(entry.tags)
        if entry.kept.id in wanted - found.keys():
            found[entry.kept.id] = entry
            size += entry.kept.size_bytes
        if wanted == found.keys():
            return _Round(found, complete=True)
        if looked >= LOOK_MAX or len(found) >= ACT_MAX or size > ACT_BYTES_MAX:
            return _Round(found, complete=False)
    return _Round(found, complete=True)


def _one(
    hand: Hand, shown: Shown, tags: Sequence[int], record: Record, sent: Sent | None
) -> Ended:
    name = shown.kept.id
    if sent is None:
        record.begin(shown)
        ended = _taken_away(hand, name, tags, "It could not be taken out of the quarantine.")
    elif shown.wire is None:
        return Ended(name, End.CANNOT, shown.unreadable)
    else:
        try:
            to, wire = sent(shown.wire)
        except NeverWorks as error:
            return Ended(name, End.CANNOT, str(Reason.of(error)))
        record.begin(shown)
        outcome = hand.publish(to, wire)
        if outcome is Published.CONFIRMED:
            ended = _taken_away(hand, name, tags, _CONFIRMED_BUT_KEPT)
        else:
            ended = Ended(name, *_ENDS[outcome])
    record.ended(ended)
    return ended


def _taken_away(hand: Hand, name: str, tags: Sequence[int], otherwise: str) -> Ended:
    done = hand.acknowledge(tags)
    return Ended(name, End.DONE) if done else Ended(name, End.UNKNOWN, otherwise)


def _age(kept: Kept) -> tuple[float, str]:
    return (kept.kept_at.timestamp() if kept.kept_at else 0.0, kept.id)
