"""Where a component's keys and the keyring lie; read again while it runs."""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from adapters.sealing.keyring import Keyring
from adapters.sealing.keys import KeyPair, Use, read_keys
from adapters.sealing.opener import SessionOpener
from adapters.sealing.sealer import SESSION_SECONDS_MAX, SessionSealer
from adapters.sealing.signing import CoseSignatures, CoseSigner, Trusted
from hub.errors import KeyMissing, SettingsError
from hub.places import GATEWAY, HUB, OPERATOR
from hub.ports import Clock
from hub.settings import Configuration

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sealing:
    """``keys``: the folder with a folder of private keys for each owner; of those a component
    reads its own (``gateway-1``) and that of its kind (``hub``). ``keyring``: everybody's public
    keys. Both are looked at every ``reload_seconds``, so keys roll over without a restart.
    ``session_seconds``: how long one session's key is used.
    """

    section: ClassVar[str] = "sealing"
    keys: Path
    keyring: Path
    session_seconds: float = 3_600.0
    reload_seconds: float = 5.0

    def check(self) -> None:
        """SettingsError where an entry makes no sense."""
        if not 1 <= self.session_seconds <= SESSION_SECONDS_MAX:
            raise SettingsError(
                f"[sealing] session_seconds must be 1 to {SESSION_SECONDS_MAX:.0f}."
            )


@dataclass(frozen=True, slots=True)
class _Held:
    """What was read last."""

    keyring: Keyring
    sign: Mapping[bytes, KeyPair]
    open: Mapping[bytes, KeyPair]
    state: object


class Sealed:
    """One component's keys and the keyring, as they are now; safe from any thread."""

    def __init__(self, settings: Sealing, name: str, clock: Clock) -> None:
        """Read everything; SettingsError where a file is missing, open to others or wrong."""
        self.name = name
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._held = self._read()
        self._look_at = clock.monotonic() + settings.reload_seconds
        self._requests_for: tuple[Keyring, datetime | None, list[str]] | None = None
        self._signers: dict[bytes, CoseSigner] = {}

    @property
    def sealer(self) -> SessionSealer:
        """A new sealer in this component's name."""
        seconds = self._settings.session_seconds
        return SessionSealer(
            self.name, self.signer, self.keyring, self._clock, session_seconds=seconds
        )

    @property
    def opener(self) -> SessionOpener:
        """A new opener of what is sealed to this component."""
        return SessionOpener(self._open_keys, self.keyring, self._clock)

    @property
    def signatures(self) -> CoseSignatures:
        """What checks signatures against the keyring."""
        return CoseSignatures(self.keyring, self._clock.now, Trusted())

    def keyring(self) -> Keyring:
        """Return the keyring as it is now."""
        return self._now().keyring

    def requests_for(self) -> list[str]:
        """Return who opens what comes in: the hubs and, where they have a key, operators.

        Asked for each request, so it is found out anew only when the keyring changes, or a key
        of it begins or ends.
        """
        keyring, now, found = self.keyring(), self._clock.now(), self._requests_for
        if found is None or found[0] is not keyring or (found[1] is not None and now >= found[1]):
            known = keyring.newest(OPERATOR, Use.OPEN, now) is not None
            readers = [HUB, OPERATOR] if known else [HUB]
            found = self._requests_for = keyring, keyring.next_change(now), readers
        return found[2]

    def editions_for(self) -> list[str]:
        """Return who reads what is published: every gateway, and the hubs."""
        gateways = self.keyring().owners(GATEWAY, Use.OPEN, self._clock.now())
        return [*gateways, HUB]

    def signer(self) -> CoseSigner:
        """Return what signs with this component's newest key; KeyMissing without one.

        Of a newer one that the keyring knows the private part may come late: then the one before.
        """
        held = self._now()
        public = held.keyring.newest(self.name, Use.SIGN, self._clock.now(), held.sign)
        if public is None:
            raise KeyMissing(f"{self.name} has no key to sign with that the keyring knows.")
        pair = held.sign[public.key_id]
        signer = self._signers.get(pair.key_id)
        if signer is None:
            signer = self._signers[pair.key_id] = CoseSigner(pair)
        return signer

    def check(self, *, opens: bool) -> None:
        """SettingsError unless there is a key to sign with and, if it ``opens``, one for that."""
        try:
            self.signer()
        except KeyMissing as error:
            raise SettingsError(f"[sealing] {error} Make one: lupu sealing make.") from error
        if opens and not self._held.open:
            raise SettingsError(f"[sealing] keys: {self.name} has no key to open with.")

    def said(self) -> str:
        """Return in a sentence what this component signs and opens with."""
        count = len(self._held.open)
        opens = f", opens with {count} key{'s' if count > 1 else ''}" if count else ""
        return f"signs with {self.signer().key_id.hex()}{opens}"

    def _open_keys(self) -> Mapping[bytes, KeyPair]:
        return self._now().open

    def _now(self) -> _Held:
        if self._clock.monotonic() >= self._look_at and self._lock.acquire(blocking=False):
            try:
                self._look_at = self._clock.monotonic() + self._settings.reload_seconds
                self._look()
            finally:
                self._lock.release()
        return self._held

    def _look(self) -> None:
        try:
            if self._state() != self._held.state:
                self._held = self._read()
                _log.info("sealing.reloaded", extra={"component": self.name})
        except (OSError, SettingsError) as error:
            # What was read before is kept: half a change must stop nobody.
            _log.error("sealing.unreadable", extra={"reason": str(error)[:300]})

    def _read(self) -> _Held:
        try:
            state = self._state()
        except OSError as error:
            raise SettingsError(
                f"[sealing] {error.filename} cannot be read: {error.strerror}."
            ) from error
        sign: dict[bytes, KeyPair] = {}
        opens: dict[bytes, KeyPair] = {}
        for folder in self._folders():
            sign |= read_keys(folder, Use.SIGN)
            opens |= read_keys(folder, Use.OPEN)
        return _Held(Keyring.read(self._settings.keyring), sign, opens, state)

    def _folders(self) -> list[Path]:
        kind = self.name.partition("-")[0]
        return [self._settings.keys / owner for owner in dict.fromkeys((self.name, kind))]

    def _state(self) -> object:
        """Return what differs when a file was added, taken away or written anew."""
        status = self._settings.keyring.stat()
        names = [sorted(p.name for p in folder.glob("*.pem")) for folder in self._folders()]
        return status.st_ino, status.st_mtime_ns, status.st_size, names


def sealing_of(configuration: Configuration, clock: Clock, *, opens: bool) -> Sealed:
    """Return a component's keys; SettingsError where it could not seal, sign or open."""
    sealed = Sealed(configuration.read(Sealing), configuration.name, clock)
    sealed.check(opens=opens)
    return sealed


def signatures_of(configuration: Configuration, clock: Clock) -> CoseSignatures:
    """Return what checks signatures; for that no key of one's own is needed."""
    return Sealed(configuration.read(Sealing), configuration.name, clock).signatures
