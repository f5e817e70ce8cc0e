"""Another authority instead of the one there is, in three steps that may each be repeated.

1. *trust*: the new one stands beside the old; everybody is to trust both, the old one signs.
2. *reissue*: the new one signs, and everything in force is issued anew.
3. *retire*: the old one is trusted no more, and its key is gone.

Between two steps what was written must reach every machine; nothing breaks while it does.
"""

import enum
from collections.abc import Iterator
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from certs import forms, storage
from certs.authority import AUTHORITY, AUTHORITY_DAYS, Authority, Issued
from certs.record import Record
from certs.storage import CertificateError


class Stage(enum.Enum):
    """How far a rotation is."""

    NONE = "none"
    TRUSTED = "trusted"
    REISSUED = "reissued"


class Rotation:
    """The rotation of one authority."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self._next = authority.folder / f"{AUTHORITY}.next.key"
        self._old = authority.folder / f"{AUTHORITY}.old.key"

    def stage(self) -> Stage:
        """Return how far it is."""
        if self._old.exists():
            return Stage.REISSUED
        return Stage.TRUSTED if self._next.exists() else Stage.NONE

    def trust(self) -> None:
        """Make the new authority, beside the one that goes on signing."""
        if self.stage() is Stage.REISSUED:
            raise CertificateError(
                f"{self._authority.side} is being rotated and everything is issued anew; retire "
                f"the old authority first: {self._command('retire')}"
            )
        with storage.alone(self._authority.folder):
            if not self._next.exists():
                storage.write_key(self._next, forms.new_key(forms.KeyKind.EC))
            key = storage.read_key(self._next)
            trusted = self._authority.trusted()
            if forms.key_name(key.public_key()) not in map(_key_name, trusted):
                form = forms.authority_form(_next_name(trusted[0]), key, AUTHORITY_DAYS)
                new = form.sign(key, hashes.SHA256())
                storage.write_certificates(self._authority.certificate, [*trusted, new])
            self._authority.write_crl(self._authority.record())

    def reissue(self) -> list[Issued]:
        """Let the new authority sign, and issue anew whatever the old one has in force.

        Returns all that the new one vouches for. Who made a key of its own keeps that.
        """
        if self.stage() is Stage.NONE:
            raise CertificateError(
                f"There is no new authority of {self._authority.side} yet: "
                f"{self._command('trust')}"
            )
        with storage.alone(self._authority.folder):
            self._sign_with_the_new()
        for name in list(self._in_force(old=True)):
            self._again(name)
        return [self._authority.issued(name) for name in self._in_force(old=False)]

    def retire(self) -> None:
        """Trust the old authority no more."""
        if self.stage() is not Stage.REISSUED:
            raise CertificateError(
                f"Nothing of {self._authority.side} was issued anew, so nothing can be retired: "
                f"{self._command('reissue')}"
            )
        left = list(self._in_force(old=True))
        if left:
            raise CertificateError(
                f"The old authority still vouches for {', '.join(left)}: "
                f"{self._command('reissue')}"
            )
        with storage.alone(self._authority.folder):
            storage.write_certificates(self._authority.certificate, [self._authority.own()])
            self._authority.write_crl(self._authority.record())
            self._old.unlink()

    def _sign_with_the_new(self) -> None:
        authority = self._authority
        if self._next.exists():
            if not self._old.exists():
                storage.write_key(self._old, storage.read_key(authority.key))
            self._next.replace(authority.key)
        own = authority.own()
        others = [one for one in authority.trusted() if one != own]
        storage.write_certificates(authority.certificate, [own, *others])
        authority.write_crl(authority.record())

    def _in_force(self, *, old: bool) -> Iterator[str]:
        """Yield whose certificate is good, and of the authority that signs or of the old one."""
        authority, now = self._authority, datetime.now(UTC)
        own, record = authority.own(), authority.record()
        for name in authority.names():
            one = storage.read_certificate(authority.folder / f"{name}.crt")
            if (one.issuer != own.subject) is old and _good(one, record, now):
                yield name

    def _again(self, name: str) -> None:
        authority = self._authority
        old = storage.read_certificate(authority.issued(name).certificate)
        key = None if authority.issued(name).key.exists() else old.public_key()
        authority.grant(authority.same(old, key))  # type: ignore[arg-type]

    def _command(self, step: str) -> str:
        return f"lupu certificates rotate {self._authority.side} --step {step}"


def _good(one: x509.Certificate, record: Record, now: datetime) -> bool:
    revoked = {entry.serial for entry in record if entry.revoked_at is not None}
    return one.serial_number not in revoked and one.not_valid_after_utc > now


def _key_name(certificate: x509.Certificate) -> str:
    return forms.key_name(certificate.public_key())  # type: ignore[arg-type]


def _next_name(now: x509.Certificate) -> str:
    """Return another name: two authorities of one name cannot be told apart by everybody."""
    name, _, number = forms.common_name(now).rpartition(" ")
    return f"{name} {int(number) + 1}" if number.isdecimal() else f"{name} {number} 2"
