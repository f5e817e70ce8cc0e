"""What a person at a quarantine is promised: the same suite in memory and on RabbitMQ."""

from collections.abc import Iterator

import pytest

from adapters.quarantine import QuarantineShelf
from hub.errors import BrokerAway, InHand
from hub.messages import QUARANTINE_EXCHANGE, QUARANTINE_QUEUE
from hub.parking import End, Place
from hub.ports import Address, Published
from tests.contract.shelves import (
    INVALID,
    OPERATOR,
    World,
    in_memory,
    on_rabbitmq,
    wire,
)
from tests.contract.stuffing import stuffed
from tests.unit.hub_world import NOON, PlainContracts

LARGEST = 8 * 1_024 * 1_024


@pytest.fixture(params=["memory", "rabbitmq"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """Offer an empty quarantine, in memory or for real."""
    memory = request.param == "memory"
    made = in_memory() if memory else on_rabbitmq(request.getfixturevalue("brokers"))
    yield made
    made.side.close()


def test_what_is_kept_is_listed_with_all_that_is_known_of_it(world: World) -> None:
    """Reason, request, type, transmission, account, time and size; the body is not there."""
    world.keep(wire("A-1"))
    (kept,) = world.listed()
    assert (kept.place, kept.reason) == (Place.OUTSIDE, ("NotAllowed", "no"))
    assert kept.request_id == "agent:1001/PlaceBooking/A-1"
    assert (kept.type, kept.transmission) == ("PlaceBooking.1", "gateway-1.b00t.1")
    assert (kept.account, kept.size_bytes) == ("gateway-1", len(wire("A-1").body))
    assert kept.kept_at is not None
    assert (kept.kept_at - NOON).total_seconds() == 1


def test_looking_changes_nothing(world: World) -> None:
    """However often one looks, the same lies there, in the same order."""
    world.keep(*(wire(f"A-{number}") for number in range(100)))
    first = world.listed()
    assert [kept.request_id.rpartition("-")[2] for kept in first] == [*map(str, range(100))]
    assert world.shelf.show(first[50].id) is not None
    assert world.shelf.show("none of these") is None
    assert world.listed() == first
    assert [kept.id for kept in world.shelf.list(count_max=3).kept] == [k.id for k in first[:3]]


def test_a_list_is_bounded_and_says_so(world: World) -> None:
    """By number, by kind and by bytes looked at; there may be more."""
    world.keep(*(wire(f"A-{number}") for number in range(4)))
    world.keep(wire("B-1"), wire("B-2"), reason=INVALID)
    some = world.shelf.list(count_max=3)
    assert [kept.request_id[-3:] for kept in some.kept] == ["A-0", "A-1", "A-2"]
    assert (some.kinds, some.more) == ({"NotAllowed": 4, "InvalidBody": 2}, False)
    of_kind = world.shelf.list(kind="InvalidBody")
    assert [kept.request_id[-3:] for kept in of_kind.kept] == ["B-1", "B-2"]
    little = world.shelf.list(bytes_max=20)
    assert little.more
    assert 0 < len(little.kept) < 6


def test_one_is_shown_as_it_came(world: World) -> None:
    """Bytes, headers and properties, however hostile."""
    hostile = stuffed(wire("A-1", body=b"\x00\xff not XML"))
    world.keep(hostile, wire("A-2"))
    shown = world.shelf.show(world.named("A-1"))
    assert shown is not None
    assert shown.wire == hostile
    assert not shown.unreadable


def test_a_replay_goes_where_it_would_have_gone_and_is_kept_no_more(world: World) -> None:
    """Unaltered, but published by the operator; what was asked for alone is gone."""
    world.keep(wire("A-1"), wire("A-2"), wire("A-3"))
    name = world.named("A-2")
    (ended,) = world.shelf.replay([name], world.trail)
    assert ended.end is End.DONE
    assert world.arrived(1) == [wire("A-2")._replace(user_id=OPERATOR)]
    assert world.references() == ["A-1", "A-3"]
    assert (world.trail.begun, world.trail.done) == ([name], [ended])
    (again,) = world.shelf.replay([name], world.trail)
    assert again.end is End.NOT_THERE
    assert world.arrived(0) == []


def test_many_are_replayed_in_one_round_and_the_rest_keep_their_order(world: World) -> None:
    """By reason, say: each once, and nothing else moves."""
    world.keep(*(wire(f"A-{number}") for number in range(80)))
    names = [kept.id for kept in world.listed()]
    ended = world.shelf.replay(names[1::2], world.trail)
    assert {one.end for one in ended} == {End.DONE}
    assert len(world.arrived(40)) == 40
    assert [kept.id for kept in world.listed()] == names[0::2]


def test_a_correction_replaces_the_body_alone(world: World) -> None:
    """The envelope stays, with it the request id; the contract is checked before."""
    world.keep(wire("A-1", body=b"invalid"))
    name = world.named("A-1")
    wrong = world.shelf.correct(name, b"invalid too", world.trail)
    assert wrong.end is End.CANNOT
    assert "InvalidBody" in wrong.why
    too_large = world.shelf.correct(name, b"x" * 300_000, world.trail)
    assert too_large.end is End.CANNOT
    assert world.trail.begun == []
    assert world.shelf.correct(name, b"<right/>", world.trail).end is End.DONE
    assert world.arrived(1) == [wire("A-1", body=b"<right/>")._replace(user_id=OPERATOR)]
    assert world.listed() == []


def test_what_an_agent_signed_is_not_corrected(world: World) -> None:
    """Nobody else signs for it; its document is shown without the signature behind it."""
    signed = wire("A-1", proof=b"<Signed/>")
    world.keep(signed)
    name = world.named("A-1")
    shown = world.shelf.show(name)
    assert shown is not None
    assert (shown.wire, shown.document) == (signed, wire("A-1").body)
    ended = world.shelf.correct(name, b"<right/>", world.trail)
    assert ended.end is End.CANNOT
    assert "signed" in ended.why
    assert world.shelf.replay([name], world.trail)[0].end is End.DONE
    assert world.arrived(1) == [signed._replace(user_id=OPERATOR)]


def test_nothing_is_done_that_was_not_written_down_first(world: World) -> None:
    """Whoever cannot write the audit trail can neither replay nor discard."""

    def full() -> None:
        raise OSError("The disk is full.")

    world.keep(wire("A-1"), wire("A-2"))
    before = world.listed()
    world.trail.at = full
    for act in (world.shelf.replay, world.shelf.discard):
        with pytest.raises(OSError, match="full"):
            act([before[0].id], world.trail)
    assert world.listed() == before
    assert world.arrived(0) == []


def test_a_discarded_message_is_kept_no_more(world: World) -> None:
    """It goes nowhere; the others stay."""
    world.keep(wire("A-1"), wire("A-2"))
    assert world.shelf.discard([world.named("A-1")], world.trail)[0].end is End.DONE
    assert world.references() == ["A-2"]
    assert world.arrived(0) == []


def test_what_makes_no_sense_any_more_can_be_discarded_only(world: World) -> None:
    """Questions, replies, editions and unknown types are not sent again; it is said why."""
    odd = ["GetBooking.1", "PlaceBookingResponse.1", "Offers.1", "Explode.1", ""]
    world.keep(*(wire(f"A-{number}", type=one) for number, one in enumerate(odd)))
    names = [kept.id for kept in world.listed()]
    ended = world.shelf.replay(names, world.trail)
    assert {one.end for one in ended} == {End.CANNOT}
    assert all(one.why for one in ended)
    assert world.trail.begun == []
    assert len(world.listed()) == len(odd)
    assert {one.end for one in world.shelf.discard(names, world.trail)} == {End.DONE}


def test_the_largest_kept_in_parts_is_one(world: World) -> None:
    """It is listed once, shown whole, and its parts go together."""
    large = wire("A-1", body=bytes(LARGEST))._replace(headers=stuffed(wire("A-1")).headers)
    other = large._replace(headers={**large.headers, "lupu-sequence": "2"})
    world.keep(large, wire("A-2"), other)
    assert world.references() == ["A-1", "A-2", "A-1"]
    first, _, last = world.listed()
    assert first.size_bytes == last.size_bytes == LARGEST
    for kept, original in ((first, large), (last, other)):
        shown = world.shelf.show(kept.id)
        assert shown is not None
        assert shown.wire == original
    assert world.shelf.discard([first.id], world.trail)[0].end is End.DONE
    assert world.references() == ["A-2", "A-1"]


def test_two_at_once_are_told_so(world: World) -> None:
    """The second hears it in a sentence; nothing is lost, and the first is not disturbed."""
    world.keep(wire("A-1"), wire("A-2"))
    name = world.named("A-1")

    def second() -> None:
        for attempt in (world.listed, lambda: world.shelf.discard([name], world.trail)):
            with pytest.raises(InHand, match="Somebody else"):
                attempt()

    world.trail.at = second
    assert world.shelf.replay([name], world.trail)[0].end is End.DONE
    assert world.references() == ["A-2"]
    assert len(world.arrived(1)) == 1


def test_what_somebody_put_there_by_hand_is_listed_and_can_be_discarded(world: World) -> None:
    """Nothing there is so odd that it hides the others."""
    to = Address(QUARANTINE_EXCHANGE, QUARANTINE_QUEUE)
    odd = [
        {},
        {"lupu-quarantine-part": "2/1 x"},
        {"lupu-quarantine-part": "1/2 x"},
        {"lupu-quarantine-part": f"{'1' * 5_000}/{'9' * 5_000} x"},
        {"lupu-quarantine-account": "g", "lupu-quarantine-before-body": "5"},
        {"lupu-quarantine-account": "g", "lupu-quarantine-before-body": "x"},
        {"lupu-quarantine-account": "g", "lupu-quarantine-expiration-ms": "x"},
    ]
    for headers in odd:
        put = wire("A-1", body=b"[[]]...")._replace(headers=headers, user_id="")
        assert world.side.send("hub-1", to, put) is Published.CONFIRMED
    world.keep(wire("A-2"))
    listed = world.listed()
    assert len(listed) == len(odd) + 1
    strange = [kept.id for kept in listed if not kept.request_id.endswith("A-2")]
    for name in strange:
        shown = world.shelf.show(name)
        assert shown is not None
        assert shown.wire is None
        assert shown.unreadable
        assert shown.lying == b"[[]]..."
    assert {one.end for one in world.shelf.replay(strange, world.trail)} == {End.CANNOT}
    assert {one.end for one in world.shelf.discard(strange, world.trail)} == {End.DONE}
    assert world.references() == ["A-2"]


def test_a_broker_that_is_away_is_named(world: World) -> None:
    """Nobody waits for ever, and nothing is written down as done."""
    shelf = QuarantineShelf(Place.OUTSIDE, world.away, OPERATOR, PlainContracts())
    for attempt in (shelf.list, lambda: shelf.discard(["x"], world.trail)):
        with pytest.raises(BrokerAway):
            attempt()
    assert world.trail.begun == []
