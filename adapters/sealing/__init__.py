"""Sealing: nobody but its reader reads a message, and nobody but its sender could have made it.

Every component has an Ed25519 key to sign with and, where it receives, an X25519 key to be
sealed to. A sender makes a session: an AES-256 key, wrapped (HPKE, RFC 9180) for each reader and
signed; its announcement travels with each message, so that whoever has the reader's key can
open a message by itself, days later and after every restart. A message is a COSE_Encrypt0
(RFC 9052) under the session's key, bound to all its headers and to its route.
"""

from adapters.sealing.keyring import Keyring
from adapters.sealing.opener import SessionOpener
from adapters.sealing.sealer import SessionSealer
from adapters.sealing.settings import Sealed, Sealing, sealing_of, signatures_of
from adapters.sealing.signing import CoseSignatures, CoseSigner, Trusted

__all__ = [
    "CoseSignatures",
    "CoseSigner",
    "Keyring",
    "Sealed",
    "Sealing",
    "SessionOpener",
    "SessionSealer",
    "Trusted",
    "sealing_of",
    "signatures_of",
]
