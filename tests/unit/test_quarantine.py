"""Whatever is refused can be kept, and what is kept can be put back as it was."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.memory.broker import inside_broker
from adapters.memory.links import MemoryPublisher
from adapters.quarantine import keeping
from adapters.quarantine.keeping import (
    ACCOUNT,
    BEFORE_BODY,
    KEPT_AT,
    PART_BYTES_MAX,
    REASON,
    TEXT_BYTES_MAX,
    PartMissing,
    QueueQuarantine,
    kept,
    restored,
)
from deploy.brokers.configuration import MESSAGE_BYTES_MAX
from hub.envelope import Wire
from hub.headers import write_time
from hub.ports import Published
from tests.contract.stuffing import FRAME_BYTES_MAX, frame_sizes
from tests.unit.hub_world import NOON, MovedClock

HOSTILE = {"lupu-sequence": "9" * 60_000, "x": "订" * 21_000, "y": "\x00" * 6_000}
OURS = {REASON: "mine", ACCOUNT: "mine", BEFORE_BODY: "7", keeping.PART: "2/2 0"}

WIRES = st.builds(
    Wire,
    type=st.text(max_size=80),
    message_id=st.text(max_size=90),
    body=st.binary(max_size=200),
    headers=st.dictionaries(st.text(max_size=80) | st.sampled_from(list(OURS)), st.text()),
    reply_to=st.text(max_size=80),
    correlation_id=st.text(max_size=80),
    user_id=st.text(max_size=80),
    expiration_ms=st.none() | st.integers(0, 10**20),
    persistent=st.booleans(),
    odd=st.binary(max_size=80),
)


@given(WIRES, st.text())
@example(Wire("t", "i", b"b", HOSTILE), "why")
@example(Wire("t", "i", b"b", OURS), "why")
@example(Wire("t", "i", b"b", HOSTILE, odd=bytes(60_000)), "why")
@example(Wire("t", "i", b"b", {f"h{n}": "x" * 999 for n in range(140)}), "why")
@example(Wire("t" * 300, "订" * 100, b"b", {"n" * 300: "v"}, "r" * 256, "c" * 256), "why")
@example(Wire("t", "i", b"b", user_id="u" * 256), "why" * 1_000)
@example(Wire("t", "i", b"b"), "half a character: \ud83d")
def test_what_is_kept_fits_a_frame_and_can_be_put_back(wire: Wire, reason: str) -> None:
    """Nothing is so long that a broker would not take it, and nothing is lost."""
    parts = kept(wire, reason, "hub-1", NOON)
    assert restored(parts) == wire
    for part in parts:
        assert max(size for _, size in frame_sizes(part)) <= FRAME_BYTES_MAX
        assert part.persistent
        assert part.expiration_ms is None
        assert part.user_id == "hub-1"


def test_what_is_honest_in_size_lies_there_as_it_came() -> None:
    """The body and the headers can be read with the broker's own tools."""
    wire = Wire(
        "PlaceBooking.1", "agent:1/PlaceBooking/A", b"<x/>", {"a": "1"}, user_id="gateway-1"
    )
    (one,) = kept(wire, "NotAllowed: no", "hub-1", NOON)
    assert one.body == wire.body
    assert one.headers == {
        "a": "1",
        REASON: "NotAllowed: no",
        ACCOUNT: "gateway-1",
        KEPT_AT: write_time(NOON),
    }


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let parts be of 1,000 bytes."""
    monkeypatch.setattr(keeping, "PART_BYTES_MAX", 1_000)


@pytest.mark.usefixtures("small_parts")
def test_what_is_too_large_with_its_headers_is_kept_in_parts() -> None:
    """In any order and with a part twice it is put back; without one it is not."""
    wire = Wire("t", "i", bytes(range(250)) * 10, {"n" * TEXT_BYTES_MAX * 2: "v"})
    parts = kept(wire, "why", "hub-1", NOON)
    assert [len(part.body) <= 1_000 for part in parts] == [True] * len(parts) == [True] * 4
    for order in itertools.permutations(parts):
        assert restored([*order, order[0]]) == wire
    with pytest.raises(PartMissing):
        restored(parts[1:])
    other = kept(wire._replace(body=wire.body[::-1]), "why", "hub-1", NOON)
    with pytest.raises(PartMissing):
        restored([*parts[:3], other[3]])


@pytest.mark.usefixtures("small_parts")
def test_parts_are_kept_once_all_are_confirmed() -> None:
    """One that was not taken is none that was kept; it is said once."""
    broker, outcomes = inside_broker(), list[Published]()
    keeper = QueueQuarantine(MemoryPublisher(broker, "hub-1"), "hub-1", MovedClock())
    wire = Wire("t", "i", b"x" * 2_500)
    keeper.keep(wire, "why", outcomes.append)
    assert outcomes == [Published.CONFIRMED]
    assert restored(broker.take_all("quarantine")) == wire
    broker.up = False
    keeper.keep(wire, "why", outcomes.append)
    assert outcomes == [Published.CONFIRMED, Published.NOT_SENT]


def test_a_part_is_no_larger_than_a_broker_takes() -> None:
    """The bound here is that of the brokers' configuration."""
    assert PART_BYTES_MAX <= MESSAGE_BYTES_MAX
