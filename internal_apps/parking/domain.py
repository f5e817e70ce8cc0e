"""The rules of parking: who may approve what, what a correction may be, what is foreseen."""

import enum
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hub.errors import NotAllowed
from hub.headers import NUMBER_DIGITS_MAX
from hub.parking import Kept, Listing, Place, Shown
from internal_apps.parking.tables import WHY_CHARACTERS_MAX

NO_HASH = "0" * 64
HASH_CHARACTERS = 64


def sentence(text: str) -> str:
    """Mark a text for translation; the page translates it."""
    return text


GONE = sentence("It is kept no more: somebody else was first, or it has its outcome.")
DECIDED = sentence("This correction has been decided on before.")
ALTERED = sentence("The correction is not the one that was proposed: it was changed. Report it.")
NOT_ALONE = sentence("Who proposed a correction cannot approve it: ask somebody else.")


class Forbidden(NotAllowed):
    """What is asked for is against the rules; the sentence says which."""


class State(enum.StrEnum):
    """Where a correction stands. SENT: its message went on with it."""

    PROPOSED = "PROPOSED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    SENT = "SENT"


class What(enum.StrEnum):
    """What an entry of the audit trail says was done."""

    VIEWED = "viewed"
    LISTED = "listed"
    PREVIEWED = "previewed"
    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    REPLAY = "replay"
    DISCARD = "discard"
    ENDED = "ended"
    PROOF = "proof"
    SAVED = "saved"
    PAUSE = "pause"
    DRAIN = "drain"
    RESUME = "resume"
    FORGOTTEN = "forgotten"


@dataclass(frozen=True, slots=True)
class Correction:
    """Another body for a kept message: who proposed it, why, who decided."""

    number: int
    place: Place
    name: str
    type: str
    request_id: str
    state: State
    why: str
    original_digest: str
    digest: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str = ""
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Kept messages of one kind of reason: how many, since when, of which types."""

    kind: str
    count: int
    oldest: datetime | None
    types: Sequence[str]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the audit trail; ``hash`` covers all of it and the entry before."""

    number: int
    at: datetime
    who: str
    what: str
    place: str
    name: str
    why: str
    facts: str
    previous: str
    hash: str = field(default="", compare=False)

    def hashed(self) -> str:
        """Return the hash that belongs to this entry."""
        at = self.at.isoformat(timespec="microseconds")
        said = [self.who, self.what, self.place, self.name, self.why, self.facts]
        text = json.dumps([self.number, at, *said, self.previous], ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the audit trail: noted elsewhere, it proves all before it."""

    number: int
    hash: str

    def __str__(self) -> str:
        """``17:5f2c...``, to be noted and given to verify."""
        return f"{self.number}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> "Head":
        """Read what was noted; Forbidden where it is not a head."""
        number, _, of = text.strip().partition(":")
        known = number.isdecimal() and len(number) <= NUMBER_DIGITS_MAX
        if not known or len(of) != HASH_CHARACTERS:
            raise Forbidden("A head reads NUMBER:HASH, as 'lupu parked audit head' prints it.")
        return cls(int(number), of)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which kept messages are asked for; what is empty is any."""

    kind: str = ""
    type: str = ""
    before: datetime | None = None

    def takes(self, kept: Kept) -> bool:
        """Return whether one is among them."""
        old = self.before is None or (kept.kept_at is not None and kept.kept_at < self.before)
        return old and self.type in ("", kept.type) and self.kind in ("", kept.reason.kind)


@dataclass(frozen=True, slots=True)
class Found:
    """Kept messages that were asked for, the oldest first, and all there are by kind of reason.

    ``more``: there are others. ``whole``: all that lies there was looked at.
    """

    kept: Sequence[Kept]
    groups: Sequence[Group]
    more: bool
    whole: bool

    @property
    def held(self) -> int:
        """How many are kept in all."""
        return sum(group.count for group in self.groups)


@dataclass(frozen=True, slots=True)
class Opened:
    """One kept message with its corrections and its story, both the last first."""

    shown: Shown
    corrections: Sequence[Correction]
    story: Sequence[Entry]

    def approved(self) -> Correction | None:
        """Return the correction with which a replay would send it, if any."""
        return approved(self.corrections)


def approved(corrections: Sequence[Correction]) -> Correction | None:
    """Return the last correction that is approved and not yet sent, if any."""
    return next((one for one in corrections if one.state is State.APPROVED), None)


def digest_of(body: bytes) -> str:
    """Return the SHA-256 (hex) of a body's bytes, as the trail names it."""
    return hashlib.sha256(body).hexdigest()


def check_why(why: str) -> str:
    """Return the reason that somebody gives, trimmed; Forbidden where there is none."""
    plain = " ".join(why.split())
    if not plain:
        raise Forbidden(sentence("Say why: the next person on duty reads it."))
    if len(plain) > WHY_CHARACTERS_MAX:
        raise Forbidden(sentence("The reason is too long: 500 characters at most."))
    if not plain.isprintable():
        raise Forbidden(sentence("The reason has a character that cannot be shown: type it anew."))
    return plain


def check_approver(correction: Correction, account: str) -> None:
    """Forbidden where ``account`` may not decide on a correction, or it is decided."""
    if correction.proposed_by == account:
        raise Forbidden(NOT_ALONE)
    if correction.state is not State.PROPOSED:
        raise Forbidden(DECIDED)


def grouped(listing: Listing) -> Sequence[Group]:
    """Return what a place keeps by kind of reason, the most first."""
    of: dict[str, list[Kept]] = {}
    for one in listing.kept:
        of.setdefault(one.reason.kind, []).append(one)
    return [
        Group(
            kind,
            count,
            min((one.kept_at for one in of.get(kind, ()) if one.kept_at), default=None),
            sorted({one.type for one in of.get(kind, ()) if one.type}),
        )
        for kind, count in sorted(listing.kinds.items(), key=lambda pair: (-pair[1], pair[0]))
    ]
