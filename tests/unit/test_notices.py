"""What the guard between the brokers stops is told inside before it is put away outside."""

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from adapters.xml import Schemas, parse
from hub.envelope import Wire, from_wire, to_wire
from hub.messages import INWARD_EXCHANGE
from hub.notices import stopped
from hub.ports import Address
from tests.unit.channel_world import World
from tests.unit.hub_world import booking

ELEMENT = "{urn:lupu:evidence:1}Stopped"
QUEUE = "evidence.requests"


def told(world: World) -> list[dict[str, object]]:
    """Return what the inside was told, and take it away."""
    schemas = Schemas()
    return [schemas.values(parse(wire.body)) for wire in world.inside.take_all(QUEUE)]


def test_a_stopped_message_is_told_inside_with_the_digest_of_its_bytes() -> None:
    """Its transmission, its request, what crossed and why, under the hub's own name."""
    world = World()
    world.send(booking(body=b"invalid"))
    (kept,) = world.outside.take_all("quarantine")
    (notice,) = world.inside.take_all(QUEUE)
    given = Schemas().values(parse(notice.body))
    assert (given["Origin"], given["Boot"], given["Sequence"]) == ("gateway-1", "b00t", 1)
    assert given["Request"] == str(booking().id)
    assert given["Crossed"] == sha256(kept.body).hexdigest()
    assert str(given["Reason"]).startswith("InvalidBody: ")
    assert from_wire(notice).id.sender == "hub:hub-1"


def test_while_the_inside_cannot_be_told_nothing_is_put_away() -> None:
    """It stays where it is, and comes again once the inside is back."""
    world = World()
    world.inside.up = False
    world.send(booking(body=b"invalid"))
    assert world.kept() == []
    assert world.held() + world.outside.depth("inward.requests") == 1
    world.inside.up = True
    world.loop.pass_seconds(120)
    assert world.kept() == ["A-1"]
    assert len(told(world)) == 1


def test_where_nobody_keeps_books_it_is_put_away_all_the_same() -> None:
    """An installation without evidence has no such queue."""
    world = World()
    world.inside.delete(QUEUE)
    world.send(booking(body=b"invalid"))
    assert world.kept() == ["A-1"]


def test_what_names_no_transmission_is_put_away_without_a_word() -> None:
    """A stranger's message is in no book."""
    world = World()
    wire = Wire(type="?", message_id="?", body=b"?", user_id="gateway-1")
    world.outside.route(Address(INWARD_EXCHANGE, "requests"), "gateway-1", wire)
    world.loop.pass_seconds(0)
    assert len(world.outside.take_all("quarantine")) == 1
    assert told(world) == []


def test_the_same_message_stopped_again_is_the_same_notice() -> None:
    """However often it comes back it is counted once."""
    world = World()
    for _ in range(2):
        world.send(booking(body=b"invalid"))
    ids = {from_wire(wire).id for wire in world.inside.take_all(QUEUE)}
    assert len(ids) == 1


@given(st.text(max_size=600))
def test_whatever_the_reason_the_notice_keeps_its_contract(reason: str) -> None:
    """No character of a stranger's makes it unreadable."""
    wire = to_wire(booking(), account="gateway-1")
    Schemas().check(ELEMENT, stopped(wire, reason[:500]))
