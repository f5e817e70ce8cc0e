"""A page counts as its own gateway's alone, signed while its key was good, in its own turn."""

from datetime import timedelta
from pathlib import Path

import pytest

from adapters.database import SqlParked
from adapters.sealing import CoseSignatures, CoseSigner, Keyring
from adapters.sealing.keys import Use, new_key
from hub.envelope import Message, RequestId
from tests.unit.evidence.books import taken
from tests.unit.evidence.inside import Inside
from tests.unit.hub_world import NOON

HOUR = timedelta(hours=1)


@pytest.mark.parametrize("wrong", ["sender", "reference"])
def test_a_page_of_anothers_book_is_parked(tmp_path: Path, wrong: str) -> None:
    """Whoever has one gateway says nothing of what another sent, nor of another page."""
    inside = Inside(tmp_path)
    world = inside.gateway()
    world.send(reference="A-1")

    def change(message: Message) -> Message:
        id_ = message.id
        others = {"sender": "gateway:gateway-2", "reference": "b00t.1.7"}
        parts = {**id_._asdict(), wrong: others[wrong]}
        return message._replace(id=RequestId(**parts))

    inside.change = change
    world.pages.turn()
    assert dict(SqlParked(inside.worker.store).listed("", 10).kinds) == {"NotAllowed": 1}
    entries = inside.entries()
    assert (list(entries.booked), list(entries.gateways)) == ([], [])
    inside.worker.close()


def test_a_page_that_was_signed_before_its_key_ended_is_taken(tmp_path: Path) -> None:
    """A page is judged by when it was made: keys roll over while pages are on their way."""
    pair = new_key(Use.SIGN)
    keyring = Keyring().with_key("gateway-1", pair, NOON - HOUR)
    keyring = keyring.ended("gateway-1", Use.SIGN, b"", NOON + HOUR)
    signatures = CoseSignatures(lambda: keyring, lambda: NOON + 2 * HOUR)
    inside = Inside(tmp_path, signatures)
    world = inside.gateway(signs=lambda: CoseSigner(pair))
    world.send(reference="A-1")
    world.pages.turn()
    assert [one.request for one in inside.entries().booked] == ["agent:1001/PlaceBooking/A-1"]
    assert inside.found() == []
    inside.worker.close()


def test_a_page_that_comes_late_turns_nothing_back(tmp_path: Path) -> None:
    """It is found, and what comes after the last that is here follows that one all the same."""
    inside = Inside(tmp_path)
    world = inside.gateway()
    world.pages.turn()
    world.asking.inside = taken
    world.pages.turn()
    late = world.asking.sent[-1]
    world.asking.inside = inside.take
    world.pages.turn()
    inside.take(late)
    assert inside.found() == ["PAGE_MISSING", "PAGE_OUT_OF_ORDER"]
    world.pages.turn()
    assert inside.found() == ["PAGE_MISSING", "PAGE_OUT_OF_ORDER"]
    inside.worker.close()
