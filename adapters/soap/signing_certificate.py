"""The certificate a request is signed with: whose it is, until when, and its key.

Nobody vouches for it here: an agent is known by the fingerprint of his very certificate.
"""

import enum
import hashlib
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters.soap.forms import SoapRefused

RSA_BITS_MIN = 2_048
# More of either only costs the gateway time.
RSA_BITS_MAX = 8_192
RSA_EXPONENT_MAX = 2**32
_CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)


class KeyKind(enum.Enum):
    """What a key can sign with."""

    RSA = "RSA"
    EC = "EC"


@dataclass(frozen=True, slots=True)
class SigningCertificate:
    """A certificate: ``fingerprint`` is its SHA-256 in hex, ``key`` its public key as DER."""

    fingerprint: str
    kind: KeyKind
    key: bytes
    not_before: datetime
    not_after: datetime

    def check_valid(self, now: datetime) -> None:
        """SIGNATURE_INVALID before the certificate begins and after it has ended."""
        if not self.not_before <= now <= self.not_after:
            raise _refused("The certificate has ended, or has not begun.")


def read_certificate(content: bytes) -> SigningCertificate:
    """Read a certificate's DER; SIGNATURE_INVALID where it, or its key, is not good enough."""
    try:
        certificate = x509.load_der_x509_certificate(content)
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise _refused("The certificate cannot be read.") from None
    if isinstance(key, rsa.RSAPublicKey) and _is_taken(key):
        kind = KeyKind.RSA
    elif isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _CURVES):
        kind = KeyKind.EC
    else:
        raise _refused(f"The key must be RSA of {RSA_BITS_MIN} bits or more, or EC on P-256.")
    return SigningCertificate(
        fingerprint=hashlib.sha256(content).hexdigest(),
        kind=kind,
        key=key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def _is_taken(key: rsa.RSAPublicKey) -> bool:
    exponent = key.public_numbers().e
    return RSA_BITS_MIN <= key.key_size <= RSA_BITS_MAX and exponent <= RSA_EXPONENT_MAX


def _refused(problem: str) -> SoapRefused:
    return SoapRefused("SIGNATURE_INVALID", problem)
