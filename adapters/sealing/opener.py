"""Opening what was sealed to a component; sessions already checked are remembered."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from adapters.sealing import encrypt0
from adapters.sealing.announcement import (
    ANNOUNCEMENT_BYTES_MAX,
    PURPOSE,
    Announcement,
)
from adapters.sealing.keyring import Keyring
from adapters.sealing.keys import KeyPair
from adapters.sealing.sealer import SESSION_SECONDS_MAX
from adapters.sealing.signing import CoseSignatures, Trusted
from adapters.sealing.wrapping import unwrap
from hub.envelope import Wire
from hub.errors import KeyNotTrusted, NotAuthentic
from hub.ports import Clock
from hub.sealing import Opened, bound

# Each may be as large as its announcement, which a captured gateway can fill with anything.
SESSIONS_MAX = 1_000
RECHECK_SECONDS = 60.0


class _Session(NamedTuple):
    sender: str
    cipher: Any
    begins_at: datetime
    ends_at: datetime
    recheck_at: float


class SessionOpener:
    """Implements ``hub.sealing.Opener`` with private keys, those of before included.

    A session is checked once, and again when the keyring changes or a minute has passed: a key
    that is revoked, or has ended too long ago, opens nothing more, remembered or not.
    """

    def __init__(
        self,
        keys: Callable[[], Mapping[bytes, KeyPair]],
        keyring: Callable[[], Keyring],
        clock: Clock,
        trusted: Trusted | None = None,
    ) -> None:
        """``keys`` and ``keyring`` return the present ones: keys roll over while this lives."""
        self._keys = keys
        self._keyring = keyring
        self._clock = clock
        self._trusted = trusted or Trusted()
        self._signatures = CoseSignatures(keyring, clock.now, self._trusted)
        self._sessions: dict[bytes, _Session] = {}
        self._checked_with: Keyring | None = None

    def open(self, wire: Wire, route: str) -> Opened:
        """Return the message with its body in clear, and who sealed it when."""
        parts = encrypt0.take_apart(wire.body)
        session = self._session(parts.announcement)
        body = encrypt0.unseal(session.cipher, parts, bound(wire, route))
        # As _replace would, in half the time: it is done for every message.
        in_clear = Wire(wire[0], wire[1], body, *wire[3:])
        return Opened(in_clear, session.sender, session.begins_at, session.ends_at)

    def _session(self, announcement: bytes) -> _Session:
        keyring = self._keyring()
        if keyring is not self._checked_with:
            self._sessions.clear()
            self._checked_with = keyring
        session = self._sessions.get(announcement)
        if session is None or self._clock.monotonic() >= session.recheck_at:
            session = self._checked(announcement)
            if len(self._sessions) >= SESSIONS_MAX:
                self._sessions.clear()
            self._sessions[announcement] = session
        return session

    def _checked(self, announcement: bytes) -> _Session:
        if len(announcement) > ANNOUNCEMENT_BYTES_MAX:
            raise NotAuthentic("The session's announcement is too long.")
        self._sessions.pop(announcement, None)
        signed = self._signatures.verified(announcement, PURPOSE, _began)
        announced = Announcement.read(signed.payload)
        if announced.sender != signed.owner:
            raise NotAuthentic("The session was announced in another's name.")
        if announced.ends_at - announced.begins_at > timedelta(seconds=SESSION_SECONDS_MAX):
            raise NotAuthentic("The session was announced for too long a time.")
        return _Session(
            announced.sender,
            encrypt0.new_cipher(self._key(announced)),
            announced.begins_at - self._trusted.skew,
            announced.ends_at + self._trusted.skew,
            self._clock.monotonic() + RECHECK_SECONDS,
        )

    def _key(self, announced: Announcement) -> bytes:
        keys = self._keys()
        for reader, wrapped in announced.wrapped.items():
            pair = keys.get(reader)
            if pair is not None:
                return unwrap(wrapped, pair, announced.session)
        raise KeyNotTrusted(f"{announced.sender} sealed it to others, or to a key not kept here.")


def _began(payload: bytes) -> datetime:
    return Announcement.read(payload).begins_at
