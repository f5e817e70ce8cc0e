"""The guard lets nothing across that is not exactly what the map of messages allows."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import envelope
from hub.bridge import ADMISSION
from hub.envelope import RequestId, Transmission, Wire, to_wire
from hub.errors import InvalidBody, MalformedEnvelope, NeverWorks, NotAllowed, UnknownMessage
from hub.guard import BODY_BYTES_MAX, PUBLISHED_BYTES_MAX, Guard
from hub.messages import Direction, Lane
from tests.unit.hub_world import NOON, MovedClock, PlainContracts, booking


def guard(lane: Lane = Lane.REQUESTS, direction: Direction = Direction.INWARD) -> Guard:
    """Return a guard at noon."""
    admission = ADMISSION if direction is Direction.INWARD else None
    return Guard(direction, lane, PlainContracts(), MovedClock(), admission)


def sent(account: str = "gateway-1", **changes: Any) -> Wire:
    """Return a booking as the broker hands it over."""
    return to_wire(booking(**changes), account=account)


def test_a_right_message_passes_unchanged() -> None:
    """What the gateway sends rightly is read back as it was."""
    message, row = guard().check(sent())
    assert message == booking()
    assert row.key == "PlaceBooking.1"


REFUSED: dict[str, tuple[Wire, type[NeverWorks]]] = {
    "oversized": (sent(body=b"x" * (BODY_BYTES_MAX + 1)), InvalidBody),
    "schema-invalid": (sent(body=b"invalid"), InvalidBody),
    "of the wrong direction": (sent(type="Offers.1"), NotAllowed),
    "of another lane": (sent(type="GetBooking.1"), NotAllowed),
    "of unknown type": (sent(type="Explode.1"), UnknownMessage),
    "of unknown version": (sent(type="PlaceBooking.2"), UnknownMessage),
    "without an account": (sent(account=""), NotAllowed),
    "from another account": (sent(account="gateway-2"), NotAllowed),
    "from a sender the account may not name": (
        sent(id=RequestId("staff:liu", "PlaceBooking", "A-1")),
        NotAllowed,
    ),
    "from an account that may name nobody": (
        sent(account="bank-1", transmission=Transmission("bank-1", "b00t", 1)),
        NotAllowed,
    ),
    "with an id of another operation": (
        sent(id=RequestId("agent:1001", "CancelBooking", "A-1")),
        NotAllowed,
    ),
    "answering into another's queue": (sent(reply_to="replies.gateway-2.b00t"), NotAllowed),
    "answering into a queue of work": (sent(reply_to="inward.requests"), NotAllowed),
    "naming a member of staff": (sent(operator="liu"), NotAllowed),
    "accepted in the future": (sent(accepted_at=NOON + timedelta(hours=1)), NotAllowed),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_allowed_is_refused_with_its_reason(case: str) -> None:
    """A message that is refused says why, and each has its own class."""
    wire, error = REFUSED[case]
    with pytest.raises(error):
        guard().check(wire)


@pytest.mark.parametrize("name", [envelope.ORIGIN, envelope.BOOT, envelope.SEQUENCE])
@pytest.mark.parametrize("value", [None, "", "a b", "x" * 2000, "é"])
def test_a_header_that_is_missing_or_hostile_is_refused(name: str, value: str | None) -> None:
    """No header can be left out or stuffed."""
    wire = sent()
    headers = {key: text for key, text in wire.headers.items() if key != name}
    if value is not None:
        headers[name] = value
    with pytest.raises(MalformedEnvelope):
        guard().check(wire._replace(headers=headers))


@given(st.text(max_size=80), st.text(max_size=80), st.dictionaries(st.text(), st.text()))
def test_whatever_an_intruder_writes_is_refused_and_never_breaks_the_guard(
    message_id: str, type_: str, headers: dict[str, str]
) -> None:
    """Any text in any place ends in a refusal, not in another error."""
    wire = Wire(type=type_, message_id=message_id, body=b"x", headers=headers, user_id="gateway-1")
    with pytest.raises(NeverWorks):
        guard().check(wire)
    with pytest.raises(NeverWorks):
        guard().check(sent()._replace(message_id=message_id, headers=headers))


def test_outward_only_what_the_inside_sends_passes() -> None:
    """A request cannot travel outward, a reply can."""
    outward = guard(Lane.REPLIES, Direction.OUTWARD)
    assert outward.check(sent(type="PlaceBookingResponse.1"))
    with pytest.raises(NotAllowed):
        outward.check(sent())


def test_a_published_document_may_be_larger_than_a_request() -> None:
    """Thousands of agencies fit; there is still a bound."""
    published = guard(Lane.PUBLISHED, Direction.OUTWARD)
    assert published.check(sent(type="Agents.1", body=b"x" * (BODY_BYTES_MAX + 1)))
    with pytest.raises(InvalidBody):
        published.check(sent(type="Agents.1", body=b"x" * (PUBLISHED_BYTES_MAX + 1)))
