"""The forms of what is sealed and signed: nothing is read that has another."""

from dataclasses import replace
from pathlib import Path

import cbor2
import pytest

from adapters.sealing import CoseSigner, Keyring, SessionSealer
from adapters.sealing.announcement import READERS_MAX, Announcement
from adapters.sealing.byte_strings import byte_string_at
from adapters.sealing.keys import Use, key_id, new_key, read_keys, write_key
from adapters.sealing.signing import key_id_of, verify
from hub.errors import KeyNotTrusted, NotAuthentic, SettingsError
from hub.sealing import bound
from tests.contract.test_sealing import ROUTE, WIRE
from tests.servers.keys import Keys
from tests.unit.hub_world import NOON, MovedClock


def test_no_two_messages_are_bound_alike() -> None:
    """A text that holds what stands between texts is refused, or it could be read as two."""
    with pytest.raises(NotAuthentic):
        bound(WIRE._replace(type="PlaceBooking.1\0agent:1001", message_id=""), ROUTE)


@pytest.mark.parametrize("signed", [b"", b"\xd2", b"more", b"shorter"])
def test_what_is_not_of_our_form_meets_no_decoder(signed: bytes) -> None:
    """Not one byte behind a signature, nor one less of it, is taken further."""
    good = CoseSigner(new_key(Use.SIGN)).sign(b"payload", "page")
    forms = {b"more": good + b"\0", b"shorter": good[:-66] + b"\x58\x3f" + good[-63:]}
    with pytest.raises(NotAuthentic):
        key_id_of(forms.get(signed, signed))


def test_a_key_to_open_with_signs_nothing(tmp_path: Path) -> None:
    """Whoever has one, and made it so that it could sign, is not believed."""
    keys, clock = Keys(tmp_path, NOON).make(), MovedClock()
    pair = new_key(Use.SIGN)
    keys.change(keys.keyring.with_key("gateway-1", replace(pair, use=Use.OPEN), NOON))
    signer = CoseSigner(pair)
    sealer = SessionSealer("gateway-1", lambda: signer, lambda: keys.keyring, clock)
    sealed = sealer.seal(WIRE, ROUTE, ("hub",))
    with pytest.raises(KeyNotTrusted, match="to sign with"):
        keys.of("hub-1", clock).opener.open(sealed, ROUTE)


ANNOUNCED = {
    1: "gateway-1",
    4: 1_272_686_400,
    6: 1_272_682_800,
    7: bytes(16),
    -65537: {b"k": b"w"},
}


@pytest.mark.parametrize(
    "claims",
    [
        {1: 7},
        {7: bytes(15)},
        {7: "0" * 16},
        {-65537: {"k": b"w"}},
        {-65537: {b"k": "w"}},
        {-65537: {bytes((at,)): b"w" for at in range(READERS_MAX + 1)}},
        {6: 1.5},
    ],
    ids=["sender", "short session", "session", "reader", "key", "readers", "time"],
)
def test_a_session_is_announced_in_one_form(claims: dict[int, object]) -> None:
    """Claims of other types or sizes are refused, whoever has signed them."""
    assert Announcement.read(cbor2.dumps(ANNOUNCED)).sender == "gateway-1"
    with pytest.raises(NotAuthentic):
        Announcement.read(cbor2.dumps({**ANNOUNCED, **claims}))


@pytest.mark.parametrize(
    "data",
    [
        b"\x58\x05hello",
        b"\x59\x00\x05hello",
        b"\x5a\x00\x00\x00\x05hello",
        b"\x59\x01\x00short",
        b"\x58\x20short",
        b"\x45hell",
        b"\x65hello",
        b"",
    ],
)
def test_a_byte_string_has_one_form_and_an_end(data: bytes) -> None:
    """One that could be written shorter, is no string or is cut off is refused."""
    assert byte_string_at(b"\x45hello", 0) == (b"hello", 6)
    with pytest.raises(NotAuthentic):
        byte_string_at(data, 0)


def test_what_is_signed_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has a component check gigabytes; and a key is named before it is tried."""
    pair = new_key(Use.SIGN)
    signed = CoseSigner(pair).sign(bytes(100), "page")
    with pytest.raises(NotAuthentic, match="another key"):
        verify(signed, "page", new_key(Use.SIGN).public)
    monkeypatch.setattr("adapters.sealing.signing.SIGNED_BYTES_MAX", 100)
    with pytest.raises(NotAuthentic):
        verify(signed, "page", pair.public)


def test_a_private_key_is_what_its_name_says_and_is_never_written_over(tmp_path: Path) -> None:
    """A key to open with does not sign because its file was given another name."""
    pair = new_key(Use.OPEN)
    path = write_key(tmp_path, pair)
    with pytest.raises(FileExistsError):
        write_key(tmp_path, pair)
    path.rename(path.with_name(path.name.replace(".open.", ".sign.")))
    with pytest.raises(SettingsError, match="another kind"):
        read_keys(tmp_path, Use.SIGN)


def test_a_public_key_has_its_length(tmp_path: Path) -> None:
    """One that has not is found when the keyring is read, and not when it is used."""
    public = replace(new_key(Use.OPEN), public=bytes(31), key_id=key_id(bytes(31)))
    path = tmp_path / "keyring.json"
    Keyring().with_key("hub", public, NOON).write(path)
    with pytest.raises(SettingsError):
        Keyring.read(path)
