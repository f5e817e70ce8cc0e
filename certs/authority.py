"""A certificate authority in a folder: makes itself, issues to components, lists what it issued.

::

    folder/outside/authority.crt     what everybody on this side trusts
    folder/outside/authority.key     mode 0600; belongs on a machine of its own in production
    folder/outside/hub-1.crt         one per component, its name as common name
    folder/outside/hub-1.key         mode 0600
"""

import enum
import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certs import storage
from certs.storage import PrivateKey
from hub.errors import LupuError

AUTHORITY = "authority"
AUTHORITY_DAYS = 3_650
CERTIFICATE_DAYS = 397
RENEW_DAYS = 30
# A clock that is a little behind must not refuse a certificate made a moment ago.
BACKDATE = timedelta(minutes=5)
LOCAL_ADDRESSES = ("localhost", "127.0.0.1", "::1")
RSA_BITS = 3_072

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class CertificateError(LupuError):
    """A certificate cannot be made or found; the sentence says why and what to do."""


class Purpose(enum.Enum):
    """What a certificate may be used for (extended key usage)."""

    SERVER = "server"
    CLIENT = "client"
    BOTH = "both"


class KeyKind(enum.Enum):
    """EC P-256, or RSA for peers that know nothing newer."""

    EC = "ec"
    RSA = "rsa"


@dataclass(frozen=True, slots=True)
class Issued:
    """A component's certificate, its key, and the authority that vouches for it."""

    name: str
    certificate: Path
    key: Path
    authority: Path
    days_left: int


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
        if (folder / side / f"{AUTHORITY}.key").exists():
            return cls(folder, side)
        key = _new_key(KeyKind.EC)
        name = _name(f"Lupu {side} authority")
        builder = _builder(name, name, key, days).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        builder = builder.add_extension(_key_usage(authority=True), critical=True)
        storage.write_key(folder / side / f"{AUTHORITY}.key", key)
        storage.write_certificate(
            folder / side / f"{AUTHORITY}.crt", builder.sign(key, hashes.SHA256())
        )
        return cls(folder, side)

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
        _check_name(name)
        own_key, authority = storage.read_key(self.key), self._own()
        key = _new_key(kind)
        builder = _builder(_name(name), authority.subject, key, days)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        builder = builder.add_extension(_key_usage(authority=False), critical=True)
        builder = builder.add_extension(_extended_usage(purpose), critical=False)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(own_key.public_key()), False
        )
        if purpose is not Purpose.CLIENT:
            builder = builder.add_extension(_alternative_names(addresses), critical=False)
        storage.write_key(self.folder / f"{name}.key", key)
        storage.write_certificate(
            self.folder / f"{name}.crt", builder.sign(own_key, hashes.SHA256())
        )
        return self.issued(name)

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

    def list(self) -> list[Issued]:
        """Return everything issued, by name, the authority itself first."""
        names = sorted(path.stem for path in self.folder.glob("*.crt"))
        names.sort(key=lambda name: name != AUTHORITY)
        return [self.issued(name) for name in names]

    def _own(self) -> x509.Certificate:
        return storage.read_certificate(self.certificate)


def sides(folder: Path) -> list[Authority]:
    """Return every authority under ``folder``, by name."""
    found = sorted(path.parent.name for path in folder.glob(f"*/{AUTHORITY}.key"))
    return [Authority(folder, side) for side in found]


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise CertificateError(
            f"'{name}' cannot be a component's name: use letters, digits, '.', '_' and '-'."
        )


def _new_key(kind: KeyKind) -> PrivateKey:
    if kind is KeyKind.RSA:
        return rsa.generate_private_key(public_exponent=65_537, key_size=RSA_BITS)
    return ec.generate_private_key(ec.SECP256R1())


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PrivateKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATE)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    )


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_encipherment=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _extended_usage(purpose: Purpose) -> x509.ExtendedKeyUsage:
    usages = {
        Purpose.SERVER: [ExtendedKeyUsageOID.SERVER_AUTH],
        Purpose.CLIENT: [ExtendedKeyUsageOID.CLIENT_AUTH],
        Purpose.BOTH: [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH],
    }
    return x509.ExtendedKeyUsage(usages[purpose])


def _alternative_names(addresses: Iterable[str]) -> x509.SubjectAlternativeName:
    names: list[x509.GeneralName] = []
    for address in addresses:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(address)))
        except ValueError:
            names.append(x509.DNSName(address))
    return x509.SubjectAlternativeName(names)
