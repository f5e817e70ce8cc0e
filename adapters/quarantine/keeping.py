"""Keeping in the quarantine: the original bytes and headers, with the reason and the time.

A stranger's headers may fill all that a broker takes at once; with ours added they would never
be taken, and the lane would stand still for ever. What does not fit, and headers that are no
text, lie as JSON in front of the body, ``BEFORE_BODY`` says how many bytes, and ``restored``
puts everything back.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.envelope import Wire
from hub.headers import write_time
from hub.messages import QUARANTINE_EXCHANGE, QUARANTINE_QUEUE
from hub.parking import REASON_CHARACTERS_MAX
from hub.ports import Address, Clock, Published, Publisher

REASON = "lupu-quarantine-reason"
ACCOUNT = "lupu-quarantine-account"
KEPT_AT = "lupu-quarantine-kept-at"
EXPIRATION = "lupu-quarantine-expiration-ms"
TRANSIENT = "lupu-quarantine-transient"
BEFORE_BODY = "lupu-quarantine-before-body"
PART = "lupu-quarantine-part"
_OURS = frozenset((REASON, ACCOUNT, KEPT_AT, EXPIRATION, TRANSIENT, BEFORE_BODY, PART))

# All properties travel in one frame, of 131,072 bytes at most.
HEADERS_BYTES_MAX = 65_536
# AMQP's short string: properties, and the names of headers.
TEXT_BYTES_MAX = 255
HEADER_BYTES = 6
# As much as a broker of Lupu takes in one message.
PART_BYTES_MAX = 8 * 1_024 * 1_024
_ODD = "odd"
_HEADERS = "headers"
_PLACE_CHARACTERS_MAX = 9
_PROPERTIES = ("type", "message_id", "reply_to", "correlation_id")
_MOVED = frozenset((*_PROPERTIES, "user_id", _ODD))
_TO = Address(QUARANTINE_EXCHANGE, QUARANTINE_QUEUE)


class Unreadable(ValueError):
    """What lies there was not kept by Lupu, or not whole; the sentence says which."""


class PartMissing(Unreadable):
    """What was kept in parts cannot be put together without all of them."""


@dataclass(frozen=True, slots=True)
class QueueQuarantine:
    """Implements ``hub.ports.Quarantine`` on the broker of ``publisher``.

    The account that published the message is kept as a header: the broker lets nobody publish
    in another's name.
    """

    publisher: Publisher
    account: str
    clock: Clock

    def keep(self, wire: Wire, reason: str, settled: Callable[[Published], None]) -> None:
        """Store the message durably with its reason."""
        parts = kept(wire, reason, self.account, self.clock.now())
        together = settled if len(parts) == 1 else _together(settled, len(parts))
        for part in parts:
            self.publisher.publish(_TO, part, together)


def kept(wire: Wire, reason: str, account: str, at: datetime) -> list[Wire]:
    """Return what ``account`` publishes to keep ``wire``: one message, rarely a few parts.

    Few: where the body alone is nearly as large as a broker takes.
    """
    said = {REASON: _readable(reason), ACCOUNT: wire.user_id, KEPT_AT: write_time(at)}
    if wire.expiration_ms is not None:
        said[EXPIRATION] = str(wire.expiration_ms)
    if not wire.persistent:
        said[TRANSIENT] = "yes"
    texts, headers, moved = _divided(wire)
    if wire.odd:
        moved[_ODD] = base64.b64encode(wire.odd).decode("ascii")
    if "user_id" in moved:
        said[ACCOUNT] = ""
    before = b""
    if moved:
        before = json.dumps(moved).encode()
        said[BEFORE_BODY] = str(len(before))
    return _parts(
        Wire(body=before + wire.body, headers={**headers, **said}, user_id=account, **texts)
    )


def restored(parts: Sequence[Wire]) -> Wire:
    """Return the original of what was kept, from its parts in any order, some perhaps twice.

    Unreadable where that is not what they are.
    """
    try:
        return _restored(parts)
    except Unreadable:
        raise
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise Unreadable("This was put into the quarantine by something else.") from error


def part_of(wire: Wire) -> tuple[str, int, int]:
    """Return what all parts of one message share, this part's number and how many there are.

    Nothing is shared by what was kept whole.
    """
    place, _, shared = wire.headers.get(PART, "1/1").partition(" ")
    number, _, count = place.partition("/")
    digits = number.isdecimal() and count.isdecimal() and len(place) <= _PLACE_CHARACTERS_MAX
    if not (digits and 0 < int(number) <= int(count)):
        raise Unreadable("This was put into the quarantine by something else.")
    return shared, int(number), int(count)


def _restored(parts: Sequence[Wire]) -> Wire:
    first, body = _joined(parts)
    length = int(first.headers.get(BEFORE_BODY, "0"))
    moved, moved_headers = _moved(body[:length]) if length else ({}, {})
    headers = {name: text for name, text in first.headers.items() if name not in _OURS}
    headers |= moved_headers
    odd = base64.b64decode(moved.pop(_ODD, ""), validate=True)
    expiration = first.headers.get(EXPIRATION)
    original = first._replace(
        body=body[length:],
        headers=headers,
        user_id=moved.pop("user_id", first.headers[ACCOUNT]),
        expiration_ms=None if expiration is None else int(expiration),
        persistent=TRANSIENT not in first.headers,
        odd=odd,
    )
    return original._replace(**moved)


def _moved(before: bytes) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the properties and the headers that lie in front of a body.

    Anybody may have put them there: whatever is no text, or no text of those, is an error.
    """
    moved = json.loads(before)
    headers = moved.pop(_HEADERS, {}) if isinstance(moved, dict) else None
    if not (isinstance(headers, dict) and moved.keys() <= _MOVED):
        raise ValueError
    for text in (*moved.values(), *headers, *headers.values()):
        if not isinstance(text, str):
            raise TypeError
        text.encode()  # half a character is no text
    return moved, headers


