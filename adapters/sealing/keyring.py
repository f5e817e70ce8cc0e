"""The keyring: everybody's public keys, since when and until when, and which are revoked.

A JWK Set (RFC 7517, keys as in RFC 8037) with the members ``owner``, ``nbf``, ``exp`` and
``revoked`` beside the standard ones. It is no secret, but whoever can change it decides whom a
component trusts: it belongs to root. Written whole or not at all; read again when it changes.
"""

import base64
import binascii
import json
import os
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from adapters.sealing.keys import KeyPair, Use, key_id
from hub.errors import SettingsError

KEYRING_MODE = 0o644
PUBLIC_BYTES = 32
_CURVES = {Use.SIGN: "Ed25519", Use.OPEN: "X25519"}
_USES = {Use.SIGN: "sig", Use.OPEN: "enc"}


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One entry. ``ends_at``: seals and signatures of later are refused; None is no end.

    ``revoked_at``: from then on nothing of this key is taken, however old it says it is.
    """

    key_id: bytes
    owner: str
    use: Use
    public: bytes
    begins_at: datetime
    ends_at: datetime | None = None
    revoked_at: datetime | None = None

    def valid(self, at: datetime, skew: timedelta = timedelta(0)) -> bool:
        """Return whether the key may be used at a time; a revoked one never."""
        if self.revoked_at is not None or at < self.begins_at - skew:
            return False
        return self.ends_at is None or at <= self.ends_at + skew


class Keyring:
    """Public keys by id and by owner. Immutable; changes return another keyring."""

    def __init__(self, keys: Iterable[PublicKey] = ()) -> None:
        self._keys = {key.key_id: key for key in keys}

    def __iter__(self) -> Iterator[PublicKey]:
        return iter(self._keys.values())

    def find(self, key_id_: bytes) -> PublicKey | None:
        """Return the key of this id."""
        return self._keys.get(key_id_)

    def newest(
        self, owner: str, use: Use, at: datetime, among: Container[bytes] | None = None
    ) -> PublicKey | None:
        """Return the key of ``owner`` that began last and may be used at a time.

        ``among``: of these alone, by their ids.
        """
        valid = [
            key
            for key in self
            if (key.owner, key.use) == (owner, use)
            and key.valid(at)
            and (among is None or key.key_id in among)
        ]
        return max(valid, key=lambda key: key.begins_at, default=None)

    def next_change(self, at: datetime) -> datetime | None:
        """Return when, after a time, the next key begins or ends; None where none does."""
        times = (time for key in self for time in (key.begins_at, key.ends_at))
        return min((time for time in times if time is not None and time > at), default=None)

    def owners(self, kind: str, use: Use, at: datetime) -> list[str]:
        """Return who of a kind (``gateway``) has a key for this use at a time, by name."""
        return sorted(
            {
                key.owner
                for key in self
                if key.owner.partition("-")[0] == kind and key.use is use and key.valid(at)
            }
        )

    def with_key(self, owner: str, pair: KeyPair, begins_at: datetime) -> Self:
        """Return the keyring with one more key."""
        added = PublicKey(pair.key_id, owner, pair.use, pair.public, begins_at)
        return type(self)([*self, added])

    def ended(self, owner: str, use: Use, but: bytes, at: datetime) -> Self:
        """Return the keyring in which all keys of ``owner`` but one end at a time, or before."""
        return type(self)(
            replace(key, ends_at=min(key.ends_at or at, at))
            if (key.owner, key.use) == (owner, use) and key.key_id != but
            else key
            for key in self
        )

    def revoked(self, key_id_: bytes, at: datetime) -> Self:
        """Return the keyring in which a key is revoked; SettingsError where it has none."""
        return self._with(key_id_, lambda key: replace(key, revoked_at=key.revoked_at or at))

    def restored(self, key_id_: bytes) -> Self:
        """Return the keyring in which a key is not revoked; SettingsError where it has none."""
        return self._with(key_id_, lambda key: replace(key, revoked_at=None))

    def _with(self, key_id_: bytes, change: Callable[[PublicKey], PublicKey]) -> Self:
        if key_id_ not in self._keys:
            raise SettingsError(f"No key {key_id_.hex()} is in the keyring.")
        return type(self)(change(key) if key.key_id == key_id_ else key for key in self)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a keyring; SettingsError says what is wrong with the file."""
        try:
            content = json.loads(path.read_text("utf-8"))
            return cls(_key(entry) for entry in content["keys"])
        except OSError as error:
            raise SettingsError(f"The keyring {path} cannot be read: {error.strerror}.") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SettingsError(f"The keyring {path} is not a JWK Set of Lupu's.") from error

    def write(self, path: Path) -> None:
        """Write the keyring whole, through a neighbour that is renamed over it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"keys": [_entry(key) for key in self]}, indent=1) + "\n"
        neighbour = path.with_name(f".{path.name}.new")
        neighbour.unlink(missing_ok=True)
        descriptor = os.open(neighbour, os.O_WRONLY | os.O_CREAT | os.O_EXCL, KEYRING_MODE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        neighbour.replace(path)


def _key(entry: Mapping[str, Any]) -> PublicKey:
    public = _decoded(entry["x"])
    use = next(use for use, name in _USES.items() if name == entry["use"])
    if entry["kty"] != "OKP" or entry["crv"] != _CURVES[use] or len(public) != PUBLIC_BYTES:
        raise ValueError("not a key of the curve that its use asks for")
    found = bytes.fromhex(entry["kid"])
    if found != key_id(public):
        raise ValueError("the kid is not the key's")
    return PublicKey(
        found,
        str(entry["owner"]),
        use,
        public,
        _time(entry["nbf"]),
        _time(entry["exp"]) if "exp" in entry else None,
        _time(entry["revoked"]) if "revoked" in entry else None,
    )


def _entry(key: PublicKey) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "kty": "OKP",
        "crv": _CURVES[key.use],
        "use": _USES[key.use],
        "kid": key.key_id.hex(),
        "owner": key.owner,
        "x": base64.urlsafe_b64encode(key.public).decode("ascii").rstrip("="),
        "nbf": int(key.begins_at.timestamp()),
    }
    if key.ends_at is not None:
        entry["exp"] = int(key.ends_at.timestamp())
    if key.revoked_at is not None:
        entry["revoked"] = int(key.revoked_at.timestamp())
    return entry


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError("not base64url") from error


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
