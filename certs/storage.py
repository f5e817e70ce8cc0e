"""Certificate and key files: written whole or not at all, keys readable by their owner only."""

import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

KEY_MODE = 0o600
CERTIFICATE_MODE = 0o644
FOLDER_MODE = 0o755


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


def write_certificate(path: Path, certificate: x509.Certificate) -> None:
    """Write a certificate as PEM."""
    write(path, certificate.public_bytes(serialization.Encoding.PEM), CERTIFICATE_MODE)


def read_certificate(path: Path) -> x509.Certificate:
    """Read a PEM certificate."""
    return x509.load_pem_x509_certificate(path.read_bytes())
