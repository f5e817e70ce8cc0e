"""Wrapping a session's key for one reader: HPKE (RFC 9180), X25519, HKDF-SHA256, AES-256-GCM."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from adapters.sealing.keys import KeyPair
from hub.errors import NotAuthentic

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_INFO = b"lupu:session:"


def wrap(key: bytes, reader: bytes, session: bytes) -> bytes:
    """Return ``key`` wrapped for the public key ``reader``, good in that session alone."""
    public = X25519PublicKey.from_public_bytes(reader)
    return _SUITE.encrypt(key, public, info=_INFO + session)


def unwrap(wrapped: bytes, pair: KeyPair, session: bytes) -> bytes:
    """Return the key; NotAuthentic where it was not wrapped for this reader and session."""
    private = pair.private
    if not isinstance(private, X25519PrivateKey):
        raise TypeError("Only a key to open with can unwrap.")
    try:
        return _SUITE.decrypt(wrapped, private, info=_INFO + session)
    except (InvalidTag, ValueError) as error:
        raise NotAuthentic("The session's key was not wrapped for this reader.") from error
