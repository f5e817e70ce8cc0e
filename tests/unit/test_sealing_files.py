"""The files of keys and keyring: read with care, and again while a component runs."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.sealing.keys import Use
from hub.errors import SettingsError
from tests.contract.test_sealing import ROUTE, WIRE
from tests.servers.keys import Keys
from tests.unit.hub_world import NOON, MovedClock


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    """Everybody's keys, good since noon."""
    return Keys(tmp_path, NOON).make()


def test_a_half_written_keyring_stops_nobody(keys: Keys, caplog: pytest.LogCaptureFixture) -> None:
    """A keyring that cannot be read leaves the one of before in force, and is said."""
    clock = MovedClock()
    gateway, hub = keys.of("gateway-1", clock), keys.of("hub-1", clock)
    keys.settings.keyring.write_text("{", "utf-8")
    sealed = gateway.sealer.seal(WIRE, ROUTE, ("hub",))
    assert hub.opener.open(sealed, ROUTE).wire == WIRE
    assert "sealing.unreadable" in caplog.messages


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda entry: entry | {"kid": "00" * 8}, "not a JWK Set"),
        (lambda entry: entry | {"crv": "P-256"}, "not a JWK Set"),
        (lambda entry: entry | {"x": "AAAA"}, "not a JWK Set"),
        (lambda entry: entry | {"nbf": None}, "not a JWK Set"),
        (lambda entry: [entry], "not a JWK Set"),
    ],
)
def test_a_keyring_that_cannot_be_is_one_sentence(
    keys: Keys, spoil: Callable[[dict[str, object]], object], sentence: str
) -> None:
    """A wrong entry of the keyring is refused before anything starts."""
    content = json.loads(keys.settings.keyring.read_text("utf-8"))
    content["keys"][0] = spoil(content["keys"][0])
    keys.settings.keyring.write_text(json.dumps(content), "utf-8")
    with pytest.raises(SettingsError, match=sentence):
        keys.of("gateway-1", MovedClock())


def test_a_key_that_others_may_read_is_refused(keys: Keys) -> None:
    """A private key that is not for its owner's eyes alone stops the start."""
    path = next((keys.settings.keys / "gateway-1").glob("*.sign.pem"))
    path.chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        keys.of("gateway-1", MovedClock())


def test_a_component_without_keys_does_not_start(keys: Keys) -> None:
    """Who could not sign, or open what it reads, is told how to make a key."""
    with pytest.raises(SettingsError, match="lupu sealing make"):
        keys.of("gateway-9", MovedClock()).check(opens=True)
    with pytest.raises(SettingsError, match="no key to open"):
        keys.of("ticketing-1", MovedClock()).check(opens=True)
    keys.of("hub-1", MovedClock()).check(opens=True)


def test_a_keyring_comes_back_as_it_was_written(keys: Keys) -> None:
    """Ends and revocations are kept, to the second."""
    first = next(iter(keys.keyring))
    keys.change(keys.keyring.revoked(first.key_id, NOON).ended("hub", Use.OPEN, b"", NOON))
    read = {key.key_id: key for key in keys.keyring}
    assert read[first.key_id].revoked_at == NOON
    (again,) = (k for k in keys.keyring.restored(first.key_id) if k.key_id == first.key_id)
    assert again.revoked_at is None
    assert [key.ends_at for key in read.values() if key.owner == "hub"] == [NOON]
