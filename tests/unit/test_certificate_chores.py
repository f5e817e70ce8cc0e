"""The chores of an authority: renew, revoke, take requests, replace itself, list."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from certs import forms, storage
from certs.authority import Authority, CertificateError, KeyKind, Purpose
from certs.record import FILE
from certs.requests import requested_key
from certs.revocation import read_lists
from certs.rotation import Rotation
from lupu.certificates import certificates
from lupu.certificates_listed import NotFine

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
PEM = serialization.Encoding.PEM


@pytest.fixture
def outside(tmp_path: Path) -> Authority:
    """Offer the authority of a side with a broker, a gateway and a hub."""
    made = Authority.make(tmp_path, "outside")
    made.issue("broker", Purpose.SERVER, addresses=["broker.dmz", "10.0.0.5"])
    made.issue("gateway-1", Purpose.CLIENT)
    made.issue("hub-1", Purpose.CLIENT)
    return made


def _certificate(authority: Authority, name: str) -> x509.Certificate:
    return storage.read_certificate(authority.issued(name).certificate)


def _verdict(authority: Authority, certificate: Path) -> str:
    """Return what OpenSSL says of a certificate, revocation included."""
    trusted = ("-CAfile", str(authority.certificate), "-CRLfile", str(authority.crl))
    command = ["openssl", "verify", "-x509_strict", "-crl_check", *trusted, str(certificate)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return "OK" if done.returncode == 0 else done.stderr


def _request(folder: Path, key: Key, algorithm: hashes.SHA256 | None) -> Path:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "whoever")])
    made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, algorithm)
    path = folder / "request.csr"
    path.write_bytes(made.public_bytes(PEM))
    return path


def _lupu(authority: Authority, *words: str) -> Result:
    arguments = [*words, "--folder", str(authority.folder.parent)]
    return CliRunner().invoke(certificates, arguments, env={"COLUMNS": "200"})


@pytest.mark.parametrize("name", ["broker", "gateway-1", "ticketing-1"])
def test_a_renewed_certificate_is_the_same_but_for_key_and_dates(
    outside: Authority, name: str
) -> None:
    """Name, purpose, addresses and kind of key stay; the one before is good until it ends."""
    outside.issue("ticketing-1", Purpose.CLIENT, kind=KeyKind.RSA)
    before = _certificate(outside, name)
    kept = outside.folder / "kept.pem"
    kept.write_bytes(before.public_bytes(PEM))
    outside.renew(name)
    after = _certificate(outside, name)
    assert after.public_key() != before.public_key()
    assert after.serial_number != before.serial_number
    for same in (forms.common_name, forms.purpose_of, forms.addresses_of):
        assert same(after) == same(before)
    assert isinstance(after.public_key(), type(before.public_key()))
    assert _verdict(outside, kept) == "OK"


def test_what_ends_soon_is_renewed_and_nothing_else(outside: Authority) -> None:
    """Without a name the command takes what has no more than thirty days, and says where to."""
    outside.issue("gateway-1", Purpose.CLIENT, days=20)
    before = {name: _certificate(outside, name).serial_number for name in outside.names()}
    said = _lupu(outside, "renew", "outside").output
    after = {name: _certificate(outside, name).serial_number for name in outside.names()}
    assert [name for name in before if before[name] != after[name]] == ["gateway-1"]
    assert "to the machine of gateway-1" in said
    assert "Nothing of outside ends" in _lupu(outside, "renew", "outside").output


def test_whatever_a_name_ever_had_is_revoked_and_what_it_gets_next_is_good(
    outside: Authority,
) -> None:
    """Replaced certificates too, for a thief has those; the list says why, and has a number."""
    stolen = outside.folder / "stolen.pem"
    stolen.write_bytes(outside.issued("gateway-1").certificate.read_bytes())
    outside.renew("gateway-1")
    (before,) = read_lists(outside.crl)
    assert len(outside.revoke("gateway-1", "key-compromise")) == 2
    assert "revoked" in _verdict(outside, stolen)
    assert "revoked" in _verdict(outside, outside.issued("gateway-1").certificate)
    assert _verdict(outside, outside.issued("broker").certificate) == "OK"
    assert _verdict(outside, outside.issue("gateway-1", Purpose.CLIENT).certificate) == "OK"
    (after,) = read_lists(outside.crl)
    assert (before.count, after.count) == (0, 2)
    assert after.number > before.number
    assert after.days_left(datetime.now(UTC)) > 390
    listed = x509.load_pem_x509_crl(outside.crl.read_bytes())
    reasons = {one.extensions.get_extension_for_class(x509.CRLReason).value for one in listed}
    assert reasons == {x509.CRLReason(x509.ReasonFlags.key_compromise)}


def test_one_of_several_is_revoked_by_its_serial(outside: Authority) -> None:
    """The others of that name stay good; a serial that was never issued is said."""
    serial = f"{_certificate(outside, 'gateway-1').serial_number:x}"
    outside.renew("gateway-1")
    (entry,) = outside.revoke("gateway-1", "superseded", serial[:16])
    assert entry.shown == serial
    assert _verdict(outside, outside.issued("gateway-1").certificate) == "OK"
    with pytest.raises(CertificateError, match="list --all"):
        outside.revoke("gateway-1", "superseded", "zz")


def test_every_broker_finds_the_list_by_the_hash_that_openssl_makes(outside: Authority) -> None:
    """The name of the list's own file is OpenSSL's hash of the authority's name."""
    command = ["openssl", "x509", "-hash", "-noout", "-in", str(outside.certificate)]
    made = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    assert [path.name for path in (outside.folder / "crl").iterdir()] == [f"{made}.r0"]


