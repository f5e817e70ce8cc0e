"""What the hub asks of sealing and signing, and what a seal binds.

A seal binds the route and every header and property of a message beside its body: so nobody
between can move a message to another queue, answer another request with it, change its sender,
its time or where its reply goes, without the seal failing to open.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from hub.envelope import BOUND_HEADERS, TRACE_HEADERS, Wire
from hub.errors import NotAuthentic
from hub.trace import TRACEPARENT

_BETWEEN = "\0"
_FIELDS = 5 + len(BOUND_HEADERS)


class Sealer(Protocol):
    """Seals what this component sends across the outside broker."""

    def seal(self, wire: Wire, route: str, readers: Sequence[str]) -> Wire:
        """Return the message with its body readable by ``readers`` (owners of keys) alone.

        ``route`` is where it will be taken from; it is bound into the seal with every header
        and property but the account. KeyNotTrusted where a reader has no key.
        """


class Opened(NamedTuple):
    """What a seal held: the message as it was sealed, who sealed it, and in which time (UTC).

    The times are those of the sealer's session, with what clocks may differ by.
    """

    wire: Wire
    sealed_by: str
    begins_at: datetime
    ends_at: datetime


class Opener(Protocol):
    """Opens what was sealed to this component."""

    def open(self, wire: Wire, route: str) -> Opened:
        """Return the message with its body in clear.

        NotAuthentic where anything was altered, the route included, or was never sealed;
        KeyNotTrusted where the sealer's key is unknown, ended or revoked, or where it was
        sealed to somebody else.
        """


class Signed(NamedTuple):
    """What was signed, by whom, and with which key (its id in hex)."""

    owner: str
    key_id: str
    payload: bytes


class Signer(Protocol):
    """Signs in this component's name."""

    def sign(self, payload: bytes, purpose: str) -> bytes:
        """Return ``payload`` with a signature that is good for ``purpose`` alone."""


class Signatures(Protocol):
    """Checks signatures against the keys that are trusted."""

    def verified(
        self, signed: bytes, purpose: str, made_at: Callable[[bytes], datetime] | None = None
    ) -> Signed:
        """Return what was signed.

        ``made_at`` reads from it when it was made; without it, now. NotAuthentic where the
        signature is not right, KeyNotTrusted where its key is not known, revoked, or was not
        good then.
        """


# Owners of keys, as they are now.
Readers = Callable[[], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Seals:
    """How a hub opens and seals; ``editions_for`` says who reads what is published."""

    opener: Opener
    sealer: Sealer
    editions_for: Readers


@dataclass(frozen=True, slots=True)
class OperatorSeals:
    """How an operator opens what was refused outside, and seals a correction to ``readers``."""

    opener: Opener
    sealer: Sealer
    readers: Readers


def opened_from(opener: Opener, wire: Wire, route: str, kind: str) -> Wire:
    """Return what a component of ``kind`` (``hub``) sealed; NeverWorks where it does not open.

    Whoever has a key can seal to anybody: that it opens does not say that he may say it.
    """
    opened = opener.open(wire, route)
    if opened.sealed_by.partition("-")[0] != kind:
        raise NotAuthentic(f"It was sealed by {opened.sealed_by}, which is no {kind}.")
    return opened.wire


def bound(wire: Wire, route: str) -> bytes:
    """Return the bytes that are authenticated with the body.

    The account is left out, for the broker itself verifies it, and so is what follows from the
    lane. The trace is added only where there is one, so that what a gateway of before sealed
    opens: nobody can add or take it away. NotAuthentic where a text holds what stands between.
    """
    headers = wire.headers
    get = headers.get
    text = _BETWEEN.join(
        (
            route,
            wire.type,
            wire.message_id,
            wire.reply_to,
            wire.correlation_id,
            *[get(name, "") for name in BOUND_HEADERS],
        )
    )
    fields = _FIELDS
    if TRACEPARENT in headers:
        traced = _BETWEEN.join([get(name, "") for name in TRACE_HEADERS])
        text, fields = text + _BETWEEN + traced, _FIELDS + len(TRACE_HEADERS)
    if text.count(_BETWEEN) != fields - 1:
        raise NotAuthentic("A header or property holds a character that no text has.")
    return text.encode()
