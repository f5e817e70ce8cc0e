"""The guard lets nothing through that was not sealed by who says that it sent it."""

from datetime import timedelta
from typing import Any

import pytest

from adapters.memory.sealing import MemoryKeys, MemoryOpener, MemorySealer
from hub.envelope import Wire, to_wire
from hub.errors import InvalidBody, KeyNotTrusted, NotAllowed, NotAuthentic
from hub.guard import BODY_BYTES_MAX, OUTSIDE, Guard
from hub.messages import Direction, Lane
from hub.sealing import Opened
from tests.unit.hub_world import NOON, MovedClock, PlainContracts, booking

ROUTE = "inward.requests"


class OfAnHour(MemoryOpener):
    """Says that every session lasted from noon for an hour."""

    def open(self, wire: Wire, route: str) -> Opened:
        """Open; the times are this test's own."""
        opened = super().open(wire, route)
        return opened._replace(begins_at=NOON, ends_at=NOON + timedelta(hours=1))


class World:
    """A guard in front of what gateways seal."""

    def __init__(self, opener: type[MemoryOpener] = MemoryOpener) -> None:
        self.keys = MemoryKeys()
        self.guard = Guard(
            Direction.INWARD,
            (Lane.REQUESTS,),
            PlainContracts(),
            MovedClock(NOON + timedelta(days=1)),
            OUTSIDE,
            opener=opener(self.keys, "hub-1"),
            route=ROUTE,
        )

    def sealed(self, by: str = "gateway-1", account: str = "gateway-1", **changes: Any) -> Wire:
        """Return a booking sealed by one and published by another."""
        wire = to_wire(booking(**changes), account=account)
        return MemorySealer(self.keys, by).seal(wire, ROUTE, ("hub",))


def test_what_its_origin_sealed_passes_in_clear() -> None:
    """Message and wire come out with the body that was sealed."""
    world = World()
    checked = world.guard.check(world.sealed())
    assert checked.message == booking()
    assert checked.wire == to_wire(booking(), account="gateway-1")


def test_what_is_not_sealed_does_not_pass() -> None:
    """A message in clear is refused, right as it may be otherwise."""
    with pytest.raises(NotAuthentic):
        World().guard.check(to_wire(booking(), account="gateway-1"))


def test_a_gateway_cannot_speak_for_another() -> None:
    """What gateway-2 sealed in gateway-1's name is refused, whichever account published it."""
    world = World()
    with pytest.raises(NotAuthentic, match="sealed by gateway-2"):
        world.guard.check(world.sealed(by="gateway-2"))
    with pytest.raises(NotAllowed):
        world.guard.check(world.sealed(by="gateway-2", account="gateway-2"))


def test_a_revoked_gateway_is_out() -> None:
    """What a revoked key sealed is refused, and the reason says so."""
    world = World()
    sealed = world.sealed()
    world.keys.revoked.add("gateway-1")
    with pytest.raises(KeyNotTrusted, match="revoked"):
        world.guard.check(sealed)


def test_a_gateway_cannot_date_back_beyond_its_session() -> None:
    """The time of acceptance must lie in the session that sealed it."""
    world = World(OfAnHour)
    world.guard.check(world.sealed(accepted_at=NOON + timedelta(minutes=59)))
    for minutes in (-1, 61):
        with pytest.raises(NotAuthentic, match="session"):
            world.guard.check(world.sealed(accepted_at=NOON + timedelta(minutes=minutes)))


def test_the_bound_of_the_body_is_of_what_was_sealed() -> None:
    """A body of the largest size passes with its seal; one byte more does not."""
    world = World()
    world.guard.check(world.sealed(body=b"x" * BODY_BYTES_MAX))
    with pytest.raises(InvalidBody):
        world.guard.check(world.sealed(body=b"x" * (BODY_BYTES_MAX + 1)))
