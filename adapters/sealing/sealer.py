"""Sealing what a component sends: one session for each set of readers, renewed in time."""

import itertools
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from adapters.sealing import encrypt0
from adapters.sealing.announcement import PURPOSE, SESSION_ID_BYTES, Announcement
from adapters.sealing.keyring import Keyring
from adapters.sealing.keys import Use
from adapters.sealing.wrapping import wrap
from hub.envelope import Wire
from hub.errors import KeyNotTrusted
from hub.ports import Clock
from hub.sealing import Signer, bound

KEY_BYTES = 32
SESSION_SECONDS_MAX = 86_400.0
SESSIONS_MAX = 10_000
RENEWED_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class _Session:
    announcement: bytes
    cipher: Any
    numbers: Iterator[int]
    keyring: Keyring
    begins_at: datetime
    renew_at: datetime


class SessionSealer:
    """Implements ``hub.sealing.Sealer``; safe from any thread.

    A session ends after ``session_seconds``, when the keyring has changed, and at the moment
    when a key of it begins or ends: a new key, or a revocation, counts from the next message on.
    All by the time of day, as who opens it judges: a machine that slept, or whose clock was set,
    forth or back, begins a new one.
    """

    def __init__(
        self,
        name: str,
        signer: Callable[[], Signer],
        keyring: Callable[[], Keyring],
        clock: Clock,
        *,
        session_seconds: float = 3_600.0,
    ) -> None:
        """``signer`` and ``keyring`` return the present ones: keys roll over while this lives."""
        self._name = name
        self._signer = signer
        self._keyring = keyring
        self._clock = clock
        self._session_seconds = session_seconds
        self._sessions: dict[tuple[str, ...], _Session] = {}
        self._lock = threading.Lock()

    def seal(self, wire: Wire, route: str, readers: Sequence[str]) -> Wire:
        """Return the message with its body sealed to ``readers``."""
        session = self._session(tuple(readers))
        body = encrypt0.seal(
            session.cipher,
            next(session.numbers),
            session.announcement,
            wire.body,
            bound(wire, route),
        )
        return wire._replace(body=body)

    def _session(self, readers: tuple[str, ...]) -> _Session:
        session = self._sessions.get(readers)
        if session is not None and self._good(session):
            return session
        with self._lock:
            session = self._sessions.get(readers)
            if session is None or not self._good(session):
                if len(self._sessions) >= SESSIONS_MAX:
                    self._sessions.clear()
                session = self._sessions[readers] = self._new(readers)
            return session

    def _good(self, session: _Session) -> bool:
        is_within = session.begins_at <= self._clock.now() < session.renew_at
        return is_within and session.keyring is self._keyring()

    def _new(self, readers: tuple[str, ...]) -> _Session:
        keyring, at = self._keyring(), self._clock.now()
        now = at.replace(microsecond=0)
        key, session = secrets.token_bytes(KEY_BYTES), secrets.token_bytes(SESSION_ID_BYTES)
        wrapped = {}
        for reader in readers:
            public = keyring.newest(reader, Use.OPEN, at)
            if public is None:
                raise KeyNotTrusted(f"{reader} has no key to be sealed to in the keyring.")
            wrapped[public.key_id] = wrap(key, public.public, session)
        ends_at = now + timedelta(seconds=self._session_seconds)
        announced = Announcement(self._name, session, now, ends_at, wrapped)
        return _Session(
            self._signer().sign(announced.write(), PURPOSE),
            encrypt0.new_cipher(key),
            itertools.count(1),
            keyring,
            now,
            self._renew_at(keyring, at),
        )

    def _renew_at(self, keyring: Keyring, at: datetime) -> datetime:
        # Renewed before it ends, for what is accepted later than that is not opened.
        renew_at = at + timedelta(seconds=self._session_seconds * RENEWED_SHARE)
        change = keyring.next_change(at)
        return renew_at if change is None else min(renew_at, change)
