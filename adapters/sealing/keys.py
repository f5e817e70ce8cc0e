"""Keys of components: made, written, read. A private key never leaves its owner's folder.

::

    keys/gateway-1/3f0c...e1.sign.pem    Ed25519, PKCS#8, mode 0600
    keys/gateway-1/9a41...07.open.pem    X25519, PKCS#8, mode 0600
    keys/hub/77b0...5c.open.pem          shared by all hubs: any of them may take a message

A key's id is the beginning of the SHA-256 of its public bytes (RFC 8032, RFC 7748).
"""

import enum
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from hub.errors import SettingsError
from hub.private import check_private

KEY_ID_BYTES = 8
KEY_MODE = 0o600
FOLDER_MODE = 0o700


class Use(enum.Enum):
    """What a key is for: to sign with, or to open what was sealed to it."""

    SIGN = "sign"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key with its id and its public bytes (32 of them)."""

    use: Use
    key_id: bytes
    public: bytes
    private: Ed25519PrivateKey | X25519PrivateKey

    @property
    def pem(self) -> str:
        """The private key as PKCS#8."""
        return self.private.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        ).decode("ascii")


def new_key(use: Use) -> KeyPair:
    """Make a key."""
    return _pair(Ed25519PrivateKey.generate() if use is Use.SIGN else X25519PrivateKey.generate())


def key_id(public: bytes) -> bytes:
    """Return the id of a public key."""
    return hashlib.sha256(public).digest()[:KEY_ID_BYTES]


def public_pem(use: Use, public: bytes) -> str:
    """Return a public key as PEM, which every cryptographic library reads."""
    key = (Ed25519PublicKey if use is Use.SIGN else X25519PublicKey).from_public_bytes(public)
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def public_bytes(pem: str) -> bytes:
    """Return the public key of a private one in PEM; SettingsError where it is neither kind."""
    return _loaded(pem.encode("ascii"), "the key").public


def write_key(folder: Path, pair: KeyPair) -> Path:
    """Write a private key into its owner's folder; it never has another mode than 0600."""
    folder.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
    path = folder / f"{pair.key_id.hex()}.{pair.use.value}.pem"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, KEY_MODE)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(pair.pem)
        file.flush()
        os.fsync(file.fileno())
    return path


def read_keys(folder: Path, use: Use) -> dict[bytes, KeyPair]:
    """Return the private keys of a folder for one use, by id; empty where there is no folder.

    SettingsError where one cannot be read, or somebody else may read or change it.
    """
    found = {}
    for path in sorted(folder.glob(f"*.{use.value}.pem")):
        try:
            check_private("[sealing] keys", path)
            content = path.read_bytes()
        except OSError as error:
            raise SettingsError(
                f"[sealing] keys: {path} cannot be read: {error.strerror}."
            ) from error
        pair = _loaded(content, str(path))
        if pair.use is not use:
            raise SettingsError(f"[sealing] keys: {path} holds a key of another kind.")
        found[pair.key_id] = pair
    return found


def _loaded(content: bytes, where: str) -> KeyPair:
    try:
        private = load_pem_private_key(content, password=None)
    except (ValueError, TypeError) as error:
        raise SettingsError(f"[sealing] keys: {where} is no private key in PEM.") from error
    if not isinstance(private, (Ed25519PrivateKey, X25519PrivateKey)):
        raise SettingsError(f"[sealing] keys: {where} is neither an Ed25519 nor an X25519 key.")
    return _pair(private)


def _pair(private: Ed25519PrivateKey | X25519PrivateKey) -> KeyPair:
    public = private.public_key().public_bytes_raw()
    use = Use.SIGN if isinstance(private, Ed25519PrivateKey) else Use.OPEN
    return KeyPair(use, key_id(public), public, private)
