"""Reading certificates with pyOpenSSL: whose, by whom, until when."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from OpenSSL import crypto

from hub.errors import SettingsError

_COMMON_NAME = "2.5.4.3"


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What a certificate says; ``fingerprint`` is its SHA-256 in lower-case hex."""

    common_name: str
    issuer: str
    begins_at: datetime
    ends_at: datetime
    fingerprint: str

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a PEM file; SettingsError where it cannot be read or is no certificate."""
        try:
            content = path.read_bytes()
        except OSError as error:
            raise SettingsError(f"{path} cannot be read: {error.strerror}.") from error
        try:
            return cls._of(crypto.load_certificate(crypto.FILETYPE_PEM, content))
        except crypto.Error as error:
            raise SettingsError(f"{path} is not a PEM certificate.") from error

    @classmethod
    def parse(cls, der: bytes) -> Self:
        """Read a certificate in DER; ValueError where it is none."""
        try:
            return cls._of(crypto.load_certificate(crypto.FILETYPE_ASN1, der))
        except crypto.Error as error:
            raise ValueError("This is no certificate in DER.") from error

    def days_left(self, now: datetime) -> int:
        """Return how many whole days it is still good for; negative once it has ended."""
        return (self.ends_at - now).days

    @classmethod
    def _of(cls, certificate: crypto.X509) -> Self:
        facts = certificate.to_cryptography()
        return cls(
            common_name=_common_name(facts.subject),
            issuer=_common_name(facts.issuer),
            begins_at=facts.not_valid_before_utc,
            ends_at=facts.not_valid_after_utc,
            fingerprint=certificate.digest("sha256").decode().replace(":", "").lower(),
        )


def _common_name(subject: Iterable[Any]) -> str:
    names = (part.value for part in subject if part.oid.dotted_string == _COMMON_NAME)
    return str(next(names, ""))
