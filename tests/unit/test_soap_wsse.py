"""Signing in by name: passwords in text, digests, their times, each digest once."""

import base64
import hashlib
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree

from adapters.soap.forms import SoapRefused
from adapters.soap.wsse import (
    _NOBODY_SECRET,
    NONCE_BYTES_MAX,
    TRIED,
    WSSE,
    WSU,
    Credentials,
    DigestSecret,
    Password,
    Token,
    check_token,
    read_security,
    verifier,
)
from dmz_gateway.agents.replays import Replays

NOW = datetime(2010, 5, 1, 9, 0, tzinfo=UTC)
CREATED = "2010-05-01T09:00:00Z"
WINDOW_SECONDS = 300.0
TYPE = (
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0"
    "#PasswordDigest"
)
NONCE = b"sixteen bytes..."
SECRET = "a secret of the agent"
SALT = bytes(range(32))


def password(text: str, not_after: datetime | None = None) -> Password:
    """Return what is kept of a password."""
    return Password(SALT, verifier(SALT, text), not_after)


SECRETS = (DigestSecret("an older secret"), DigestSecret(SECRET))
KNOWN = Credentials((password("old"), password("new")), SECRETS)


@pytest.fixture
def replays(tmp_path: Path) -> Replays:
    """Offer a memory of digests to each test."""
    return Replays(tmp_path, 2 * WINDOW_SECONDS)


def header(content: str) -> etree._Element:
    """Return a Security header."""
    return etree.fromstring(f'<w:Security xmlns:w="{WSSE}" xmlns:u="{WSU}">{content}</w:Security>')


def text_token(user: str, given: str, kind: str = "") -> Token:
    """Return a UsernameToken with a password in text, read from XML."""
    on_password = f' Type="{kind}"' if kind else ""
    return read(
        f"<w:UsernameToken><w:Username>{user}</w:Username>"
        f"<w:Password{on_password}>{given}</w:Password></w:UsernameToken>"
    )


def digest_token(
    nonce: bytes = NONCE,
    *,
    written: str | None = None,
    created: str = CREATED,
    secret: str = SECRET,
) -> Token:
    """Return a UsernameToken with a digest; ``written``: the nonce's letters if not Base64."""
    digest = base64.b64encode(hashlib.sha1(nonce + created.encode() + secret.encode()).digest())  # noqa: S324
    letters = base64.b64encode(nonce).decode() if written is None else written
    return read(
        f"<w:UsernameToken><w:Username>1001</w:Username>"
        f'<w:Password Type="{TYPE}">{digest.decode()}</w:Password><w:Nonce>{letters}</w:Nonce>'
        f"<u:Created>{created}</u:Created></w:UsernameToken>"
    )


def read(content: str) -> Token:
    """Return the token of a Security header."""
    token = read_security(header(content)).token
    assert token is not None
    return token


def checked(
    token: Token, replays: Replays, known: Credentials | None = KNOWN, now: datetime = NOW
) -> str:
    """Return how the token signs in, or the code of its refusal."""
    try:
        return check_token(token, known, now=now, replays=replays, window_seconds=WINDOW_SECONDS)
    except SoapRefused as refused:
        return refused.code


@pytest.mark.parametrize(
    ("given", "kind", "outcome"),
    [
        ("old", "", "password"),
        ("new", "PasswordText", "password"),
        ("new", TYPE.replace("Digest", "Text"), "password"),
        ("new ", "", "SIGN_IN_FAILED"),
        ("", "", "SIGN_IN_FAILED"),
        ("other", "", "SIGN_IN_FAILED"),
    ],
)
def test_a_password_in_text_signs_in_as_written(
    replays: Replays, given: str, kind: str, outcome: str
) -> None:
    """Each of an agent's passwords is taken, letter by letter, however its Type is written."""
    assert checked(text_token("1001", given, kind), replays) == outcome


def test_a_password_ends_when_it_was_said_to(replays: Replays) -> None:
    """An old password is taken until its end and not from then on; a time without zone is UTC."""
    for ends in (NOW, NOW.replace(tzinfo=None)):
        known = Credentials((password("old", ends), password("new")))
        before = NOW - timedelta(seconds=1)
        assert checked(text_token("1001", "old"), replays, known, before) == "password"
        assert checked(text_token("1001", "old"), replays, known) == "SIGN_IN_FAILED"
        assert checked(text_token("1001", "new"), replays, known) == "password"


def test_nobody_signs_in(replays: Replays) -> None:
    """An unknown user, and one without passwords or secrets, are refused in the same words."""
    for known in (None, Credentials()):
        for token in (text_token("1001", "old"), text_token("1001", ""), digest_token()):
            assert checked(token, replays, known) == "SIGN_IN_FAILED"
    for secret in ("", _NOBODY_SECRET):
        assert checked(digest_token(secret=secret), replays, None) == "SIGN_IN_FAILED"


def test_every_user_costs_the_same(monkeypatch: pytest.MonkeyPatch, replays: Replays) -> None:
    """The number of hashes does not tell who exists, nor how many passwords he has."""
    hashes: list[str] = []
    real_sha1, real_verifier = hashlib.sha1, verifier

    def sha1(text: bytes) -> "hashlib._Hash":
        hashes.append("sha1")
        return real_sha1(text)

    def counted(salt: bytes, given: str) -> bytes:
        hashes.append("hmac")
        return real_verifier(salt, given)

    tokens = (text_token("1001", "other"), digest_token(secret="other"))  # noqa: S106
    monkeypatch.setattr("adapters.soap.wsse.hashlib.sha1", sha1)
    monkeypatch.setattr("adapters.soap.wsse.verifier", counted)
    ended = Credentials((password("old", NOW),))
    costs = set()
    for known in (None, Credentials(), KNOWN, ended):
        hashes.clear()
        assert {checked(token, replays, known) for token in tokens} == {"SIGN_IN_FAILED"}
        costs.add((hashes.count("hmac"), hashes.count("sha1")))
    assert costs == {(TRIED, 3 * TRIED)}


