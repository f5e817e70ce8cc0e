"""Keys, the keyring, and what is signed with them."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import cbor2
import pytest
from cwt import COSE, COSEKey
from hypothesis import given
from hypothesis import strategies as st

from adapters.sealing import CoseSigner, Keyring, SessionSealer, Trusted
from adapters.sealing.announcement import ANNOUNCEMENT_BYTES_MAX, PURPOSE, Announcement
from adapters.sealing.encrypt0 import new_cipher, seal, take_apart
from adapters.sealing.keys import Use, new_key, public_pem, read_keys
from adapters.sealing.signing import key_id_of, verify
from hub.envelope import Wire
from hub.errors import KeyMissing, KeyNotTrusted, NotAuthentic
from tests.contract.test_sealing import ROUTE, WIRE
from tests.servers.keys import Keys
from tests.unit.hub_world import NOON, MovedClock


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    """Everybody's keys, good since noon."""
    return Keys(tmp_path, NOON).make()


def test_a_library_that_knows_cose_opens_what_is_sealed() -> None:
    """A sealed body is a COSE_Encrypt0 of RFC 9052: another implementation opens it."""
    key = bytes(range(32))
    sealed = seal(new_cipher(key), 7, b"announcement", b"body", b"bound")
    other = COSEKey.new({1: 4, 3: 3, -1: key})
    protected, unprotected, body = COSE.new().decode_with_headers(
        sealed, other, external_aad=b"bound"
    )
    assert (body, protected[1], unprotected[-65537]) == (b"body", 3, b"announcement")
    assert cbor2.dumps(cbor2.loads(sealed), canonical=True) == sealed


@given(payload=st.binary(max_size=400), purpose=st.sampled_from(["session", "page", "approval"]))
def test_a_signature_is_good_for_its_purpose_alone(payload: bytes, purpose: str) -> None:
    """What was signed comes out for the same purpose, and for no other, and with no other key."""
    pair, other = new_key(Use.SIGN), new_key(Use.SIGN)
    signed = CoseSigner(pair).sign(payload, purpose)
    assert verify(signed, purpose, pair.public) == payload
    assert key_id_of(signed) == pair.key_id
    for wrong_purpose, public in (("another", pair.public), (purpose, other.public)):
        with pytest.raises(NotAuthentic):
            verify(signed, wrong_purpose, public)


@given(place=st.integers(min_value=0), bit=st.integers(0, 7), cut=st.booleans())
def test_an_altered_signature_is_one_sentence(place: int, bit: int, cut: bool) -> None:  # noqa: FBT001
    """Whatever a stranger makes of signed bytes ends in NotAuthentic and nothing else."""
    pair = new_key(Use.SIGN)
    signed = bytearray(CoseSigner(pair).sign(b"payload", "page"))
    at = place % len(signed)
    if cut:
        del signed[at:]
    else:
        signed[at] ^= 1 << bit
    with pytest.raises(NotAuthentic):
        verify(bytes(signed), "page", pair.public)


def test_a_third_party_needs_only_the_public_key() -> None:
    """Any COSE library checks a signature with the public key in PEM."""
    pair = new_key(Use.SIGN)
    signed = CoseSigner(pair).sign(b"payload", "report")
    public = COSEKey.from_pem(public_pem(Use.SIGN, pair.public), kid=pair.key_id)
    assert COSE.new().decode(signed, public, external_aad=b"lupu:report") == b"payload"


def rotate(keys: Keys, owner: str, now: datetime) -> None:
    """Give a component new keys at a time; those of before end then."""
    keys.since = now
    keys.make([owner])
    keyring = keys.keyring
    for use in (Use.SIGN, Use.OPEN):
        newest = keyring.newest(owner, use, now)
        if newest is not None:
            keyring = keyring.ended(owner, use, newest.key_id, now)
    keys.change(keyring)


def oldest_signer(keys: Keys, owner: str) -> CoseSigner:
    """Return what signs with the first key of a component, as a thief of it would."""
    held = read_keys(keys.settings.keys / owner, Use.SIGN)
    first = min((key for key in keys.keyring if key.key_id in held), key=lambda k: k.begins_at)
    return CoseSigner(held[first.key_id])


def sealed_with(signer: CoseSigner, keys: Keys, clock: MovedClock) -> Wire:
    """Return a message as gateway-1 seals it with a given key."""
    sealer = SessionSealer("gateway-1", lambda: signer, lambda: keys.keyring, clock)
    return sealer.seal(WIRE, ROUTE, ("hub",))


def test_keys_roll_over_while_messages_are_under_way(keys: Keys) -> None:
    """What was sealed before a rotation opens after it; the next message has the new keys."""
    clock = MovedClock()
    sealer, opener = keys.of("gateway-1", clock).sealer, keys.of("hub-1", clock).opener
    before = sealer.seal(WIRE, ROUTE, ("hub",))
    clock.move(hours=1)
    for owner in ("gateway-1", "hub"):
        rotate(keys, owner, clock.now())
    after = sealer.seal(WIRE, ROUTE, ("hub",))
    for sealed in (before, after):
        assert opener.open(sealed, ROUTE).sealed_by == "gateway-1"
    used = [key_id_of(take_apart(sealed.body).announcement) for sealed in (before, after)]
    assert used[0] != used[1]


