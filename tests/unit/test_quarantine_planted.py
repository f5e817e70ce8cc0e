"""Whatever anybody plants in a quarantine, people can list, show and discard all there is."""

import json
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.memory.broker import inside_broker
from adapters.memory.hand import hand
from adapters.quarantine import QuarantineShelf, entries, shelf
from adapters.quarantine.entries import Entry
from adapters.quarantine.keeping import ACCOUNT, BEFORE_BODY, PART, kept
from hub.envelope import Wire, to_wire
from hub.errors import LupuError, NotAllowed
from hub.messages import QUARANTINE_EXCHANGE, QUARANTINE_QUEUE
from hub.parking import End, Place, Shown
from hub.ports import Address, Delivery, Published
from hub.replaying import again
from tests.contract.shelves import OPERATOR, Trail
from tests.unit.hub_world import NOON, PlainContracts, booking

TO = Address(QUARANTINE_EXCHANGE, QUARANTINE_QUEUE)
ALLOWED = ("type", "message_id", "reply_to", "correlation_id", "user_id", "odd", "headers")
NAMES = st.sampled_from([*ALLOWED, "body", "persistent", "expiration_ms"]) | st.text(max_size=5)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=9,
)
BEFORE = ANYTHING.map(lambda said: json.dumps(said).encode()) | st.binary(max_size=40)
MANY = 3_000
PARTS = st.sampled_from(["", "1/1", "1/2 a", "2/2 a", "1/2 b", "3/2 a", "9/9", "1/99999999"])


def planted(before: bytes, headers: Mapping[str, str]) -> Wire:
    """Return a message that says that JSON lies in front of its body."""
    said = {ACCOUNT: "gateway-1", BEFORE_BODY: str(len(before)), **headers}
    return Wire("PlaceBooking.1", "agent:1/PlaceBooking/A", before + b"<x/>", said)


class Lying:
    """A quarantine in which somebody has planted messages."""

    def __init__(self, *wires: Wire) -> None:
        self.broker = inside_broker()
        self.shelf = QuarantineShelf(
            Place.INSIDE, partial(hand, self.broker, OPERATOR), OPERATOR, PlainContracts()
        )
        for wire in wires:
            assert self.broker.route(TO, OPERATOR, wire) is Published.CONFIRMED

    def discard_all(self) -> None:
        """Discard whatever is listed, until nothing is."""
        while listed := self.shelf.list().kept:
            ended = self.shelf.discard([one.id for one in listed], Trail())
            assert {one.end for one in ended} <= {End.DONE, End.NOT_THERE}
            assert End.DONE in {one.end for one in ended}
        assert self.broker.depth(QUARANTINE_QUEUE) == 0


@given(
    st.lists(
        st.builds(
            lambda before, part, length: (
                planted(before, {PART: part} if part else {})
                if length is None
                else planted(before, {BEFORE_BODY: length})
            ),
            BEFORE,
            PARTS,
            st.none() | st.sampled_from(["-1", "x", "9" * 5_000, "0", ""]),
        ),
        min_size=1,
        max_size=4,
    )
)
@example([planted(b"[" * 200_000, {})])
@example([planted(b'{"body": "abc"}', {})])
@example([planted(b'{"type": {}}', {})])
@example([planted(b'{"odd": []}', {})])
@example([planted(b'{"headers": {"a": {}}}', {})])
@example([planted(b'{"headers": []}', {})])
@example([planted(b'{"message_id": "\\ud800"}', {})])
@example([planted(b'{"headers": {"\\ud800": ""}}', {})])
def test_whatever_is_planted_can_be_listed_shown_and_discarded(wires: list[Wire]) -> None:
    """Nobody shuts people out of the quarantine by what he puts into it."""
    lying = Lying(*wires, *kept(to_wire(booking()), "NotAllowed: no", OPERATOR, NOON))
    listed = lying.shelf.list().kept
    assert listed
    for one in listed:
        shown = lying.shelf.show(one.id)
        assert isinstance(shown, Shown)
        if shown.wire is not None:
            sound(shown.wire)
    lying.discard_all()


def sound(wire: Wire) -> None:
    """Hold that what was put back is a message, and that only a refusal keeps it back."""
    texts = (wire.type, wire.message_id, wire.reply_to, wire.correlation_id, wire.user_id)
    for text in (*texts, *wire.headers, *wire.headers.values()):
        text.encode()
    assert isinstance(wire.body, bytes)
    with suppress(LupuError):
        again(Place.INSIDE, wire, OPERATOR)


def test_what_breaks_the_reading_itself_is_shown_as_unreadable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A mistake in Lupu costs one message its original, and hides none."""

    def breaks(_parts: object) -> Wire:
        raise ZeroDivisionError

    lying = Lying(*kept(to_wire(booking()), "NotAllowed: no", OPERATOR, NOON))
    monkeypatch.setattr(entries, "restored", breaks)
    (one,) = lying.shelf.list().kept
    shown = lying.shelf.show(one.id)
    assert shown is not None
    assert (shown.wire, shown.unreadable) == (None, "A mistake in Lupu: ZeroDivisionError.")
    lying.discard_all()


@pytest.mark.parametrize(
    "changes",
    [{"message_id": "i" * 256}, {"reply_to": "订" * 86}, {"headers": {"n" * 256: ""}}],
)
def test_what_no_broker_takes_as_it_is_is_not_sent_again(changes: dict[str, Any]) -> None:
    """A property longer than AMQP allows is a refusal to the operator, no broken connection."""
    with pytest.raises(NotAllowed, match="larger in its headers"):
        again(Place.OUTSIDE, to_wire(booking())._replace(**changes), OPERATOR)


class Many:
    """A hand that takes thousands of parts; none of them makes a message whole."""

    def __init__(self, headers: Mapping[str, str], of: int) -> None:
        self.taken = 0
        self._headers = headers
        self._of = of

    def take(self) -> Delivery | None:
        """Take the next."""
        if self.taken == MANY:
            return None
        self.taken += 1
        part = f"1/2 {self.taken % self._of}"
        return Delivery(Wire("t", "i", b"", {**self._headers, PART: part}), self.taken)


def first(many: Many) -> Entry:
    """Return the first entry that no longer waits for its other parts."""
    return next(entries.entries(many, Place.OUTSIDE))  # type: ignore[arg-type]


@pytest.mark.parametrize("of", [1, 10_000])
def test_parts_that_wait_for_others_are_bounded_in_number(of: int) -> None:
    """The oldest are shown as what they are, one part given a thousand times too."""
    many = Many({}, of)
    assert first(many).unreadable
    assert many.taken == entries.WAITING_MAX + 1


def test_headers_count_in_the_size_of_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts with no body at all fill no memory."""
    monkeypatch.setattr(entries, "WAITING_BYTES_MAX", 100_000)
    many = Many({"x": "y" * 10_000}, 10_000)
    assert first(many).unreadable
    assert many.taken == 10


def test_a_part_given_many_times_counts_as_often_in_a_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One entry that is many messages takes as much of a look as they would."""
    monkeypatch.setattr(shelf, "LOOK_MAX", 10)
    parts = [Wire("t", "i", b"", {PART: "1/2 a"})] * 9 + [Wire("t", "i", b"", {PART: "2/2 a"})]
    lying = Lying(*parts, Wire("t", "j", b""), Wire("t", "k", b""))
    listing = lying.shelf.list()
    assert (len(listing.kept), listing.more) == (1, True)
    ended = lying.shelf.discard(["f" * 32], Trail())
    assert [one.end for one in ended] == [End.NOT_REACHED]
