"""Certificate requests (PKCS#10) of those who make their own key: an agency, another machine."""

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from certs.storage import CertificateError, PublicKey

RSA_BITS_MIN = 2_048
CURVES = ("secp256r1", "secp384r1", "secp521r1")


def requested_key(path: Path) -> PublicKey:
    """Return the key that a request asks a certificate for; nothing else in it counts.

    CertificateError where it is none, is not signed by its own key, or that key is weak.
    """
    try:
        request = x509.load_pem_x509_csr(path.read_bytes())
    except OSError as error:
        raise CertificateError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise CertificateError(f"{path} is no certificate request in PEM (PKCS#10).") from error
    if not request.is_signature_valid:
        raise CertificateError(
            f"{path} is not signed by the key that it names: have its sender make it again."
        )
    key = request.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= RSA_BITS_MIN:
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in CURVES:
        return key
    raise CertificateError(
        f"{path} is of a key that is too weak, or of a kind that not everybody reads: use EC "
        f"P-256, or RSA of {RSA_BITS_MIN} bits or more."
    )