def test_a_digest_secret_ends_when_it_was_said_to(replays: Replays) -> None:
    """Without a newer edition too: the inside may be away when the time has come."""
    for ends in (NOW, NOW.replace(tzinfo=None)):
        known = Credentials((), (DigestSecret("an older secret", ends), DigestSecret(SECRET)))
        older = digest_token(str(ends).encode(), secret="an older secret")  # noqa: S106
        assert checked(older, replays, known) == "SIGN_IN_FAILED"
        assert checked(older, replays, known, NOW - timedelta(seconds=1)) == "digest"
        assert checked(digest_token(b"newer" + str(ends).encode()), replays, known) == "digest"


@pytest.mark.parametrize("secret", [entry.secret for entry in SECRETS])
def test_a_digest_counts_once(replays: Replays, secret: str) -> None:
    """Each secret is taken; the same token again is not, whoever remembers it."""
    token = digest_token(secret=secret)
    assert checked(token, replays) == "digest"
    assert checked(token, replays) == "SIGN_IN_REPLAYED"
    assert checked(digest_token(b"another nonce", secret=secret), replays) == "digest"


def test_a_wrong_digest_is_not_remembered(replays: Replays, tmp_path: Path) -> None:
    """Who does not know the secret can neither fill the memory nor use up another's nonce."""
    wrong = digest_token(secret="guess")  # noqa: S106
    assert checked(wrong, replays) == "SIGN_IN_FAILED"
    assert checked(digest_token(created="2010-05-01T08:00:00Z"), replays) == "MESSAGE_EXPIRED"
    assert list(tmp_path.iterdir()) == []
    assert checked(digest_token(), replays) == "digest"


HEX = "00112233445566778899aabbccddeeff"


@pytest.mark.parametrize("nonce", [HEX.encode(), bytes.fromhex(HEX), base64.b64decode(HEX)])
def test_a_nonce_in_hex_means_what_its_sender_digested(replays: Replays, nonce: bytes) -> None:
    """Old stacks digest a nonce's letters, or its bytes by hex or Base64; once, each way."""
    token = digest_token(nonce, written=HEX)
    assert checked(token, replays) == "digest"
    assert checked(token, replays) == "SIGN_IN_REPLAYED"


def test_another_spelling_of_a_nonce_is_the_same_nonce(replays: Replays) -> None:
    """Who writes a used nonce in other letters replays it all the same."""
    nonce = b"printable-nonce!"
    assert checked(digest_token(nonce), replays) == "digest"
    for written in (nonce.decode(), nonce.hex(), f" {base64.b64encode(nonce).decode()}\n"):
        assert checked(digest_token(nonce, written=written), replays) == "SIGN_IN_REPLAYED"


def test_a_nonce_may_not_run_into_the_time(replays: Replays) -> None:
    """Letters moved between nonce and Created give the same digest, and are refused."""
    for moved in (1, 4, 10):
        token = digest_token(NONCE)
        text = NONCE + CREATED.encode()
        cut = len(NONCE) + moved
        other = Token(
            "1001",
            token.password,
            digest=True,
            nonce=base64.b64encode(text[:cut]).decode(),
            created=text[cut:].decode(),
        )
        assert checked(other, replays) == "MESSAGE_EXPIRED"


@pytest.mark.parametrize(
    ("size_bytes", "outcome"),
    [(0, "SIGN_IN_FAILED"), (NONCE_BYTES_MAX, "digest"), (NONCE_BYTES_MAX + 1, "SIGN_IN_FAILED")],
)
def test_a_nonce_has_a_size(replays: Replays, size_bytes: int, outcome: str) -> None:
    """No nonce, or one of more bytes than anybody needs, is refused."""
    assert checked(digest_token(b"n" * size_bytes), replays) == outcome


@pytest.mark.parametrize(
    ("created", "outcome"),
    [
        ("2010-05-01T08:55:00Z", "digest"),
        ("2010-05-01T09:05:00.000000+00:00", "digest"),
        ("2010-05-01T17:00:00.1234567+08:00", "digest"),
        ("2010-05-01T09:00:00", "digest"),
        ("2010-05-01T08:54:59Z", "MESSAGE_EXPIRED"),
        ("2010-05-01T09:05:01Z", "MESSAGE_EXPIRED"),
        ("2010-05-01T17:00:00", "MESSAGE_EXPIRED"),
        ("0001-01-01T00:00:00+14:00", "MESSAGE_EXPIRED"),
        ("2010-05-01", "MESSAGE_EXPIRED"),
        ("20100501T090000Z", "MESSAGE_EXPIRED"),
        ("２０10-05-01T09:00:00Z", "MESSAGE_EXPIRED"),  # noqa: RUF001
        ("", "SIGN_IN_FAILED"),
    ],
)
def test_a_digest_is_fresh_for_the_window(replays: Replays, created: str, outcome: str) -> None:
    """Created is read as xs:dateTime, UTC where it names no zone, and may be 300 s off."""
    assert checked(digest_token(created=created), replays) == outcome


def test_a_time_without_zone_is_utc_on_every_machine(
    replays: Replays, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the machine's own clock thinks it is."""
    monkeypatch.setenv("TZ", "CST-8")
    time.tzset()
    try:
        assert checked(digest_token(created="2010-05-01T09:00:00"), replays) == "digest"
    finally:
        monkeypatch.undo()
        time.tzset()