def _divided(wire: Wire) -> tuple[dict[str, Any], dict[str, str], dict[str, Any]]:
    """Return the properties and headers that fit, and all that must move."""
    given = {name: getattr(wire, name) for name in (*_PROPERTIES, "user_id")}
    moved: dict[str, Any] = {
        name: text for name, text in given.items() if len(text.encode()) > TEXT_BYTES_MAX
    }
    texts = {name: "" if name in moved else given[name] for name in _PROPERTIES}
    headers, moved_headers = _divided_headers(wire.headers)
    if moved_headers:
        moved[_HEADERS] = moved_headers
    return texts, headers, moved


def _divided_headers(headers: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    fit: dict[str, str] = {}
    moved: dict[str, str] = {}
    room = HEADERS_BYTES_MAX
    for name, text in headers.items():
        size = HEADER_BYTES + len(name.encode()) + len(text.encode())
        if name in _OURS or len(name.encode()) > TEXT_BYTES_MAX or size > room:
            moved[name] = text
        else:
            fit[name] = text
            room -= size
    return fit, moved


def _parts(whole: Wire) -> list[Wire]:
    body, most = whole.body, PART_BYTES_MAX
    if len(body) <= most:
        return [whole]
    pieces = [body[start : start + most] for start in range(0, len(body), most)]
    said = {name: whole.headers[name] for name in (REASON, ACCOUNT, KEPT_AT)}
    return [
        whole._replace(
            body=piece,
            headers={
                **(whole.headers if number == 1 else said),
                PART: f"{number}/{len(pieces)} {_digests(whole)}",
            },
        )
        for number, piece in enumerate(pieces, 1)
    ]


def _digests(whole: Wire) -> str:
    """Return the body's SHA-256 and that of all else but the time.

    Two messages of one body are not mixed up, and a message offered twice has any part once.
    """
    headers = {name: text for name, text in whole.headers.items() if name != KEPT_AT}
    rest = json.dumps([headers, *(getattr(whole, name) for name in _PROPERTIES)], sort_keys=True)
    return f"{hashlib.sha256(whole.body).hexdigest()} {hashlib.sha256(rest.encode()).hexdigest()}"


def _joined(parts: Sequence[Wire]) -> tuple[Wire, bytes]:
    """Return the first part and the whole body."""
    numbered = {part_of(part): part for part in parts}
    count = max(entry[2] for entry in numbered)
    ordered = [numbered[entry] for entry in sorted(numbered)]
    body = b"".join(part.body for part in ordered)
    digest = next(iter(numbered))[0].partition(" ")[0]
    if len(ordered) != count or (digest and hashlib.sha256(body).hexdigest() != digest):
        raise PartMissing(f"These are not the {count} parts of one message.")
    return ordered[0], body


def _together(settled: Callable[[Published], None], count: int) -> Callable[[Published], None]:
    """Return what settles once ``count`` publishes have: confirmed only if all were."""
    outcomes: list[Published] = []

    def one(outcome: Published) -> None:
        outcomes.append(outcome)
        if len(outcomes) == count:
            failed = (entry for entry in outcomes if entry is not Published.CONFIRMED)
            settled(next(failed, Published.CONFIRMED))

    return one


def _readable(reason: str) -> str:
    return reason[:REASON_CHARACTERS_MAX].encode(errors="replace").decode()
