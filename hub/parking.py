"""Kept messages: what could not be processed, on either side, and what a person does with it.

One vocabulary for both places where something fails. What a guard refused lies in the quarantine
of the broker it came from, and never touched the inbox; what passed and then failed by itself is
parked in the database. Whoever keeps some is a ``Shelf``; whoever acts on them says so to a
``Record`` first.
"""

import enum
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol, Self

from hub import errors
from hub.envelope import DOCUMENT_BYTES, Wire
from hub.headers import NUMBER_DIGITS_MAX

REASON_CHARACTERS_MAX = 500
# As much as lies in a full quarantine.
LOOK_BYTES_MAX = 512 * 1_024 * 1_024
SIGNED = "Its agent signed it, and signed nothing else: the agency repeats its request."
# A reason that names no kind: written by hand, or by a Lupu of before.
OTHER = "Other"

_REASON = re.compile(r"(?P<kind>[A-Za-z_][A-Za-z0-9_]{0,79}): (?P<sentence>.*)", re.DOTALL)


def kinds() -> tuple[str, ...]:
    """Every kind of reason that guards and workers give, in the order of ``hub.errors``."""
    below = (entry for entry in vars(errors).values() if isinstance(entry, type))
    return tuple(
        entry.__name__
        for entry in below
        if issubclass(entry, errors.NeverWorks) and entry is not errors.NeverWorks
    )


_KINDS = frozenset(kinds())


class Place(enum.Enum):
    """Where a message is kept: the outside or the inside broker's quarantine, or parked."""

    OUTSIDE = "outside"
    INSIDE = "inside"
    PARKED = "parked"


class Reason(NamedTuple):
    """Why a message is kept: ``kind`` is the name of the error's class, by which lists group.

    Every kind that the bridge gives has its row in OPERATING.md.
    """

    kind: str
    sentence: str

    def __str__(self) -> str:
        """``InvalidBody: The body is ...``, as it is kept."""
        return f"{self.kind}: {self.sentence}"[:REASON_CHARACTERS_MAX]

    @classmethod
    def of(cls, error: Exception) -> Self:
        """Return the reason that an error is: of its own class, or of that of ``hub.errors``."""
        named = (entry for entry in type(error).__mro__ if entry.__name__ in _KINDS)
        return cls(next(named, type(error)).__name__, str(error))

    @classmethod
    def read(cls, text: str) -> Self:
        """Read what was kept; text that names no kind is of the kind OTHER."""
        match = _REASON.fullmatch(text)
        return cls(match["kind"], match["sentence"]) if match else cls(OTHER, text)


@dataclass(frozen=True, slots=True)
class Kept:
    """One kept message as lists show it, without its body.

    ``id`` names it for as long as it is kept: in a quarantine a digest of all that is kept, so
    that the same message kept twice has two; for a parked one its request id. ``request_id``,
    ``type`` and ``transmission`` are empty where they cannot be read; in a quarantine anybody
    may have written them. ``account`` is the broker account that published it. ``kept_at`` is
    None where it was not written down. ``size_bytes`` is that of the body.
    """

    id: str
    place: Place
    reason: Reason
    request_id: str
    type: str
    transmission: str
    kept_at: datetime | None
    account: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Shown:
    """One kept message whole: ``wire`` has its original bytes, headers and properties.

    ``unreadable`` says why there is no original to show; such a message can be discarded only,
    and ``remains`` are its bytes as they lie, parts one after the other.
    ``opened`` is the message with its body in clear, where it was sealed; ``closed`` says why a
    seal does not open.
    """

    kept: Kept
    wire: Wire | None
    unreadable: str = ""
    opened: Wire | None = None
    closed: str = ""
    remains: bytes = b""

    @property
    def lying(self) -> bytes:
        """The bytes of the body as they lie: sealed, altered, in parts, whatever they are."""
        return self.remains if self.wire is None else self.wire.body

    @property
    def is_fixed(self) -> bool:
        """Whether it cannot be corrected: its guard asks for what its agent signed."""
        signed = self.wire is not None and DOCUMENT_BYTES in self.wire.headers
        return signed and self.kept.place is not Place.PARKED

    @property
    def document(self) -> bytes | None:
        """The document in clear, without what its agent signed behind it; None if unreadable."""
        wire = self.opened or (None if self.closed else self.wire)
        if wire is None:
            return None
        length = wire.headers.get(DOCUMENT_BYTES, "")
        known = length.isascii() and length.isdigit() and len(length) <= NUMBER_DIGITS_MAX
        return wire.body[: int(length)] if known else wire.body


@dataclass(frozen=True, slots=True)
class Listing:
    """The oldest that were asked for, oldest first, and how many of each kind there are in all.

    ``more``: not all were looked at, for they are too many; those left out may be older.
    """

    kept: Sequence[Kept]
    kinds: Mapping[str, int]
    more: bool


class End(enum.Enum):
    """How acting on one kept message ended.

    DONE: replayed and confirmed, or discarded; it is kept no more. NOT_THERE: it was not found,
    somebody else may have been first. CANNOT: it may not be replayed, ``why`` says it; still
    kept. NOT_TAKEN: where it was to go did not take it; still kept. UNKNOWN: it may have
    arrived; still kept, and to replay it again does no harm. NOT_REACHED: the round was over
    before its turn, for it took too long or the one before was not taken; still kept.
    """

    DONE = "done"
    NOT_THERE = "not there"
    CANNOT = "cannot"
    NOT_TAKEN = "not taken"
    UNKNOWN = "unknown"
    NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended for one kept message, and why where it is not DONE."""

    id: str
    end: End
    why: str = ""


class Record(Protocol):
    """Who writes down what is done, before and after: the audit trail."""

    def begin(self, shown: Shown) -> None:
        """Have it committed that this one is about to be acted on; raise to stop instead.

        What it raises comes out of the shelf's method, and nothing is done to this message.
        """

    def ended(self, ended: Ended) -> None:
        """Write down how it ended; after a crash this may be missing, never ``begin``."""


class Shelf(Protocol):
    """Kept messages of one place. One person at a time: InHand for any other meanwhile.

    A ``name`` is the ``id`` of a ``Kept``.

    Every method raises BrokerAway or DatabaseAway where the place cannot be reached. Whatever
    happens, a crash included, a message is kept until what was to be done is done: a replay
    that is cut off may leave a second copy, which the inbox answers as a repeat.
    """

    place: Place

    def list(
        self, *, kind: str = "", count_max: int = 100, bytes_max: int = LOOK_BYTES_MAX
    ) -> Listing:
        """Return the ``count_max`` oldest, of one kind of reason if asked.

        ``bytes_max`` bounds what is looked at; no body outlives the look at it.
        """

    def show(self, name: str) -> Shown | None:
        """Return one whole, or None where it is not there."""

    def replay(self, names: Collection[str], record: Record) -> Sequence[Ended]:
        """Send each where it would have gone, unaltered; once confirmed it is kept no more."""

    def correct(self, name: str, body: bytes, record: Record) -> Ended:
        """Send one on with another body, its envelope unaltered; the rest as ``replay``.

        InvalidBody where the body breaks the contract of the message's type.
        """

    def discard(self, names: Collection[str], record: Record) -> Sequence[Ended]:
        """Keep each no more, once ``record`` has committed that."""
