"""What sealing promises, in memory and for real."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapters.memory.sealing import MemoryKeys, MemoryOpener, MemorySealer
from hub.envelope import BOUND_HEADERS, TRACE_HEADERS, Wire
from hub.errors import KeyNotTrusted, NeverWorks, NotAuthentic
from hub.sealing import Opener, Sealer
from tests.servers.keys import Keys
from tests.unit.hub_world import MovedClock

NAME = "慧怡·欧阳"
ROUTE = "inward.requests"
WIRE = Wire(
    type="PlaceBooking.1",
    message_id="agent:1001/PlaceBooking/A-17",
    body=f"<PlaceBooking>{NAME}</PlaceBooking>".encode(),
    headers={name: f"{name} of it" for name in (*BOUND_HEADERS, *TRACE_HEADERS)},
    reply_to="replies.gateway-1.b00t",
    correlation_id="gateway-1.b00t.17",
    user_id="gateway-1",
)


@dataclass
class World:
    """Sealers and openers by name, and how to revoke a component's key."""

    sealer: Callable[[str], Sealer]
    opener: Callable[[str], Opener]
    revoke: Callable[[str], None]


def _memory(_folder: Path) -> World:
    keys = MemoryKeys()
    return World(
        lambda name: MemorySealer(keys, name),
        lambda name: MemoryOpener(keys, name),
        keys.revoked.add,
    )


def _real(folder: Path) -> World:
    clock = MovedClock()
    keys = Keys(folder, clock.now()).make()

    def revoke(name: str) -> None:
        for key in keys.keyring:
            if key.owner == name:
                keys.change(keys.keyring.revoked(key.key_id, clock.now()))

    return World(
        lambda name: keys.of(name, clock).sealer,
        lambda name: keys.of(name, clock).opener,
        revoke,
    )


