"""Key stores for peers that do not read PEM: PKCS#12 for browsers and Java, old ones included."""

import enum
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from certs import storage
from certs.authority import Issued

OLD_JAVA_ROUNDS = 50_000


class Reader(enum.Enum):
    """Who is to read the store; Java 8 before update 301 knows only the old algorithms."""

    PRESENT = "present"
    OLD_JAVA = "old-java"


def export_key_store(issued: Issued, path: Path, passphrase: str, reader: Reader) -> Path:
    """Write key, certificate and authority as one PKCS#12 file, mode 0600."""
    content = pkcs12.serialize_key_and_certificates(
        issued.name.encode(),
        storage.read_key(issued.key),
        storage.read_certificate(issued.certificate),
        storage.read_certificates(issued.authority),
        _encryption(passphrase, reader),
    )
    storage.write(path, content, storage.KEY_MODE)
    return path


def export_trust_store(authority: Path, path: Path, passphrase: str, reader: Reader) -> Path:
    """Write an authority, or both in a rotation, as a PKCS#12 store of what Java shall trust."""
    names = (authority.stem, f"{authority.stem}-2")
    entries = [
        pkcs12.PKCS12Certificate(certificate, name.encode())
        for name, certificate in zip(names, storage.read_certificates(authority), strict=False)
    ]
    content = pkcs12.serialize_java_truststore(entries, _encryption(passphrase, reader))
    storage.write(path, content, storage.CERTIFICATE_MODE)
    return path


def _encryption(passphrase: str, reader: Reader) -> serialization.KeySerializationEncryption:
    if reader is Reader.PRESENT:
        return serialization.BestAvailableEncryption(passphrase.encode())
    return (
        serialization.PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(OLD_JAVA_ROUNDS)
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(hashes.SHA1())  # noqa: S303  the only one that those readers know
        .build(passphrase.encode())
    )