def test_an_older_key_seals_nothing_new(keys: Keys) -> None:
    """A session that a key announces after it has ended is refused, whoever kept the key."""
    clock = MovedClock(NOON + timedelta(hours=1))
    rotate(keys, "gateway-1", clock.now())
    thief = oldest_signer(keys, "gateway-1")
    clock.move(days=1)
    with pytest.raises(KeyNotTrusted, match="was not good when"):
        keys.of("hub-1", clock).opener.open(sealed_with(thief, keys, clock), ROUTE)


def test_an_older_key_cannot_hide_behind_an_old_date(keys: Keys) -> None:
    """Long after a key has ended nothing of it is taken, not even what says it is old."""
    clock, past = MovedClock(NOON + timedelta(hours=1)), MovedClock()
    rotate(keys, "gateway-1", clock.now())
    sealed = sealed_with(oldest_signer(keys, "gateway-1"), keys, past)
    opener = keys.of("hub-1", clock).opener
    opener.open(sealed, ROUTE)
    clock.move(seconds=Trusted().ended_kept.total_seconds() + 1)
    with pytest.raises(KeyNotTrusted, match="ended too long ago"):
        opener.open(sealed, ROUTE)


def test_a_strangers_key_is_refused(keys: Keys) -> None:
    """A session signed by a key that is in no keyring opens nothing."""
    stranger = CoseSigner(new_key(Use.SIGN))
    with pytest.raises(KeyNotTrusted, match="is known"):
        keys.of("hub-1", MovedClock()).opener.open(
            sealed_with(stranger, keys, MovedClock()), ROUTE
        )


def test_nobody_seals_in_anothers_name(keys: Keys) -> None:
    """A gateway that announces a session as another gateway is found out."""
    other = oldest_signer(keys, "gateway-2")
    with pytest.raises(NotAuthentic, match="another's name"):
        keys.of("hub-1", MovedClock()).opener.open(sealed_with(other, keys, MovedClock()), ROUTE)


def test_a_session_ends_and_another_begins(keys: Keys) -> None:
    """A sealer changes its session's key in time; none outlives what it announced."""
    clock = MovedClock()
    sealer = keys.of("gateway-1", clock).sealer
    first = take_apart(sealer.seal(WIRE, ROUTE, ("hub",)).body)
    again = take_apart(sealer.seal(WIRE, ROUTE, ("hub",)).body)
    clock.move(seconds=keys.settings.session_seconds)
    later = take_apart(sealer.seal(WIRE, ROUTE, ("hub",)).body)
    assert first.announcement == again.announcement != later.announcement
    assert first.iv != again.iv


class Woken(MovedClock):
    """The clock of a machine that slept, or was set: the time of day moves, the other stands."""

    def monotonic(self) -> float:
        """Return what it was."""
        return NOON.timestamp()


@pytest.mark.parametrize("hours", [-200, -1, 1, 200])
def test_a_clock_that_jumps_begins_a_new_session(keys: Keys, hours: int) -> None:
    """Forth or back: what is accepted then is accepted while its session lasts."""
    clock = Woken(NOON + timedelta(days=300))
    sealer, opener = keys.of("gateway-1", clock).sealer, keys.of("hub-1", clock).opener
    sealer.seal(WIRE, ROUTE, ("hub",))
    clock.move(hours=hours)
    opened = opener.open(sealer.seal(WIRE, ROUTE, ("hub",)), ROUTE)
    assert opened.begins_at <= clock.now() <= opened.ends_at


def test_a_session_of_years_is_refused(keys: Keys) -> None:
    """Whoever announces a session longer than a day is not believed."""
    signer = oldest_signer(keys, "gateway-1")
    sealer = SessionSealer(
        "gateway-1", lambda: signer, lambda: keys.keyring, MovedClock(), session_seconds=86_401
    )
    with pytest.raises(NotAuthentic, match="too long"):
        keys.of("hub-1", MovedClock()).opener.open(sealer.seal(WIRE, ROUTE, ("hub",)), ROUTE)


def test_no_number_is_used_twice_with_one_key(keys: Keys) -> None:
    """Of many threads that seal at once, no two use one initialisation vector."""
    sealer = keys.of("gateway-1", MovedClock()).sealer
    with ThreadPoolExecutor(8) as pool:
        sealed = pool.map(lambda _: sealer.seal(WIRE, ROUTE, ("hub",)), range(2_000))
    used = [(parts.announcement, parts.iv) for parts in (take_apart(one.body) for one in sealed)]
    assert len(set(used)) == len(used) == 2_000


