"""What certificates look like: names, usages, addresses, and who made them."""

import enum
import hashlib
import ipaddress
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certs.storage import PrivateKey, PublicKey

# A clock that is a little behind must not refuse a certificate made a moment ago.
BACKDATE = timedelta(minutes=5)
RSA_BITS = 3_072


class Purpose(enum.Enum):
    """What a certificate may be used for (extended key usage)."""

    SERVER = "server"
    CLIENT = "client"
    BOTH = "both"


class KeyKind(enum.Enum):
    """EC P-256, or RSA for peers that know nothing newer."""

    EC = "ec"
    RSA = "rsa"


_USAGES = {
    Purpose.SERVER: (ExtendedKeyUsageOID.SERVER_AUTH,),
    Purpose.CLIENT: (ExtendedKeyUsageOID.CLIENT_AUTH,),
    Purpose.BOTH: (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH),
}


def new_key(kind: KeyKind) -> PrivateKey:
    """Make a private key."""
    if kind is KeyKind.RSA:
        return rsa.generate_private_key(public_exponent=65_537, key_size=RSA_BITS)
    return ec.generate_private_key(ec.SECP256R1())


def kind_of(key: PublicKey) -> KeyKind:
    """Return what kind a key is."""
    return KeyKind.RSA if isinstance(key, rsa.RSAPublicKey) else KeyKind.EC


def key_name(key: PublicKey) -> str:
    """Return a name of a public key; an authority is told from its successor by it."""
    content = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(content).hexdigest()[:16]


def authority_form(common_name_: str, key: PrivateKey, days: int) -> x509.CertificateBuilder:
    """Return an authority's certificate, to be signed with its own key."""
    name = _name(common_name_)
    return (
        _form(name, key.public_key(), days)
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(authority=True), critical=True)
    )


def component_form(
    name: str, key: PublicKey, days: int, *, purpose: Purpose, addresses: Iterable[str]
) -> x509.CertificateBuilder:
    """Return a component's certificate, to be completed by ``signed_by``."""
    form = (
        _form(_name(name), key, days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(authority=False), critical=True)
        # Critical: whoever reads it must heed what it is for.
        .add_extension(x509.ExtendedKeyUsage(_USAGES[purpose]), critical=True)
    )
    if purpose is Purpose.CLIENT:
        return form
    return form.add_extension(_alternative_names(addresses), critical=False)


def signed_by(form: x509.CertificateBuilder, issuer: x509.Certificate) -> x509.CertificateBuilder:
    """Return a form that names its authority."""
    # The authority's public key is of the kind that it signs with.
    key = issuer.public_key()
    known = x509.AuthorityKeyIdentifier.from_issuer_public_key(key)  # type: ignore[arg-type]
    return form.issuer_name(issuer.subject).add_extension(known, critical=False)


def common_name(certificate: x509.Certificate) -> str:
    """Return whose certificate it is."""
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def purpose_of(certificate: x509.Certificate) -> Purpose:
    """Return what a certificate is for."""
    extension = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    found = set(extension.value)
    return next(purpose for purpose, usages in _USAGES.items() if set(usages) == found)


def addresses_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the host names and addresses of a server's certificate."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return tuple(str(name.value) for name in extension.value)


def name_hash(name: x509.Name) -> str:
    """Return the hash under which OpenSSL, and Erlang, look an authority's files up.

    Of a name as ours are: one common name, letters, digits and single spaces.
    """
    (part,) = name
    same = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, str(part.value).lower())])
    # Without the outer tag and length.
    found = hashlib.sha1(same.public_bytes()[2:]).digest()  # noqa: S324  it names a file
    return found[3::-1].hex()


def _form(subject: x509.Name, key: PublicKey, days: int) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATE)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(common_name_: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name_)])


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


def _alternative_names(addresses: Iterable[str]) -> x509.SubjectAlternativeName:
    names: list[x509.GeneralName] = []
    for address in addresses:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(address)))
        except ValueError:
            names.append(x509.DNSName(address))
    return x509.SubjectAlternativeName(names)
