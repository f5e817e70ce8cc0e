"""What lies in a quarantine queue, one entry a message, those kept in parts put together."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from adapters.quarantine.keeping import (
    ACCOUNT,
    KEPT_AT,
    REASON,
    PartMissing,
    Unreadable,
    part_of,
    restored,
)
from hub.envelope import BOOT, ORIGIN, SEQUENCE, Wire, request_of
from hub.errors import MalformedEnvelope
from hub.headers import read_time
from hub.parking import REASON_CHARACTERS_MAX, Kept, Place, Reason, Shown
from hub.ports import Address, Delivery, Published

# Parts that wait for the rest of their message; beyond that the oldest are shown as what they are.
WAITING_BYTES_MAX = 64 * 1_024 * 1_024
WAITING_MAX = 1_000
ID_CHARACTERS = 32
SHOWN_CHARACTERS_MAX = 100


class Hand(Protocol):
    """A quarantine in one person's hand: what is taken and not acknowledged is given back on
    leaving, maybe behind all others. Whoever else takes it in hand meanwhile is told InHand.
    """

    def take(self) -> Delivery | None:
        """Take the next message, or None after the last; BrokerAway where the connection broke."""

    def publish(self, to: Address, wire: Wire) -> Published:
        """Publish, mandatory, and wait for how it ended; nothing can be taken afterwards."""

    def acknowledge(self, tags: Sequence[int]) -> bool:
        """Take these out of the queue for good; return whether the broker has done so."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One kept message and the deliveries that it is."""

    kept: Kept
    tags: Sequence[int]
    wire: Wire | None
    unreadable: str = ""
    remains: bytes = b""

    def shown(self) -> Shown:
        """Return it as people are shown it."""
        return Shown(self.kept, self.wire, self.unreadable, remains=self.remains)


@dataclass(slots=True)
class _Parts:
    """The parts of one message, by number, as far as they have come."""

    wires: dict[int, Wire]
    tags: list[int]
    size: int = 0


class _Waiting:
    """The parts of messages whose other parts have not come, up to a bound."""

    def __init__(self) -> None:
        self._parts: dict[str, _Parts] = {}
        self._size = 0
        self._count = 0

    def add(self, delivery: Delivery, shared: str, number: int, count: int) -> Iterator[_Parts]:
        """Add a part; return what waits no more: its message whole, or the oldest."""
        parts = self._parts.setdefault(shared, _Parts({}, []))
        size = _size(delivery.wire)
        if number not in parts.wires:
            parts.wires[number] = delivery.wire
            parts.size += size
            self._size += size
        parts.tags.append(delivery.tag)
        self._count += 1
        if len(parts.wires) == count:
            yield self._pop(shared)
        while self._size > WAITING_BYTES_MAX or self._count > WAITING_MAX:
            yield self._pop(next(iter(self._parts)))

    def rest(self) -> Iterator[_Parts]:
        """Return what waits in vain."""
        yield from self._parts.values()

    def _pop(self, shared: str) -> _Parts:
        parts = self._parts.pop(shared)
        self._size -= parts.size
        self._count -= len(parts.tags)
        return parts


def entries(hand: Hand, place: Place) -> Iterator[Entry]:
    """Take all, one after the other; parts whose others are missing come last."""
    waiting = _Waiting()
    while (delivery := hand.take()) is not None:
        wire = delivery.wire
        try:
            shared, number, count = part_of(wire)
        except Unreadable as error:
            yield _unreadable(place, [wire], [delivery.tag], str(error))
            continue
        if count == 1:
            yield _entry(place, [wire], [delivery.tag])
            continue
        for parts in waiting.add(delivery, shared, number, count):
            yield _entry(place, _ordered(parts), parts.tags)
    for parts in waiting.rest():
        yield _entry(place, _ordered(parts), parts.tags)


def _size(wire: Wire) -> int:
    texts = (text for pair in wire.headers.items() for text in pair)
    return len(wire.body) + len(wire.odd) + sum(len(text) for text in texts)


def _ordered(parts: _Parts) -> list[Wire]:
    return [wire for _, wire in sorted(parts.wires.items())]


def _entry(place: Place, parts: Sequence[Wire], tags: Sequence[int]) -> Entry:
    try:
        wire = restored(parts)
        return Entry(_kept(place, parts, wire), tags, wire)
    except PartMissing as error:
        return _unreadable(place, parts, tags, f"{error} The others are not there.")
    except Unreadable as error:
        return _unreadable(place, parts, tags, str(error))
    except Exception as error:  # noqa: BLE001  one that breaks us must not keep the others from sight
        return _unreadable(place, parts, tags, f"A mistake in Lupu: {type(error).__name__}.")


def _unreadable(place: Place, parts: Sequence[Wire], tags: Sequence[int], why: str) -> Entry:
    whole = parts[0]._replace(
        body=b"".join(part.body for part in parts),
        user_id=parts[0].headers.get(ACCOUNT, parts[0].user_id),
    )
    return Entry(_kept(place, parts, whole), tags, None, why, whole.body)


def _kept(place: Place, parts: Sequence[Wire], wire: Wire) -> Kept:
    said = parts[0].headers
    named = [wire.headers.get(name, "") for name in (ORIGIN, BOOT, SEQUENCE)]
    return Kept(
        id=_digest(parts),
        place=place,
        reason=Reason.read(_printable(said.get(REASON, ""), REASON_CHARACTERS_MAX)),
        request_id=request_of(wire),
        type=_printable(wire.type),
        transmission=_printable(".".join(named)) if all(named) else "",
        kept_at=_time(said.get(KEPT_AT, "")),
        account=_printable(wire.user_id),
        size_bytes=len(wire.body),
    )


def _digest(parts: Sequence[Wire]) -> str:
    """Return the id: a digest of all that is kept, each property and header included."""
    whole = hashlib.sha256()
    for part in parts:
        texts = [part.type, part.message_id, part.reply_to, part.correlation_id, part.user_id]
        said = json.dumps([texts, dict(part.headers), len(part.body)], sort_keys=True)
        whole.update(said.encode())
        whole.update(part.body)
    return whole.hexdigest()[:ID_CHARACTERS]


def _printable(text: str, characters_max: int = SHOWN_CHARACTERS_MAX) -> str:
    """Return what may be printed of a stranger's text."""
    shown = text[:characters_max]
    return "".join(sign if sign.isprintable() else "?" for sign in shown)


def _time(text: str) -> datetime | None:
    try:
        return read_time(text)
    except MalformedEnvelope:
        return None
