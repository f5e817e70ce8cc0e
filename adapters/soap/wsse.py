"""WS-Security: who says he asks, by name and password or digest, and when he said it.

Sources: OASIS Web Services Security UsernameToken Profile 1.1, section 3.1; WS-Security 1.1,
section 10, for the Timestamp. A password in text is verified by HMAC-SHA256 with a salt as
key; a digest needs the secret itself.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from adapters.soap.forms import SoapRefused
from adapters.xml.parsing import WHITE_SPACE, Element

_OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
WSSE = f"{_OASIS}-wssecurity-secext-1.0.xsd"
WSU = f"{_OASIS}-wssecurity-utility-1.0.xsd"
DSIG = "http://www.w3.org/2000/09/xmldsig#"

_PROFILE = f"{_OASIS}-username-token-profile-1.0"
_PASSWORD_DIGEST = ("PasswordDigest", f"{_PROFILE}#PasswordDigest")
_PASSWORD_TEXT = ("", "PasswordText", f"{_PROFILE}#PasswordText")
# An xs:dateTime. Its length is fixed from the left: in the digest it follows the nonce directly.
_MOMENT = re.compile(
    r"(?P<second>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?P<fraction>\.\d+)?"
    r"(?P<zone>Z|[+-]\d\d:\d\d)?",
    re.ASCII,
)
# A point and microseconds.
_FRACTION_CHARACTERS = 7
_TEXT_CHARACTERS_MAX = 1_000
NONCE_BYTES_MAX = 128
# What is published of an agent holds no more passwords, and no more secrets.
TRIED = 8
_NOBODY_SALT = hashlib.sha256(b"nobody").digest()
_NOBODY_SECRET = _NOBODY_SALT.hex()


@dataclass(frozen=True, slots=True)
class Password:
    """HMAC-SHA256 over a password with ``salt`` as key; good until ``not_after``."""

    salt: bytes
    verifier: bytes
    not_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class DigestSecret:
    """What an agent makes digests with; good until ``not_after``."""

    secret: str
    not_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Credentials:
    """What one agent signs in with; several of each, so that they can be exchanged in peace."""

    passwords: tuple[Password, ...] = ()
    digest_secrets: tuple[DigestSecret, ...] = ()


@dataclass(frozen=True, slots=True)
class Token:
    """A UsernameToken. ``created`` is kept as it was written: the digest is over its letters."""

    user: str
    password: str
    digest: bool = False
    nonce: str = ""
    created: str = ""


@dataclass(frozen=True, slots=True)
class Security:
    """What a Security header holds. ``signed``: there is a signature to be verified."""

    token: Token | None = None
    timestamp: Element | None = None
    signed: bool = False


class Replays(Protocol):
    """Remembers digests that were used, at least for twice the window."""

    def first(self, user: str, nonce: bytes, created: str) -> bool:
        """Remember a token; False if it was there already."""


def read_security(header: Element | None) -> Security:
    """Read a wsse:Security header; SoapRefused where it holds two of what there is one of."""
    if header is None:
        return Security()
    token = _only(header, f"{{{WSSE}}}UsernameToken")
    timestamp = _only(header, f"{{{WSU}}}Timestamp")
    signature = _only(header, f"{{{DSIG}}}Signature", "SIGNATURE_INVALID")
    return Security(None if token is None else _token(token), timestamp, signature is not None)


def check_timestamp(security: Security, now: datetime, window_seconds: float) -> None:
    """MESSAGE_EXPIRED where the message has ended, or was made too long ago or in the future."""
    if security.timestamp is None:
        return
    created = _only(security.timestamp, f"{{{WSU}}}Created")
    expires = _only(security.timestamp, f"{{{WSU}}}Expires")
    if created is None:
        raise SoapRefused("MESSAGE_EXPIRED", "The Timestamp needs Created.")
    _check_fresh(_text(created), now, window_seconds)
    if expires is not None and moment(_text(expires)) <= _aware(now):
        raise SoapRefused("MESSAGE_EXPIRED")


def check_token(
    token: Token,
    credentials: Credentials | None,
    *,
    now: datetime,
    replays: Replays,
    window_seconds: float,
) -> str:
    """Return how the agent signed in, ``password`` or ``digest``; SoapRefused if he did not.

    ``credentials`` None: nobody has this name. Whoever the user is, and whatever is wrong, the
    same number of hashes is computed. A digest counts once, and only while it is fresh.
    """
    known = credentials or Credentials()
    if not token.digest:
        if not _is_password(token.password, known.passwords, _aware(now)):
            raise SoapRefused("SIGN_IN_FAILED")
        return "password"
    nonce = _digested_nonce(token, known.digest_secrets, _aware(now))
    if nonce is None:
        raise SoapRefused("SIGN_IN_FAILED")
    _check_fresh(token.created, now, window_seconds)
    if not replays.first(token.user, nonce, token.created):
        raise SoapRefused("SIGN_IN_REPLAYED")
    return "digest"


def verifier(salt: bytes, password: str) -> bytes:
    """Return what is kept of a password."""
    return hmac.digest(salt, password.encode(), "sha256")


def _is_password(given: str, known: tuple[Password, ...], now: datetime) -> bool:
    for password in known:
        good = _is_good(password.not_after, now)
        if hmac.compare_digest(verifier(password.salt, given), password.verifier) and good:
            return True  # who signs in may learn it sooner; who does not learns nothing
    for _ in range(len(known), TRIED):
        hmac.compare_digest(verifier(_NOBODY_SALT, given), _NOBODY_SALT)
    return False


def _is_good(not_after: datetime | None, now: datetime) -> bool:
    return not_after is None or now < _aware(not_after)


def _digested_nonce(
    token: Token, given_out: tuple[DigestSecret, ...], now: datetime
) -> bytes | None:
    """Return the nonce as the sender understood it, None where no secret gives his digest."""
    known = [entry.secret for entry in given_out if _is_good(entry.not_after, now)]
    secrets = (*known, *(_NOBODY_SECRET,) * TRIED)[:TRIED]
    given, created = token.password.encode(), token.created.encode()
    matches: list[bytes] = []
    for nonce in _nonces(token.nonce):
        for number, secret in enumerate(secrets):
            text = nonce + created + secret.encode()
            expected = base64.b64encode(hashlib.sha1(text).digest())  # noqa: S324  the profile's
            if hmac.compare_digest(expected, given) and number < len(known):
                matches.append(nonce)
    if not matches or not token.created or not 0 < len(matches[0]) <= NONCE_BYTES_MAX:
        return None
    return matches[0]


def _nonces(text: str) -> tuple[bytes, bytes, bytes]:
    """Return what a nonce can mean: the profile says Base64, some digest the letters or hex."""
    letters = text.encode()
    return _decoded(base64.b64decode, letters), letters, _decoded(binascii.unhexlify, letters)


def _decoded(decode: Callable[[bytes], bytes], letters: bytes) -> bytes:
    try:
        return decode(letters)
    except ValueError:
        return letters


def _token(node: Element) -> Token:
    user = _only(node, f"{{{WSSE}}}Username")
    password = _only(node, f"{{{WSSE}}}Password")
    if user is None or password is None:
        raise SoapRefused("SIGN_IN_FAILED", "The UsernameToken needs Username and Password.")
    kind = password.get("Type", "").strip(WHITE_SPACE)
    if kind not in (*_PASSWORD_TEXT, *_PASSWORD_DIGEST):
        raise SoapRefused("SIGN_IN_FAILED", "The Type of the Password is not known.")
    nonce = _only(node, f"{{{WSSE}}}Nonce")
    created = _only(node, f"{{{WSU}}}Created")
    digest = kind in _PASSWORD_DIGEST
    return Token(
        user=_text(user),
        password=_text(password) if digest else _whole_text(password),
        digest=digest,
        nonce="" if nonce is None else "".join(_text(nonce).split()),
        created="" if created is None else _text(created),
    )


def _check_fresh(created: str, now: datetime, window_seconds: float) -> None:
    if abs(_aware(now) - moment(created)) > timedelta(seconds=window_seconds):
        raise SoapRefused("MESSAGE_EXPIRED")


def moment(text: str) -> datetime:
    """Return what an xs:dateTime says, in UTC; MESSAGE_EXPIRED where it is none."""
    found = _MOMENT.fullmatch(text)
    written = ""
    if found is not None:
        fraction = (found["fraction"] or "")[:_FRACTION_CHARACTERS]
        written = found["second"] + fraction + (found["zone"] or "")
    try:
        return _aware(datetime.fromisoformat(written))
    except (ValueError, OverflowError):
        raise SoapRefused("MESSAGE_EXPIRED", "A time of the Security header is none.") from None


def _aware(at: datetime) -> datetime:
    """Return a moment in UTC, which is also what one without a zone means."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _only(parent: Element, name: str, code: str = "SIGN_IN_FAILED") -> Element | None:
    found = [child for child in parent if child.tag == name]
    if len(found) > 1:
        raise SoapRefused(code, "The Security header has something twice.")
    return found[0] if found else None


def _text(node: Element) -> str:
    return _whole_text(node).strip(WHITE_SPACE)


def _whole_text(node: Element) -> str:
    text = node.text or ""
    if len(node) or len(text) > _TEXT_CHARACTERS_MAX:
        raise SoapRefused("SIGN_IN_FAILED", "The Security header cannot be read.")
    return text
