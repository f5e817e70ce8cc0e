"""Certificate and key files: written whole or not at all, keys readable by their owner only."""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from hub.errors import LupuError

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

KEY_MODE = 0o600
CERTIFICATE_MODE = 0o644
FOLDER_MODE = 0o755


class CertificateError(LupuError):
    """A certificate cannot be made or found; the sentence says why and what to do."""


def write(path: Path, content: bytes, mode: int) -> None:
    """Write a file through a neighbour that is renamed over it; it never has another mode."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
    neighbour = path.with_name(f".{path.name}.new")
    neighbour.unlink(missing_ok=True)
    descriptor = os.open(neighbour, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    neighbour.chmod(mode)
    neighbour.replace(path)


def write_key(path: Path, key: PrivateKey) -> None:
    """Write a private key as unencrypted PKCS#8, mode 0600."""
    content = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write(path, content, KEY_MODE)


def read_key(path: Path) -> PrivateKey:
    """Read a private key; TypeError where it is neither EC nor RSA."""
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey)):
        raise TypeError(f"{path} holds a key that is neither EC nor RSA.")
    return key


def write_certificates(path: Path, certificates: Iterable[x509.Certificate]) -> None:
    """Write several certificates one after the other."""
    parts = [one.public_bytes(serialization.Encoding.PEM) for one in certificates]
    write(path, b"".join(parts), CERTIFICATE_MODE)


def read_certificate(path: Path) -> x509.Certificate:
    """Read a PEM certificate, the first of several."""
    return read_certificates(path)[0]


def read_certificates(path: Path) -> list[x509.Certificate]:
    """Read every PEM certificate of a file; CertificateError where there is none."""
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise CertificateError(f"{path} is no certificate in PEM, or cannot be read.") from error


def write_crls(path: Path, crls: Iterable[x509.CertificateRevocationList]) -> None:
    """Write lists of revoked certificates one after the other."""
    parts = [one.public_bytes(serialization.Encoding.PEM) for one in crls]
    write(path, b"".join(parts), CERTIFICATE_MODE)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let nobody else change what an authority has written until the block ends."""
    folder.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
