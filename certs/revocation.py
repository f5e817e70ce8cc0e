"""Lists of who is revoked (CRL, RFC 5280): one for each authority, signed by its own key.

As one file for OpenSSL, HAProxy and Python, and singly in a folder, named as OpenSSL hashes the
authority's name, for RabbitMQ. A list that has ended lets nobody in any more, so it lasts as
long as a certificate and its days are counted like one's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from certs import forms, storage
from certs.record import Entry, Record
from certs.storage import CertificateError, PrivateKey

CRL_DAYS = 397
CRL_SUFFIX = ".crl"
CRL_FOLDER = "crl"
REASONS = {
    "unspecified": x509.ReasonFlags.unspecified,
    "key-compromise": x509.ReasonFlags.key_compromise,
    "superseded": x509.ReasonFlags.superseded,
    "cessation-of-operation": x509.ReasonFlags.cessation_of_operation,
    "affiliation-changed": x509.ReasonFlags.affiliation_changed,
}


@dataclass(frozen=True, slots=True)
class RevokedList:
    """What a list says of itself."""

    authority: str
    number: int
    made_at: datetime
    ends_at: datetime
    count: int

    def days_left(self, now: datetime) -> int:
        """Return how many whole days it is still good for."""
        return (self.ends_at - now).days


def write_lists(
    path: Path,
    authorities: Sequence[x509.Certificate],
    keys: Mapping[str, PrivateKey],
    record: Record,
) -> None:
    """Write a list for each authority, with the next number, and remember that number."""
    record.crl_number += 1
    made = []
    for authority in authorities:
        name = forms.key_name(authority.public_key())  # type: ignore[arg-type]
        if name not in keys:
            raise CertificateError(
                f"The key of {forms.common_name(authority)} is not in {path.parent}: only with it "
                "can a list of who is revoked be signed."
            )
        revoked = [e for e in record if e.authority == name and e.revoked_at is not None]
        made.append(_list(authority, keys[name], record.crl_number, revoked))
    record.save()
    folder = path.parent / CRL_FOLDER
    kept = [folder / f"{forms.name_hash(one.issuer)}.r0" for one in made]
    for file, one in zip(kept, made, strict=True):
        storage.write_crls(file, [one])
    storage.write_crls(path, made)
    for old in set(folder.glob("*.r0")) - set(kept):
        old.unlink()


def read_lists(path: Path) -> list[RevokedList]:
    """Return what the lists of a file say; CertificateError where it cannot be read."""
    ending = b"-----END X509 CRL-----\n"
    try:
        parts = [part + ending for part in path.read_bytes().split(ending) if part.strip()]
        return [_said(x509.load_pem_x509_crl(part)) for part in parts]
    except (OSError, ValueError) as error:
        raise CertificateError(f"{path} is no list of who is revoked (CRL, PEM).") from error


def _list(
    authority: x509.Certificate, key: PrivateKey, number: int, revoked: Iterable[Entry]
) -> x509.CertificateRevocationList:
    now = datetime.now(UTC)
    known = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    form = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.subject)
        .last_update(now - forms.BACKDATE)
        .next_update(now + timedelta(days=CRL_DAYS))
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(known, critical=False)
    )
    for entry in revoked:
        form = form.add_revoked_certificate(_revoked(entry))
    return form.sign(key, hashes.SHA256())


def _revoked(entry: Entry) -> x509.RevokedCertificate:
    form = x509.RevokedCertificateBuilder().serial_number(entry.serial)
    form = form.revocation_date(entry.revoked_at or datetime.now(UTC))
    reason = REASONS.get(entry.reason, x509.ReasonFlags.unspecified)
    # RFC 5280 wants no reason said where there is none.
    if reason is not x509.ReasonFlags.unspecified:
        form = form.add_extension(x509.CRLReason(reason), critical=False)
    return form.build()


def _said(crl: x509.CertificateRevocationList) -> RevokedList:
    number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    (name,) = (str(part.value) for part in crl.issuer)
    ends = crl.next_update_utc or crl.last_update_utc
    return RevokedList(name, number, crl.last_update_utc, ends, len(list(crl)))
