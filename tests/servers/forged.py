"""Certificates as nobody should have them, and servers that show such ones."""

import contextlib
import socket
import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certs import forms, storage
from certs.authority import Authority, Issued, Purpose
from deploy.local.ports import LOOPBACK

DAY = timedelta(days=1)
_USAGES = {
    Purpose.SERVER: ExtendedKeyUsageOID.SERVER_AUTH,
    Purpose.CLIENT: ExtendedKeyUsageOID.CLIENT_AUTH,
}


@dataclass(frozen=True)
class Fault:
    """What is wrong with a certificate, beside who signs it."""

    purpose: Purpose
    begins: timedelta = -DAY
    ends: timedelta = DAY
    addresses: tuple[str, ...] = ("localhost",)
    self_signed: bool = False


def forged(folder: Path, name: str, authority: Authority, fault: Fault) -> Issued:
    """Make a certificate of ``name`` as ``fault`` says, signed by an authority or by itself."""
    folder.mkdir(parents=True, exist_ok=True)
    key, own = forms.new_key(forms.KeyKind.EC), authority.own()
    signs = key if fault.self_signed else storage.read_key(authority.key)
    now = datetime.now(UTC)
    form = (
        x509.CertificateBuilder()
        .subject_name(_subject(name))
        .issuer_name(_subject(name) if fault.self_signed else own.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + fault.begins)
        .not_valid_after(now + fault.ends)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([_USAGES[fault.purpose]]), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signs.public_key()), critical=False
        )
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name) for name in fault.addresses]),
            critical=False,
        )
    )
    paths = folder / f"{name}.crt", folder / f"{name}.key"
    storage.write_certificates(paths[0], [form.sign(signs, hashes.SHA256())])
    storage.write_key(paths[1], key)
    return Issued(name, *paths, authority.certificate, 0)


def revoked(authority: Authority, name: str, purpose: Purpose, folder: Path) -> Issued:
    """Return a good certificate, kept apart, to be revoked by its serial."""
    issued = authority.issue(name, purpose)
    folder.mkdir(parents=True, exist_ok=True)
    kept = replace(issued, certificate=folder / f"{name}.crt", key=folder / f"{name}.key")
    kept.certificate.write_bytes(issued.certificate.read_bytes())
    storage.write_key(kept.key, storage.read_key(issued.key))
    authority.issue(name, purpose)
    return kept


def serial(issued: Issued) -> str:
    """Return a certificate's serial as commands take it."""
    return f"{storage.read_certificate(issued.certificate).serial_number:x}"


@contextmanager
def showing(certificate: Issued, newest: ssl.TLSVersion | None = None) -> Iterator[int]:
    """Serve TLS with a certificate, and nothing behind it; yield the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    if newest is not None:
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            # Old versions are what this is for.
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
            context.maximum_version = newest
    with socket.create_server((LOOPBACK, 0)) as listening:
        threading.Thread(target=_serve, args=(listening, context), daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def _serve(listening: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            plain, _ = listening.accept()
        except OSError:
            return
        with contextlib.suppress(OSError), context.wrap_socket(plain, server_side=True) as tls:
            tls.recv(1)


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
