"""Signatures over any bytes: COSE_Sign1 with Ed25519 (RFC 9052, RFC 9053).

What a signature is for is bound into it as external data (``lupu:PURPOSE``), so that a page of
a book can never pass for an approval. Whoever has the public key checks it with any library
that knows COSE.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from cwt import COSE, COSEKey
from cwt.cose_key_interface import COSEKeyInterface
from cwt.exceptions import CWTError

from adapters.sealing.byte_strings import byte_string_at
from adapters.sealing.keyring import Keyring, PublicKey
from adapters.sealing.keys import KEY_ID_BYTES, KeyPair, Use, key_id, public_pem
from hub.errors import KeyNotTrusted, NotAuthentic
from hub.sealing import Signed

SIGNED_BYTES_MAX = 64 * 1_024 * 1_024
SIGNATURE_BYTES = 64
# COSE_Sign1 (tag 18) of four; protected {alg: EdDSA}; unprotected {kid: 8 bytes}.
_HEAD = bytes.fromhex("d28443a10127a10448")


class Trusted(NamedTuple):
    """How far a key is trusted: clocks may differ by ``skew``; one that has ended is taken for
    ``ended_kept`` more, for what was made with it while it was good.
    """

    skew: timedelta = timedelta(minutes=5)
    ended_kept: timedelta = timedelta(days=8)

    def check(self, key: PublicKey, made_at: datetime, now: datetime) -> None:
        """KeyNotTrusted where ``key`` may not have made something at ``made_at``."""
        name = f"{key.owner}'s key {key.key_id.hex()}"
        if key.revoked_at is not None:
            raise KeyNotTrusted(f"{name} is revoked.")
        if not key.valid(made_at, self.skew):
            raise KeyNotTrusted(f"{name} was not good when this was made.")
        if key.ends_at is not None and now > key.ends_at + self.ended_kept:
            raise KeyNotTrusted(f"{name} ended too long ago.")


class CoseSigner:
    """Implements ``hub.sealing.Signer`` with one private key."""

    def __init__(self, pair: KeyPair) -> None:
        self.key_id = pair.key_id
        self._key = _cose(pair.pem, pair.key_id)

    def sign(self, payload: bytes, purpose: str) -> bytes:
        """Return a COSE_Sign1 that holds ``payload``."""
        signed = COSE.new(alg_auto_inclusion=True, kid_auto_inclusion=True).encode(
            payload, self._key, external_aad=_bound(purpose)
        )
        return bytes(signed)


class CoseSignatures:
    """Implements ``hub.sealing.Signatures`` with the keys of a keyring."""

    def __init__(
        self,
        keyring: Callable[[], Keyring],
        now: Callable[[], datetime],
        trusted: Trusted | None = None,
    ) -> None:
        """``keyring`` returns the present one: it may change while this lives."""
        self._keyring = keyring
        self._now = now
        self._trusted = trusted or Trusted()

    def verified(
        self, signed: bytes, purpose: str, made_at: Callable[[bytes], datetime] | None = None
    ) -> Signed:
        """Return what was signed and by whom, see ``hub.sealing.Signatures``."""
        found = key_id_of(signed)
        key = self._keyring().find(found)
        if key is None or key.use is not Use.SIGN:
            raise KeyNotTrusted(f"No key {found.hex()} to sign with is known.")
        payload = verify(signed, purpose, key.public)
        now = self._now()
        self._trusted.check(key, now if made_at is None else made_at(payload), now)
        return Signed(key.owner, found.hex(), payload)


def verify(signed: bytes, purpose: str, public: bytes) -> bytes:
    """Return what a COSE_Sign1 holds; NotAuthentic unless this public key signed it for this."""
    if key_id_of(signed) != key_id(public):
        raise NotAuthentic("It was signed with another key.")
    key = _cose(public_pem(Use.SIGN, public), key_id(public))
    try:
        payload = COSE.new().decode(signed, [key], external_aad=_bound(purpose))
    except (CWTError, ValueError) as error:
        raise NotAuthentic(
            "The signature is not right, or was made for something else."
        ) from error
    return bytes(payload)


def key_id_of(signed: bytes) -> bytes:
    """Return the id of the key that a COSE_Sign1 names; NotAuthentic if it is not of our form.

    Only that one form is read further: what a stranger nests never reaches a decoder.
    """
    begin = len(_HEAD) + KEY_ID_BYTES
    if len(signed) > SIGNED_BYTES_MAX or not signed.startswith(_HEAD):
        raise NotAuthentic("It is not signed as Lupu signs.")
    _, end = byte_string_at(signed, begin)
    signature, end = byte_string_at(signed, end)
    if len(signature) != SIGNATURE_BYTES or end != len(signed):
        raise NotAuthentic("It is not signed as Lupu signs.")
    return signed[len(_HEAD) : begin]


def _cose(pem: str, kid: bytes) -> COSEKeyInterface:
    return COSEKey.from_pem(pem, kid=kid)


def _bound(purpose: str) -> bytes:
    return b"lupu:" + purpose.encode("ascii")
