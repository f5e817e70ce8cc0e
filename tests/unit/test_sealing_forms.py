"""The forms of what is sealed and signed: nothing is read that has another."""

from dataclasses import replace
from pathlib import Path

import pytest

from adapters.sealing import CoseSigner, SessionSealer
from adapters.sealing.keys import Use, new_key
from adapters.sealing.signing import key_id_of
from hub.errors import KeyNotTrusted, NotAuthentic
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
