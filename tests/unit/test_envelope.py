"""A message sent on is the message that came, with one more hop and nothing else."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.envelope import (
    ACCEPTED_AT,
    CROSSED,
    HOPS,
    HOPS_MAX,
    SEQUENCE,
    Hop,
    Message,
    Transmission,
    Wire,
    from_wire,
    onward,
    to_wire,
    write_hops,
)
from hub.errors import MalformedEnvelope
from hub.headers import HEADER_CHARACTERS_MAX
from tests.unit.hub_world import NOON, booking

HUB = "hub-1"


def sent_on(wire: Wire, *, persistent: bool = True) -> Wire:
    """Return what the hub sends on of a wire that it has read."""
    return onward(wire, from_wire(wire), place=HUB, at=NOON, persistent=persistent)


@given(
    st.integers(0, 10**18 - 1),
    st.sampled_from(["", "password", "certificate+digest"]),
    st.none() | st.integers(0, 10**6),
    st.integers(0, 5),
)
def test_sent_on_it_reads_as_the_message_with_one_more_hop(
    sequence: int, sign_in: str, expires_seconds: int | None, hops: int
) -> None:
    """Sending on what was read says the same as writing the message anew."""
    message = booking(
        transmission=Transmission("gateway-1", "b00t", sequence),
        sign_in=sign_in,
        expires_at=None
        if expires_seconds is None
        else NOON + timedelta(seconds=expires_seconds, microseconds=1),
        hops=tuple(Hop(f"place-{number}", NOON) for number in range(hops)),
    )
    wire = to_wire(message, account="gateway-1")
    passed = message.passed(HUB, NOON)
    for persistent in (True, False):
        expected = to_wire(passed, account=HUB, persistent=persistent)
        assert sent_on(wire, persistent=persistent) == expected


def test_headers_that_no_message_has_stay_behind() -> None:
    """What a stranger adds does not travel further than the hub, nor when it would be dropped."""
    wire = to_wire(booking(), account="gateway-1")
    assert "x-evil" not in sent_on(wire._replace(headers={**wire.headers, "x-evil": "1"})).headers
    assert sent_on(wire._replace(expiration_ms=1)).expiration_ms is None


def test_hops_have_an_end() -> None:
    """A message that has passed as many places as it may goes on without another hop."""
    hops = tuple(Hop("h", NOON) for _ in range(HOPS_MAX))
    wire = to_wire(booking(hops=hops), account="gateway-1")
    assert sent_on(wire).headers[HOPS] == wire.headers[HOPS]
    assert from_wire(sent_on(wire)).hops == hops


def test_hops_that_grow_too_long_stay_readable() -> None:
    """However long the names of places are, all hops a message may have fit, and can be read."""
    longest = tuple(Hop("p" * 40, NOON) for _ in range(HOPS_MAX))
    assert len(write_hops(longest)) <= HEADER_CHARACTERS_MAX
    message: Message = booking().passed("p" * 40, NOON)
    for _ in range(HOPS_MAX):
        message = message.passed("p" * 40, NOON)
    assert message.hops == longest
    wire = to_wire(message, account="gateway-1")
    assert from_wire(sent_on(wire)).hops == message.hops
    with pytest.raises(MalformedEnvelope):
        from_wire(to_wire(booking(hops=message.hops * 2)))


def test_what_crossed_is_said_by_whoever_sends_it_on_and_by_nobody_before() -> None:
    """A digest that came along stays behind; the one of who sends it on is read inside."""
    forged = to_wire(booking(crossed="f" * 64), account="gateway-1")
    message = from_wire(forged)
    assert CROSSED not in onward(forged, message, place=HUB, at=NOON, persistent=True).headers
    said = onward(forged, message, place=HUB, at=NOON, persistent=True, crossed="a" * 64)
    assert from_wire(said).crossed == "a" * 64
    assert from_wire(to_wire(from_wire(said))) == from_wire(said)


@pytest.mark.parametrize("digest", ["", "A" * 64, "a" * 63, "a" * 65, "g" * 64])
def test_what_is_no_digest_is_refused(digest: str) -> None:
    """Nothing else gets into the books under that name."""
    wire = to_wire(booking(), account=HUB)
    with pytest.raises(MalformedEnvelope):
        from_wire(wire._replace(headers={**wire.headers, CROSSED: digest}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((SEQUENCE, value) for value in ("1" * 19, "٣", "²", "-1", "1.0")),
        (ACCEPTED_AT, "2010-05-01T12:00:00"),
        (ACCEPTED_AT, "noon"),
        (HOPS, "gate way=2010-05-01T04:00:00+00:00"),
        (HOPS, "é=2010-05-01T04:00:00+00:00"),
        (HOPS, "gateway-1=2010-05-01T12:00:00"),
    ],
)
def test_what_is_no_number_time_or_place_is_refused(name: str, value: str) -> None:
    """A number has digits and fits a column, a time says its zone, a place has a name."""
    wire = to_wire(booking(), account=HUB)
    with pytest.raises(MalformedEnvelope):
        from_wire(wire._replace(headers={**wire.headers, name: value}))