@given(payload=st.binary(max_size=200))
def test_what_announces_nothing_is_one_sentence(payload: bytes) -> None:
    """Even what a trusted key has signed is read with care."""
    with suppress(NotAuthentic):
        Announcement.read(payload)


def test_requests_are_sealed_to_operators_only_where_they_have_a_key(keys: Keys) -> None:
    """Without a key of theirs nobody but the hubs opens a request."""
    clock = MovedClock()
    gateway = keys.of("gateway-1", clock)
    assert gateway.requests_for() == ["hub", "operator"]
    sealed = gateway.sealer.seal(WIRE, ROUTE, gateway.requests_for())
    assert keys.of("operator-1", clock).opener.open(sealed, ROUTE).wire == WIRE
    (operators,) = [key for key in keys.keyring if key.owner == "operator"]
    keys.change(keys.keyring.revoked(operators.key_id, clock.now()))
    assert gateway.requests_for() == ["hub"]


def test_a_key_counts_from_the_moment_it_begins(keys: Keys) -> None:
    """A session of the keys before ends when a new key begins, though no file changes then."""
    clock = MovedClock()
    begins_at = clock.now() + timedelta(minutes=10)
    rotate(keys, "gateway-1", begins_at)
    sealer = keys.of("gateway-1", clock).sealer
    used = []
    for minutes in (0, 5, 6):
        clock.move(minutes=minutes)
        parts = take_apart(sealer.seal(WIRE, ROUTE, ("hub",)).body)
        used.append((key_id_of(parts.announcement), clock.now() >= begins_at))
    assert used[0] == used[1] != used[2]
    newest = keys.keyring.newest("gateway-1", Use.SIGN, begins_at)
    assert newest is not None
    assert used[2] == (newest.key_id, True)


def test_the_key_before_signs_on_where_the_new_one_came_late(keys: Keys) -> None:
    """A keyring that is ahead of the private keys stops nobody; without any key it is said so."""
    clock = MovedClock()
    gateway = keys.of("gateway-1", clock)
    before = gateway.signer().key_id
    keys.change(keys.keyring.with_key("gateway-1", new_key(Use.SIGN), clock.now()))
    clock.move(seconds=1)
    assert gateway.signer().key_id == before
    keys.change(keys.keyring.revoked(before, clock.now()))
    with pytest.raises(KeyMissing):
        gateway.signer()


def test_operators_are_readers_only_while_they_have_a_key(keys: Keys) -> None:
    """A key that begins later, or has ended, is found out without a change of the keyring."""
    clock = MovedClock(NOON - timedelta(minutes=1))
    keyring = keys.keyring
    (operators,) = [key for key in keyring if key.owner == "operator"]
    keys.change(keyring.ended("operator", Use.OPEN, b"", NOON + timedelta(minutes=1)))
    gateway = keys.of("gateway-1", clock)
    found = []
    for _ in range(4):
        found.append(gateway.requests_for())
        clock.move(minutes=1, seconds=1)
    assert operators.owner == "operator"
    assert found == [["hub"], ["hub", "operator"], ["hub"], ["hub"]]


def test_a_session_announced_at_length_is_refused(keys: Keys) -> None:
    """What a captured gateway signs may not fill a hub's memory, session by session."""
    signer = oldest_signer(keys, "gateway-1")
    junk = {bytes(8): b"x" * ANNOUNCEMENT_BYTES_MAX}
    announced = Announcement("gateway-1", bytes(16), NOON, NOON + timedelta(hours=1), junk)
    announcement = signer.sign(announced.write(), PURPOSE)
    body = seal(new_cipher(bytes(32)), 1, announcement, b"body", b"bound")
    with pytest.raises(NotAuthentic, match="too long"):
        keys.of("hub-1", MovedClock()).opener.open(WIRE._replace(body=body), ROUTE)


def test_however_many_sessions_are_announced_few_are_remembered(
    keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A captured gateway fills no memory with its own; what was forgotten opens all the same."""
    monkeypatch.setattr("adapters.sealing.opener.SESSIONS_MAX", 3)
    opener, gateway = keys.of("hub-1", MovedClock()).opener, keys.of("gateway-1", MovedClock())
    wires = [gateway.sealer.seal(WIRE, ROUTE, ("hub",)) for _ in range(8)]
    for wire in (*wires, wires[0]):
        assert opener.open(wire, ROUTE).wire.body == WIRE.body
        assert len(opener._sessions) <= 3


def test_a_key_that_has_ended_is_not_given_more_time() -> None:
    """However often its owner is given new keys, and however often it is revoked."""
    pair, hour = new_key(Use.SIGN), timedelta(hours=1)
    keyring = Keyring().with_key("gateway-1", pair, NOON)
    for at in (NOON + hour, NOON + 2 * hour):
        keyring = keyring.ended("gateway-1", Use.SIGN, b"", at).revoked(pair.key_id, at)
    (key,) = keyring
    assert (key.ends_at, key.revoked_at) == (NOON + hour, NOON + hour)
