"""A certificate authority in a folder: makes itself, issues to components, lists what it issued.

::

    folder/outside/authority.crt     what everybody on this side trusts: one, or two in a rotation
    folder/outside/authority.key     mode 0600; belongs on a machine of its own in production
    folder/outside/authority.crl     who is revoked, one list an authority; crl/ has them singly
    folder/outside/issued.json       everything ever issued, see ``certs.record``
    folder/outside/hub-1.crt         one per component, its name as common name
    folder/outside/hub-1.key         mode 0600
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from certs import forms, storage
from certs.forms import KeyKind, Purpose
from certs.record import FILE, Entry, Record
from certs.revocation import CRL_FOLDER, CRL_SUFFIX, write_lists
from certs.storage import CertificateError, PrivateKey, PublicKey

__all__ = [
    "AUTHORITY",
    "Authority",
    "CertificateError",
    "Issued",
    "KeyKind",
    "Purpose",
    "Wish",
    "sides",
]

AUTHORITY = "authority"
AUTHORITY_DAYS = 3_650
CERTIFICATE_DAYS = 397
RENEW_DAYS = 30
LOCAL_ADDRESSES = ("localhost", "127.0.0.1", "::1")

_NAME = re.compile(rf"(?!{AUTHORITY}(\.|$))[A-Za-z0-9][A-Za-z0-9._-]{{0,63}}")


@dataclass(frozen=True, slots=True)
class Issued:
    """A component's certificate, its key, and the authority that vouches for it."""

    name: str
    certificate: Path
    key: Path
    authority: Path
    days_left: int

    @property
    def crl(self) -> Path:
        """The lists of who is revoked, one after the other."""
        return self.authority.with_suffix(CRL_SUFFIX)

    @property
    def crl_folder(self) -> Path:
        """The same lists as files of their own, named by hash."""
        return self.authority.parent / CRL_FOLDER


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be issued; without ``key`` a new one of ``kind`` is made and kept beside."""

    name: str
    purpose: Purpose
    kind: KeyKind = KeyKind.EC
    days: int = CERTIFICATE_DAYS
    addresses: tuple[str, ...] = LOCAL_ADDRESSES
    key: PublicKey | None = None


class Authority:
    """One side's certificate authority."""

    def __init__(self, folder: Path, side: str) -> None:
        """Open the authority of ``side`` under ``folder``; CertificateError if there is none."""
        self.side = side
        self.folder = folder / side
        self.certificate = self.folder / f"{AUTHORITY}.crt"
        self.key = self.folder / f"{AUTHORITY}.key"
        if not (self.certificate.exists() and self.key.exists()):
            raise CertificateError(
                f"There is no authority in {self.folder}; make one: lupu certificates make {side}"
            )

    @classmethod
    def make(cls, folder: Path, side: str, *, days: int = AUTHORITY_DAYS) -> Self:
        """Make an authority, or open the one that is there."""
        _check_name(side)
        with storage.alone(folder / side):
            if not (folder / side / f"{AUTHORITY}.key").exists():
                key = forms.new_key(KeyKind.EC)
                form = forms.authority_form(f"Lupu {side} authority", key, days)
                storage.write_certificates(
                    folder / side / f"{AUTHORITY}.crt", [form.sign(key, hashes.SHA256())]
                )
                storage.write_key(folder / side / f"{AUTHORITY}.key", key)
            made = cls(folder, side)
            if not made.crl.exists():
                made.write_crl(made.record())
        return made

    @property
    def crl(self) -> Path:
        """Who is revoked, one list an authority that is trusted."""
        return self.certificate.with_suffix(CRL_SUFFIX)

    def issue(
        self,
        name: str,
        purpose: Purpose,
        *,
        kind: KeyKind = KeyKind.EC,
        days: int = CERTIFICATE_DAYS,
        addresses: Iterable[str] = LOCAL_ADDRESSES,
    ) -> Issued:
        """Issue a certificate with a new key to ``name``, replacing the one before."""
        return self.grant(Wish(name, purpose, kind, days, tuple(addresses)))

    def grant(self, wish: Wish) -> Issued:
        """Issue what is wished for, and write it down before anybody can have it."""
        _check_name(wish.name)
        with storage.alone(self.folder):
            own_key, own = storage.read_key(self.key), self.own()
            made = None if wish.key is not None else forms.new_key(wish.kind)
            public = wish.key if made is None else made.public_key()
            assert public is not None  # noqa: S101  one of both is there
            # None is good for longer than who vouches for it.
            days = min(wish.days, (own.not_valid_after_utc - datetime.now(UTC)).days)
            form = forms.component_form(
                wish.name, public, days, purpose=wish.purpose, addresses=wish.addresses
            )
            certificate = forms.signed_by(form, own).sign(own_key, hashes.SHA256())
            record = self.record()
            record.add(Entry.of(certificate, forms.key_name(own_key.public_key())))
            record.save()
            if made is not None:
                storage.write_key(self.folder / f"{wish.name}.key", made)
            storage.write_certificates(self.folder / f"{wish.name}.crt", [certificate])
        return self.issued(wish.name)

    def renew(self, name: str) -> Issued:
        """Issue ``name`` anew: another key, the same purpose, kind, addresses and duration."""
        issued = self.issued(name)
        if not issued.key.exists():
            raise CertificateError(
                f"{name} makes its own key: have it send a request of a new one, then "
                f"lupu certificates issue {self.side} {name} --csr FILE"
            )
        return self.grant(self.same(storage.read_certificate(issued.certificate)))

    @staticmethod
    def same(old: x509.Certificate, key: PublicKey | None = None) -> Wish:
        """Return the wish for a certificate like another."""
        lasted = (old.not_valid_after_utc - old.not_valid_before_utc).days
        # One of a few days was an exception: renewed like that it would be due again at once.
        days = lasted if lasted > RENEW_DAYS else CERTIFICATE_DAYS
        addresses = forms.addresses_of(old)
        name, purpose = forms.common_name(old), forms.purpose_of(old)
        return Wish(
            name, purpose, forms.kind_of(_public(old)), days, addresses or LOCAL_ADDRESSES, key
        )

    def ensure(
        self,
        name: str,
        purpose: Purpose,
        *,
        kind: KeyKind = KeyKind.EC,
        addresses: Iterable[str] = LOCAL_ADDRESSES,
    ) -> Issued:
        """Return the certificate of ``name``; issue one where it is missing or soon ends."""
        if (self.folder / f"{name}.crt").exists() and (self.folder / f"{name}.key").exists():
            issued = self.issued(name)
            if issued.days_left > RENEW_DAYS:
                return issued
        return self.issue(name, purpose, kind=kind, addresses=addresses)

    def issued(self, name: str) -> Issued:
        """Return what was issued to ``name``; CertificateError where nothing was."""
        certificate = self.folder / f"{name}.crt"
        if not certificate.exists():
            raise CertificateError(f"{self.side} has issued no certificate to {name}.")
        left = storage.read_certificate(certificate).not_valid_after_utc - datetime.now(UTC)
        return Issued(name, certificate, self.folder / f"{name}.key", self.certificate, left.days)

    def names(self) -> list[str]:
        """Return to whom there is a certificate, by name."""
        found = sorted(path.stem for path in self.folder.glob("*.crt"))
        return [name for name in found if name != AUTHORITY]

    def revoke(self, name: str, reason: str, serial: str = "") -> list[Entry]:
        """Revoke every certificate that ``name`` ever had, or those of a serial; return which.

        The first characters of a serial do.
        """
        with storage.alone(self.folder):
            record = self.record()
            mine = [entry for entry in record if entry.name == name]
            found = [entry for entry in mine if entry.shown.startswith(serial)]
            if not found:
                which = f"with the serial {serial} " if serial else ""
                raise CertificateError(
                    f"{self.side} has issued no certificate {which}to {name}: "
                    "lupu certificates list --all shows what there is."
                )
            for entry in found:
                record.revoke(entry.serial, reason)
            self.write_crl(record)
        revoked = {entry.serial for entry in found}
        return [entry for entry in record if entry.serial in revoked]

    def renew_crl(self) -> None:
        """Write the lists of who is revoked anew, good for as long again."""
        with storage.alone(self.folder):
            self.write_crl(self.record())

    def write_crl(self, record: Record) -> None:
        """Write one list for each authority that is trusted and whose key is here."""
        write_lists(self.crl, self.trusted(), self.keys(), record)

    def record(self) -> Record:
        """Return what was ever issued; what lies here from before there was a record is added."""
        record = Record(self.folder / FILE)
        signer = {one.subject: forms.key_name(_public(one)) for one in self.trusted()}
        for name in self.names():
            certificate = storage.read_certificate(self.folder / f"{name}.crt")
            if certificate.serial_number not in record:
                record.add(Entry.of(certificate, signer.get(certificate.issuer, "")))
        return record

    def trusted(self) -> list[x509.Certificate]:
        """Return the authorities that this side trusts, the one that signs first."""
        return storage.read_certificates(self.certificate)

    def keys(self) -> dict[str, PrivateKey]:
        """Return the keys of the authority, and of its neighbours in a rotation, by name."""
        found = map(storage.read_key, sorted(self.folder.glob(f"{AUTHORITY}*.key")))
        return {forms.key_name(key.public_key()): key for key in found}

    def own(self) -> x509.Certificate:
        """Return the certificate of the authority that signs."""
        name = forms.key_name(storage.read_key(self.key).public_key())
        for one in self.trusted():
            if forms.key_name(_public(one)) == name:
                return one
        raise CertificateError(
            f"{self.key} and {self.certificate} do not belong together: bring both back from one "
            "backup."
        )


def sides(folder: Path) -> list[Authority]:
    """Return every authority under ``folder``, by name."""
    found = sorted(path.parent.name for path in folder.glob(f"*/{AUTHORITY}.key"))
    return [Authority(folder, side) for side in found]


def _public(certificate: x509.Certificate) -> PublicKey:
    return certificate.public_key()  # type: ignore[return-value]  # ours are of these kinds


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise CertificateError(
            f"'{name}' cannot be a component's name: use letters, digits, '.', '_' and '-'."
        )
