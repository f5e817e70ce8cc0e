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
import threading
import time
from collections import OrderedDict
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
_TOO_FINE = re.compile(r"(\.\d{6})\d+")
_TEXT_CHARACTERS_MAX = 1_000
_NOBODY_SALT = hashlib.sha256(b"nobody").digest()


@dataclass(frozen=True, slots=True)
class Password:
    """HMAC-SHA256 over a password with ``salt`` as key; good until ``not_after``."""

    salt: bytes
    verifier: bytes
    not_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Credentials:
    """What one agent signs in with; several of each, so that they can be exchanged in peace."""

    passwords: tuple[Password, ...] = ()
    digest_secrets: tuple[str, ...] = ()


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


class MemoryReplays:
    """Remembers within one process. What does not fit any more counts as used."""

    def __init__(
        self,
        keep_seconds: float,
        *,
        entries_max: int = 1_000_000,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._keep_seconds = keep_seconds
        self._entries_max = entries_max
        self._monotonic = monotonic
        self._seen: OrderedDict[tuple[str, bytes, str], float] = OrderedDict()
        self._lock = threading.Lock()

    def first(self, user: str, nonce: bytes, created: str) -> bool:
        """Remember a token; False if it was there already."""
        key, now = (user, nonce, created), self._monotonic()
        with self._lock:
            while self._seen and next(iter(self._seen.values())) < now - self._keep_seconds:
                self._seen.popitem(last=False)
            if key in self._seen or len(self._seen) >= self._entries_max:
                return False
            self._seen[key] = now
            return True


def read_security(header: Element | None) -> Security:
    """Read a wsse:Security header; SoapRefused where it holds two of what there is one of."""
    if header is None:
        return Security()
    token = _only(header, f"{{{WSSE}}}UsernameToken")
    return Security(
        None if token is None else _token(token),
        _only(header, f"{{{WSU}}}Timestamp"),
        header.find(f"{{{DSIG}}}Signature") is not None,
    )


def check_timestamp(security: Security, now: datetime, window_seconds: float) -> None:
    """MESSAGE_EXPIRED where the message has ended, or was made too long ago or in the future."""
    if security.timestamp is None:
        return
    created = _only(security.timestamp, f"{{{WSU}}}Created")
    expires = _only(security.timestamp, f"{{{WSU}}}Expires")
    if created is not None:
        _check_fresh(_text(created), now, window_seconds)
    if expires is not None and _moment(_text(expires)) <= now:
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

    ``credentials`` None: nobody has this name, which takes as long to say as a wrong password.
    A digest counts once, and only while it is fresh.
    """
    if not token.digest:
        if not _is_password(token.password, credentials, now):
            raise SoapRefused("SIGN_IN_FAILED")
        return "password"
    nonce = _digested_nonce(token, credentials or Credentials())
    if nonce is None:
        raise SoapRefused("SIGN_IN_FAILED")
    _check_fresh(token.created, now, window_seconds)
    if not replays.first(token.user, nonce, token.created):
        raise SoapRefused("SIGN_IN_REPLAYED")
    return "digest"


def verifier(salt: bytes, password: str) -> bytes:
    """Return what is kept of a password."""
    return hmac.digest(salt, password.encode(), "sha256")


def _is_password(given: str, credentials: Credentials | None, now: datetime) -> bool:
    known = credentials.passwords if credentials is not None else ()
    active = [p for p in known if p.not_after is None or now < p.not_after]
    if not active:
        hmac.compare_digest(verifier(_NOBODY_SALT, given), _NOBODY_SALT)
        return False
    # Every one is tried, whichever fits.
    matches = [hmac.compare_digest(verifier(p.salt, given), p.verifier) for p in active]
    return any(matches)


def _digested_nonce(token: Token, credentials: Credentials) -> bytes | None:
    """Return the nonce as the sender understood it, None where no secret gives his digest."""
    if not token.nonce or not token.created:
        return None
    found: bytes | None = None
    for secret in credentials.digest_secrets or ("",):
        for nonce in _nonces(token.nonce):
            text = nonce + token.created.encode() + secret.encode()
            expected = base64.b64encode(hashlib.sha1(text).digest())  # noqa: S324  the profile's
            if hmac.compare_digest(expected, token.password.encode()) and secret:
                found = nonce
    return found


def _nonces(text: str) -> tuple[bytes, ...]:
    # The profile says Base64; suds and others send hexadecimal letters and digest the letters.
    letters = text.encode()
    try:
        return base64.b64decode(letters, validate=True), letters
    except (binascii.Error, ValueError):
        return (letters,)


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
    if abs(now - _moment(created)) > timedelta(seconds=window_seconds):
        raise SoapRefused("MESSAGE_EXPIRED")


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(_TOO_FINE.sub(r"\1", text))
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise SoapRefused("MESSAGE_EXPIRED", "A time of the Security header is none.") from None


def _only(parent: Element, name: str) -> Element | None:
    found = parent.findall(name)
    if len(found) > 1:
        raise SoapRefused("SIGN_IN_FAILED", "The Security header has something twice.")
    return found[0] if found else None


def _text(node: Element) -> str:
    return _whole_text(node).strip(WHITE_SPACE)


def _whole_text(node: Element) -> str:
    text = node.text or ""
    if len(node) or len(text) > _TEXT_CHARACTERS_MAX:
        raise SoapRefused("SIGN_IN_FAILED", "The Security header cannot be read.")
    return text
