"""What lies outside is sealed: it passes again as it is, and is read and corrected with a key."""

import pytest

from adapters.memory.sealing import MemoryKeys, MemoryOpener, MemorySealer
from adapters.quarantine import QuarantineShelf
from hub.envelope import Wire, to_wire
from hub.errors import KeyNotTrusted, NotAllowed, NotAuthentic
from hub.guard import OUTSIDE, Guard
from hub.messages import Direction, Lane, outside_queue
from hub.parking import End, Place
from hub.replaying import Inside, Previews
from hub.sealing import OperatorSeals
from tests.contract.shelves import OPERATOR, World, in_memory
from tests.unit.hub_world import MovedClock, PlainContracts, booking

ROUTE = outside_queue(Lane.REQUESTS)
READERS = ("hub", "operator")


class Sealed:
    """An outside quarantine whose messages are sealed, and an operator with keys."""

    def __init__(self, name: str = OPERATOR) -> None:
        self.keys = MemoryKeys()
        self.world: World = in_memory()
        self.opener = MemoryOpener(self.keys, name)
        seals = OperatorSeals(self.opener, MemorySealer(self.keys, OPERATOR), lambda: READERS)
        self.shelf = QuarantineShelf(
            Place.OUTSIDE, self.world.opens, OPERATOR, PlainContracts(), seals
        )
        self.guard = Guard(
            Direction.INWARD,
            (Lane.REQUESTS,),
            PlainContracts(),
            MovedClock(),
            OUTSIDE,
            opener=MemoryOpener(self.keys, "hub-1"),
            route=ROUTE,
        )

    def keep(self, body: bytes, readers: tuple[str, ...] = READERS) -> str:
        """Keep what gateway-1 sealed; return its id."""
        wire = to_wire(booking(body=body), account="gateway-1")
        self.world.keep(MemorySealer(self.keys, "gateway-1").seal(wire, ROUTE, readers))
        return self.world.listed()[0].id

    def sent(self) -> Wire:
        """Take what was sent again."""
        (wire,) = self.world.arrived(1)
        return wire


def test_what_is_sealed_is_shown_in_clear_to_who_has_the_key() -> None:
    """The original stays as it was, its document can be read beside it."""
    sealed = Sealed()
    shown = sealed.shelf.show(sealed.keep(b"<booking/>"))
    assert shown is not None
    assert shown.wire is not None
    assert b"<booking/>" not in shown.wire.body
    assert (shown.document, shown.closed) == (b"<booking/>", "")


def test_what_does_not_open_says_why() -> None:
    """Altered, sealed to others, or of an unknown type: it can still be looked at."""
    sealed = Sealed()
    shown = sealed.shelf.show(sealed.keep(b"<booking/>", readers=("hub",)))
    assert shown is not None
    assert shown.document is None
    assert "KeyNotTrusted" in shown.closed
    sealed = Sealed()
    sealed.world.keep(to_wire(booking(), account="gateway-1"))
    shown = sealed.shelf.show(sealed.world.listed()[0].id)
    assert shown is not None
    assert (shown.document, shown.closed[:13]) == (None, "NotAuthentic:")


def test_an_unaltered_replay_opens_with_the_gateways_own_seal() -> None:
    """The operator seals nothing and needs no key for it; the guard checks it anew."""
    sealed = Sealed()
    name = sealed.keep(b"<booking/>", readers=("hub",))
    assert sealed.shelf.replay([name], sealed.world.trail)[0].end is End.DONE
    wire = sealed.sent()
    assert wire.user_id == OPERATOR
    assert sealed.guard.check(wire).message == booking(body=b"<booking/>")


def test_a_correction_is_sealed_by_the_operator() -> None:
    """In its own name, and to the hubs; for the request of before."""
    sealed = Sealed()
    name = sealed.keep(b"invalid")
    assert sealed.shelf.correct(name, b"<right/>", sealed.world.trail).end is End.DONE
    wire = sealed.sent()
    assert b"<right/>" not in wire.body
    assert sealed.guard.check(wire).message == booking(body=b"<right/>")
    for account, error in (("gateway-1", NotAuthentic), ("operator-2", NotAuthentic)):
        with pytest.raises(error):
            sealed.guard.check(wire._replace(user_id=account))


def test_an_operator_without_a_key_corrects_nothing() -> None:
    """It stays where it is, with the reason."""
    sealed = Sealed()
    name = sealed.keep(b"invalid")
    sealed.keys.revoked.add("hub")
    ended = sealed.shelf.correct(name, b"<right/>", sealed.world.trail)
    assert ended.end is End.CANNOT
    assert KeyNotTrusted.__name__ in ended.why
    assert [kept.id for kept in sealed.world.listed()] == [name]


def test_a_preview_opens_the_seal_too() -> None:
    """It says of the sealed original what the hub's guard would."""
    sealed = Sealed()
    previews = Previews(
        Place.OUTSIDE,
        PlainContracts(),
        MovedClock(),
        lambda _: None,
        1_000,
        opener=sealed.opener,
    )
    for body, kind in ((b"<booking/>", None), (b"invalid", "InvalidBody")):
        wire = to_wire(booking(body=body), account="gateway-1")
        wire = MemorySealer(sealed.keys, "gateway-1").seal(wire, ROUTE, READERS)
        preview = previews.of(wire, OPERATOR)
        assert (preview.refused.kind if preview.refused else None) == kind
        assert (preview.inside is Inside.FIRST) == (kind is None)
    sealed.keys.revoked.add("gateway-1")
    preview = previews.of(wire, OPERATOR)
    assert preview.refused is not None
    assert preview.refused.kind == "KeyNotTrusted"


def test_nobody_but_its_origin_or_its_operator_seals_for_another() -> None:
    """What an operator brings may be sealed by no third."""
    sealed = Sealed()
    wire = to_wire(booking(), account=OPERATOR)
    forged = MemorySealer(sealed.keys, "gateway-2").seal(wire, ROUTE, READERS)
    with pytest.raises((NotAuthentic, NotAllowed)):
        sealed.guard.check(forged)