def test_who_makes_its_own_key_sends_a_request(outside: Authority, tmp_path: Path) -> None:
    """The certificate has our name and purpose, whatever it wishes, and no key is here."""
    key = ec.generate_private_key(ec.SECP256R1())
    csr = _request(tmp_path, key, hashes.SHA256())
    assert _lupu(outside, "issue", "outside", "gateway-9", "--csr", str(csr)).exit_code == 0
    made = _certificate(outside, "gateway-9")
    assert made.public_key() == key.public_key()
    assert (forms.common_name(made), forms.purpose_of(made)) == ("gateway-9", Purpose.CLIENT)
    assert not outside.issued("gateway-9").key.exists()
    with pytest.raises(CertificateError, match="--csr"):
        outside.renew("gateway-9")
    refused = _lupu(outside, "issue", "outside", "gateway-1", "--csr", str(csr))
    assert "does not make its own key" in str(refused.exception)


def test_a_request_that_is_weak_or_altered_is_refused(tmp_path: Path) -> None:
    """Short RSA, kinds that not everybody reads, and a signature that is not its key's."""
    weak = rsa.generate_private_key(
        public_exponent=65_537,
        key_size=1_024,  # noqa: S505  what is to be refused
    )
    for key, algorithm in ((weak, hashes.SHA256()), (ed25519.Ed25519PrivateKey.generate(), None)):
        with pytest.raises(CertificateError, match="use EC"):
            requested_key(_request(tmp_path, key, algorithm))
    good = _request(tmp_path, ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    made = x509.load_pem_x509_csr(good.read_bytes())
    der = bytearray(made.public_bytes(serialization.Encoding.DER))
    der[der.index(b"whoever")] ^= 1
    good.write_bytes(x509.load_der_x509_csr(bytes(der)).public_bytes(PEM))
    with pytest.raises(CertificateError, match="make it again"):
        requested_key(good)
    good.write_text("no request")
    with pytest.raises(CertificateError, match="no certificate request"):
        requested_key(good)


def test_what_was_issued_before_there_was_a_record_can_be_revoked(outside: Authority) -> None:
    """An installation of before has certificates alone: they are taken into the record."""
    (outside.folder / FILE).unlink()
    outside.revoke("gateway-1", "unspecified")
    assert "revoked" in _verdict(outside, outside.issued("gateway-1").certificate)
    (outside.folder / FILE).write_text("{", "utf-8")
    with pytest.raises(CertificateError, match="from a backup"):
        outside.record()


def test_an_authority_is_replaced_in_three_steps_each_of_which_may_be_repeated(
    outside: Authority, tmp_path: Path
) -> None:
    """All is good at every step; what was revoked is not issued anew; the old key goes."""
    csr = _request(tmp_path, ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    assert _lupu(outside, "issue", "outside", "gateway-9", "--csr", str(csr)).exit_code == 0
    outside.issue("gateway-2", Purpose.CLIENT)
    outside.revoke("gateway-2", "key-compromise")
    before = {name: outside.issued(name).certificate.read_bytes() for name in outside.names()}
    kept, old = tmp_path / "old.pem", outside.own()
    kept.write_bytes(before["gateway-1"])
    key_of_nine = _certificate(outside, "gateway-9").public_key()
    for step in ("trust", "reissue", "retire"):
        said = [_lupu(outside, "rotate", "outside", "--step", step) for _ in range(2)]
        # Once the old one has gone there is nothing to retire, which is said.
        assert said[0].exit_code == 0, said[0].exception
        assert (said[1].exit_code == 0) is (step != "retire")
        good = [name for name in outside.names() if name != "gateway-2"]
        assert {_verdict(outside, outside.issued(name).certificate) for name in good} == {"OK"}
        assert _verdict(outside, outside.issued("gateway-2").certificate) != "OK"
        assert (_verdict(outside, kept) == "OK") is (step != "retire")
    after = {name: outside.issued(name).certificate.read_bytes() for name in outside.names()}
    assert [name for name in before if after[name] == before[name]] == ["gateway-2"]
    assert _certificate(outside, "gateway-9").public_key() == key_of_nine
    assert outside.trusted() == [outside.own()]
    assert outside.own().subject != old.subject
    assert [path.name for path in outside.folder.glob("authority*.key")] == ["authority.key"]


def test_a_step_that_is_too_early_names_the_one_before_it(outside: Authority) -> None:
    """Nothing can be done out of turn, and each refusal says what comes first."""
    rotation = Rotation(outside)
    with pytest.raises(CertificateError, match="--step trust"):
        rotation.reissue()
    with pytest.raises(CertificateError, match="--step reissue"):
        rotation.retire()
    rotation.trust()
    with pytest.raises(CertificateError, match="--step reissue"):
        rotation.retire()
    rotation.reissue()
    with pytest.raises(CertificateError, match="--step retire"):
        rotation.trust()


def test_a_rotation_that_broke_off_goes_on(outside: Authority) -> None:
    """Where the power went between two files, the same command mends it."""
    rotation = Rotation(outside)
    storage.write_key(outside.folder / "authority.next.key", forms.new_key(KeyKind.EC))
    rotation.trust()
    assert len(outside.trusted()) == 2
    storage.write_key(outside.folder / "authority.old.key", storage.read_key(outside.key))
    (outside.folder / "authority.next.key").replace(outside.key)
    rotation.reissue()
    rotation.retire()
    verdicts = {_verdict(outside, outside.issued(name).certificate) for name in outside.names()}
    assert verdicts == {"OK"}


def test_the_list_says_what_must_be_renewed_and_what_is_revoked(outside: Authority) -> None:
    """A monitor reads the exit status, a person the table: days, revoked, next command."""
    assert _lupu(outside, "list").exit_code == 0
    outside.issue("gateway-1", Purpose.CLIENT, days=12)
    outside.issue("gateway-2", Purpose.CLIENT)
    outside.revoke("gateway-2", "key-compromise")
    found = _lupu(outside, "list")
    assert isinstance(found.exception, NotFine)
    assert "gateway-1 (11 days): lupu certificates renew outside gateway-1" in str(found.exception)
    assert "key-compromise" in found.output
    assert "1 revoked" in found.output
    assert "replaced" not in found.output
    assert "replaced" in _lupu(outside, "list", "--all").output
    assert "outside authority" in _lupu(outside, "list", "--days-left", "4000").output


def test_two_that_issue_at_once_lose_nothing(outside: Authority) -> None:
    """Each certificate is in the record, whoever wrote it at the same time."""
    code = (
        "import sys; from pathlib import Path; from certs.authority import *\n"
        "a = Authority(Path(sys.argv[1]), 'outside')\n"
        "for n in range(15): a.issue(f'{sys.argv[2]}-{n}', Purpose.CLIENT)"
    )
    command = [sys.executable, "-c", code, str(outside.folder.parent)]
    running = [subprocess.Popen([*command, name]) for name in ("gateway", "hub")]
    assert [one.wait() for one in running] == [0, 0]
    names = {entry.name for entry in outside.record()}
    assert {f"{kind}-{n}" for kind in ("gateway", "hub") for n in range(15)} <= names
