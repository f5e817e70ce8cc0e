"""Certificates name their component, serve one purpose, and keep their keys to themselves."""

import ssl
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certs.authority import Authority, CertificateError, KeyKind, Purpose, sides
from certs.keystores import Reader, export_key_store, export_trust_store


def _read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_keys_are_private(tmp_path: Path) -> None:
    """Every key file, the authority's included, can be read by its owner alone."""
    authority = Authority.make(tmp_path, "outside")
    issued = authority.issue("gateway-1", Purpose.CLIENT)
    for key in (authority.key, issued.key):
        assert key.stat().st_mode & 0o777 == 0o600


def test_certificate_names_its_component(tmp_path: Path) -> None:
    """The common name is the component's name, for it is the broker account too."""
    issued = Authority.make(tmp_path, "outside").issue("gateway-1", Purpose.CLIENT)
    names = _read(issued.certificate).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert [name.value for name in names] == ["gateway-1"]


@pytest.mark.parametrize(
    ("purpose", "usages"),
    [
        (Purpose.CLIENT, {ExtendedKeyUsageOID.CLIENT_AUTH}),
        (Purpose.SERVER, {ExtendedKeyUsageOID.SERVER_AUTH}),
    ],
)
def test_certificate_serves_one_purpose(
    tmp_path: Path, purpose: Purpose, usages: set[x509.ObjectIdentifier]
) -> None:
    """A client's certificate cannot stand for a server, nor the other way round."""
    issued = Authority.make(tmp_path, "outside").issue("x", purpose)
    extension = _read(issued.certificate).extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert set(extension.value) == usages


def test_chains_verify_strictly(tmp_path: Path) -> None:
    """OpenSSL's strict check accepts what the authority issues, and not another's."""
    outside, inside = (Authority.make(tmp_path, side) for side in ("outside", "inside"))
    issued = outside.issue("broker", Purpose.SERVER)

    def verifies(authority: Path) -> bool:
        command = ["openssl", "verify", "-x509_strict", "-CAfile", str(authority)]
        done = subprocess.run(
            [*command, str(issued.certificate)], check=False, capture_output=True
        )
        return done.returncode == 0

    assert verifies(outside.certificate)
    assert not verifies(inside.certificate)


def test_present_certificate_is_kept_and_an_ending_one_renewed(tmp_path: Path) -> None:
    """Asking twice gives the same certificate, until fewer than thirty days are left."""
    authority = Authority.make(tmp_path, "outside")
    first = authority.ensure("hub-1", Purpose.CLIENT).certificate.read_bytes()
    assert authority.ensure("hub-1", Purpose.CLIENT).certificate.read_bytes() == first
    authority.issue("hub-1", Purpose.CLIENT, days=20)
    assert authority.ensure("hub-1", Purpose.CLIENT).days_left > 30


def test_authority_is_made_once(tmp_path: Path) -> None:
    """Making an authority again keeps the one that is there."""
    first = Authority.make(tmp_path, "edge").certificate.read_bytes()
    assert Authority.make(tmp_path, "edge").certificate.read_bytes() == first
    assert [authority.side for authority in sides(tmp_path)] == ["edge"]
    assert Authority(tmp_path, "edge").names() == []


@pytest.mark.parametrize("name", ["", "../x", "a/b", "-x", "a b", "x" * 65])
def test_names_stay_in_their_folder(tmp_path: Path, name: str) -> None:
    """A name that could leave the folder or confuse a broker is refused."""
    with pytest.raises(CertificateError):
        Authority.make(tmp_path, "outside").issue(name, Purpose.CLIENT)


@pytest.mark.parametrize("reader", Reader)
@pytest.mark.parametrize("kind", KeyKind)
def test_key_stores_open_with_their_passphrase(
    tmp_path: Path, reader: Reader, kind: KeyKind
) -> None:
    """A PKCS#12 store, in the new and in the old form, gives back key and certificate."""
    issued = Authority.make(tmp_path, "agents").issue("1001", Purpose.CLIENT, kind=kind)
    path = export_key_store(issued, tmp_path / "1001.p12", "changeit", reader)
    key, certificate, others = pkcs12.load_key_and_certificates(path.read_bytes(), b"changeit")
    assert key is not None
    assert certificate == _read(issued.certificate)
    assert others == [_read(issued.authority)]
    assert path.stat().st_mode & 0o777 == 0o600


def test_java_reads_both_stores(tmp_path: Path) -> None:
    """Java's own keytool lists the key in the key store and the authority in the trust store."""
    authority = Authority.make(tmp_path, "agents")
    issued = authority.issue("1001", Purpose.CLIENT, kind=KeyKind.RSA)
    old = Reader.OLD_JAVA
    stores = {
        export_key_store(issued, tmp_path / "key.p12", "changeit", old): "PrivateKeyEntry",
        export_trust_store(
            authority.certificate, tmp_path / "trust.p12", "changeit", old
        ): "trustedCertEntry",
    }
    for path, entry in stores.items():
        command = ["keytool", "-list", "-keystore", str(path), "-storepass", "changeit"]
        listed = subprocess.run(command, check=True, capture_output=True, text=True)
        assert entry in listed.stdout


def test_python_loads_what_was_issued(tmp_path: Path) -> None:
    """Certificate and key belong together."""
    issued = Authority.make(tmp_path, "outside").issue("hub-1", Purpose.CLIENT)
    context = ssl.create_default_context(cafile=str(issued.authority))
    context.load_cert_chain(issued.certificate, issued.key)