@pytest.fixture(params=[_memory, _real], ids=["memory", "real"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    """A gateway, hubs and their keys."""
    made: World = request.param(tmp_path)
    return made


def test_the_reader_gets_what_was_sealed_and_by_whom(world: World) -> None:
    """Body, headers and properties come out as they went in, with the sealer's name."""
    sealed = world.sealer("gateway-1").seal(WIRE, ROUTE, ("hub",))
    for hub in ("hub-1", "hub-2"):
        opened = world.opener(hub).open(sealed, ROUTE)
        assert (opened.wire, opened.sealed_by) == (WIRE, "gateway-1")


def test_nothing_of_the_body_can_be_read_on_the_way(world: World) -> None:
    """A passenger's name is not in the sealed bytes, and two sealings of one body differ."""
    sealer = world.sealer("gateway-1")
    first = sealer.seal(WIRE, ROUTE, ("hub",)).body
    assert NAME.encode() not in first
    assert b"PlaceBooking" not in first


def test_any_altered_byte_is_found(world: World) -> None:
    """A sealed body in which one byte differs, or that is cut short or longer, never opens."""
    sealed = world.sealer("gateway-1").seal(WIRE, ROUTE, ("hub",))
    opener = world.opener("hub-1")
    for place in range(len(sealed.body)):
        altered = bytearray(sealed.body)
        altered[place] ^= 0x01
        for body in (bytes(altered), sealed.body[:place]):
            with pytest.raises(NeverWorks):
                opener.open(sealed._replace(body=body), ROUTE)
    with pytest.raises(NeverWorks):
        opener.open(sealed._replace(body=sealed.body + b"\0"), ROUTE)


@pytest.mark.parametrize("name", [*BOUND_HEADERS, *TRACE_HEADERS, "another"])
def test_any_altered_header_is_found(world: World, name: str) -> None:
    """What a header says is sealed too; one that no message has does not count."""
    sealed = world.sealer("gateway-1").seal(WIRE, ROUTE, ("hub",))
    altered = sealed._replace(headers={**sealed.headers, name: "of another"})
    opener = world.opener("hub-1")
    if name == "another":
        assert opener.open(altered, ROUTE).wire.body == WIRE.body
    else:
        with pytest.raises(NotAuthentic):
            opener.open(altered, ROUTE)


def test_what_a_gateway_of_before_sealed_opens_without_a_trace(world: World) -> None:
    """A message without a trace opens as it did; nobody can add one to it, or take one away."""
    opener = world.opener("hub-1")
    headers = {name: f"{name} of it" for name in BOUND_HEADERS}
    plain = world.sealer("gateway-1").seal(WIRE._replace(headers=headers), ROUTE, ("hub",))
    assert opener.open(plain, ROUTE).wire.body == WIRE.body
    with pytest.raises(NotAuthentic):
        opener.open(plain._replace(headers=WIRE.headers), ROUTE)
    traced = world.sealer("gateway-1").seal(WIRE, ROUTE, ("hub",))
    with pytest.raises(NotAuthentic):
        opener.open(traced._replace(headers=headers), ROUTE)


@pytest.mark.parametrize("field", ["type", "message_id", "reply_to", "correlation_id"])
def test_any_altered_property_is_found(world: World, field: str) -> None:
    """Type, request id, reply-to and correlation are sealed too."""
    sealed = world.sealer("gateway-1").seal(WIRE, ROUTE, ("hub",))
    for text in ("", "of another", "with\0a zero"):
        changed: dict[str, Any] = {field: text}
        with pytest.raises(NotAuthentic):
            world.opener("hub-1").open(sealed._replace(**changed), ROUTE)


def test_a_message_moved_to_another_queue_is_found(world: World) -> None:
    """The route is sealed too: what was sent as a request cannot be shown as a query."""
    sealed = world.sealer("gateway-1").seal(WIRE, ROUTE, ("hub",))
    with pytest.raises(NotAuthentic):
        world.opener("hub-1").open(sealed, "inward.queries")


def test_a_swapped_body_is_found(world: World) -> None:
    """The sealed body of one request does not open under the headers of another."""
    sealer = world.sealer("gateway-1")
    other = WIRE._replace(message_id="agent:1001/PlaceBooking/A-18", body=b"<Other/>")
    one, two = (sealer.seal(wire, ROUTE, ("hub",)) for wire in (WIRE, other))
    with pytest.raises(NotAuthentic):
        world.opener("hub-1").open(one._replace(body=two.body), ROUTE)


def test_what_was_never_sealed_is_found(world: World) -> None:
    """A message in clear does not pass for a sealed one."""
    for body in (WIRE.body, b"", b"\xd0\x83", b"sealed in memory:[]\n"):
        with pytest.raises(NotAuthentic):
            world.opener("hub-1").open(WIRE._replace(body=body), ROUTE)


def test_another_reader_cannot_open_it(world: World) -> None:
    """What was sealed to one gateway is no use to another."""
    sealed = world.sealer("hub-1").seal(WIRE, "replies", ("gateway-1",))
    assert world.opener("gateway-1").open(sealed, "replies").sealed_by == "hub-1"
    with pytest.raises(KeyNotTrusted):
        world.opener("gateway-2").open(sealed, "replies")


def test_several_readers_can_open_it(world: World) -> None:
    """An edition is sealed once for all gateways and the hubs."""
    sealed = world.sealer("hub-1").seal(WIRE, "p", ("gateway-1", "gateway-2", "hub"))
    for name in ("gateway-1", "gateway-2", "hub-2"):
        assert world.opener(name).open(sealed, "p").wire == WIRE


def test_a_revoked_sender_is_refused_at_once(world: World) -> None:
    """What a revoked key sealed does not open, be it sealed before and its session known."""
    opener, sealed = world.opener("hub-1"), world.sealer("gateway-1").seal(WIRE, ROUTE, ("hub",))
    opener.open(sealed, ROUTE)
    world.revoke("gateway-1")
    for one in (opener, world.opener("hub-2")):
        with pytest.raises(KeyNotTrusted, match="revoked"):
            one.open(sealed, ROUTE)


def test_nothing_is_sealed_to_a_revoked_reader(world: World) -> None:
    """A gateway that is out is told nothing more."""
    sealer = world.sealer("hub-1")
    sealer.seal(WIRE, "replies", ("gateway-1",))
    world.revoke("gateway-1")
    with pytest.raises(KeyNotTrusted):
        sealer.seal(WIRE, "replies", ("gateway-1",))
