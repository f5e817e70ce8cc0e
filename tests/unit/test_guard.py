"""The guard lets nothing across that is not exactly what the map of messages allows."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import envelope
from hub.envelope import RequestId, Transmission, Wire, to_wire
from hub.errors import InvalidBody, MalformedEnvelope, NeverWorks, NotAllowed, UnknownMessage
from hub.guard import BODY_BYTES_MAX, INSIDE, OUTSIDE, PUBLISHED_BYTES_MAX, Guard
from hub.headers import SHORT_CHARACTERS_MAX
from hub.messages import Direction, Lane
from tests.unit.hub_world import NOON, MovedClock, PlainContracts, booking


def guard(lane: Lane = Lane.REQUESTS, direction: Direction = Direction.INWARD) -> Guard:
    """Return a guard at noon."""
    admission = OUTSIDE if direction is Direction.INWARD else None
    return Guard(direction, (lane,), PlainContracts(), MovedClock(), admission)


def sent(account: str = "gateway-1", **changes: Any) -> Wire:
    """Return a booking as the broker hands it over."""
    return to_wire(booking(**changes), account=account)


def test_a_right_message_passes_unchanged() -> None:
    """What the gateway sends rightly is read back as it was."""
    message, row, wire = guard().check(sent())
    assert message == booking()
    assert wire == sent()
    assert row.key == "PlaceBooking.1"


REFUSED: dict[str, tuple[Wire, type[NeverWorks]]] = {
    "oversized": (sent(body=b"x" * (BODY_BYTES_MAX + 1)), InvalidBody),
    "schema-invalid": (sent(body=b"invalid"), InvalidBody),
    "of the wrong direction": (
        sent(
            type="PlaceBookingResponse.1",
            id=RequestId("agent:1001", "PlaceBookingResponse", "A-1"),
        ),
        NotAllowed,
    ),
    "of another lane": (
        sent(type="GetBooking.1", id=RequestId("agent:1001", "GetBooking", "A-1")),
        NotAllowed,
    ),
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
    "saying what crossed, which the hub alone says": (sent(crossed="a" * 64), NotAllowed),
    "accepted in the future": (sent(accepted_at=NOON + timedelta(hours=1)), NotAllowed),
    "of the staff, whoever sends it": (
        sent(id=RequestId("staff:liu", "PlaceBooking", "A-1"), operator="liu"),
        NotAllowed,
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_allowed_is_refused_with_its_reason(case: str) -> None:
    """A message that is refused says why, and each has its own class."""
    wire, error = REFUSED[case]
    with pytest.raises(error):
        guard().check(wire)


def test_an_operator_may_bring_again_what_a_gateway_sent_and_nothing_else() -> None:
    """Its envelope still names the gateway; in its own name an operator sends nothing."""
    message = guard().check(sent("operator-1")).message
    assert message == booking()
    for wrong in (
        sent("operator-1", transmission=Transmission("operator-1", "b00t", 1), reply_to=""),
        sent("operator-1", transmission=Transmission("staff-1", "b00t", 1), reply_to=""),
        sent("operator-1", id=RequestId("staff:liu", "PlaceBooking", "A-1")),
        sent("operator-1", reply_to="replies.gateway-2.b00t"),
        sent("operator-1", operator="liu"),
        sent("operator-1", crossed="a" * 64),
    ):
        with pytest.raises(NotAllowed):
            guard().check(wrong)


STAFF: dict[str, Any] = {
    "account": "staff-1",
    "id": RequestId("staff:liu", "PlaceBooking", "A-1"),
    "transmission": Transmission("staff-1", "b00t", 1),
    "reply_to": "replies.staff-1.b00t",
    "operator": "liu",
}
INSIDE_ALLOWED = {
    "an agent's, brought by the hub": sent("hub-1"),
    "an agent's from another gateway": sent(
        "hub-2",
        transmission=Transmission("gateway-7", "b", 1),
        reply_to="replies.gateway-7.b",
    ),
    "a member of staff's": sent(**STAFF),
    "one that wants no reply": sent("hub-1", reply_to=""),
    "what crossed, by the hub's word": sent("hub-1", crossed="a" * 64),
    "an agent's, brought again by an operator": sent("operator-1", crossed="a" * 64),
    "a member of staff's, brought again by an operator": sent(**STAFF | {"account": "operator-1"}),
}
INSIDE_REFUSED = {
    "an agent's from the staff": sent(**STAFF | {"id": RequestId("agent:1", "PlaceBooking", "A")}),
    "an agent's in a gateway's name from the staff": sent("staff-1"),
    "a member of staff's from the hub": sent("hub-1", id=STAFF["id"]),
    "a member of staff's in its name from the hub": sent(**STAFF | {"account": "hub-1"}),
    "one of the hub's own": sent(
        "hub-1", transmission=Transmission("hub-1", "b", 1), reply_to="replies.hub-1.b"
    ),
    "one of another staff process": sent(
        **STAFF | {"transmission": Transmission("staff-2", "b00t", 1)}
    ),
    "a gateway's own": sent("gateway-1"),
    "an agent's in the staff's name from an operator": sent(
        **STAFF | {"account": "operator-1", "id": booking().id, "operator": ""}
    ),
    "a member of staff's in a gateway's name from an operator": sent(
        "operator-1", id=STAFF["id"], operator="liu"
    ),
    "one of an operator's own": sent(
        "operator-1", transmission=Transmission("operator-1", "b", 1), reply_to=""
    ),
    "a worker's": sent("ticketing-1"),
    "nobody's": sent(""),
    "answering into another staff process's queue": sent(
        **STAFF | {"reply_to": "replies.staff-2.b00t"}
    ),
    "answering into another start's queue": sent(**STAFF | {"reply_to": "replies.staff-1.gone"}),
    "answering into a gateway's queue": sent(**STAFF | {"reply_to": "replies.gateway-1.b00t"}),
    "an agent's answering to the staff": sent("hub-1", reply_to="replies.staff-1.b00t"),
    "saying what crossed without a hub": sent(**STAFF | {"crossed": "a" * 64}),
    "naming another member of staff": sent(**STAFF | {"operator": "wang"}),
    "an agent's naming a member of staff": sent("hub-1", operator="liu"),
}


def inside_guard() -> Guard:
    """Return the guard of a worker, at noon."""
    return Guard(Direction.INWARD, (Lane.REQUESTS,), PlainContracts(), MovedClock(), INSIDE)


@pytest.mark.parametrize("case", INSIDE_ALLOWED)
def test_inside_the_hub_speaks_for_agents_and_the_staff_for_itself(case: str) -> None:
    """What each account may bring passes."""
    assert inside_guard().check(INSIDE_ALLOWED[case])


@pytest.mark.parametrize("case", INSIDE_REFUSED)
def test_inside_no_account_speaks_for_another(case: str) -> None:
    """A captured staff page cannot book as an agency, nor a hub as a member of staff."""
    with pytest.raises(NotAllowed):
        inside_guard().check(INSIDE_REFUSED[case])


def test_what_the_hub_brought_is_known_though_it_was_refused() -> None:
    """Its transmission can be counted; what cannot be read, or others sent, is nobody's."""
    refused = sent("hub-1", body=b"invalid")
    assert inside_guard().brought(refused) == booking(body=b"invalid")
    assert inside_guard().brought(refused._replace(message_id="?")) is None
    assert inside_guard().brought(refused._replace(user_id="staff-1")) is None
    assert guard().brought(sent(body=b"invalid")) is None


SHORT = [envelope.SIGN_IN, envelope.OPERATOR]


@pytest.mark.parametrize("name", SHORT)
@pytest.mark.parametrize(
    ("value", "takes"),
    [
        ("x" * SHORT_CHARACTERS_MAX, True),
        ("x" * (SHORT_CHARACTERS_MAX + 1), False),
        ("吏" * SHORT_CHARACTERS_MAX, True),
        ("吏" * (SHORT_CHARACTERS_MAX + 1), False),
        ("a\nb", False),
        ("a\x00b", False),
        ("a\u202eb", False),
        ("", True),
    ],
)
def test_sign_in_and_operator_are_short_and_can_be_printed(
    name: str, value: str, *, takes: bool
) -> None:
    """Neither breaks a log line or a column, however it came."""
    wire = sent()._replace(headers={**sent().headers, name: value})
    if takes:
        message = envelope.from_wire(wire)
        assert value in (message.sign_in, message.operator)
    else:
        with pytest.raises(MalformedEnvelope, match=name):
            envelope.from_wire(wire)


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
    for lane in (Lane.REPLIES, Lane.REQUESTS):
        with pytest.raises(NotAllowed, match="direction"):
            guard(lane, Direction.OUTWARD).check(sent())


def test_a_published_document_may_be_larger_than_a_request() -> None:
    """Thousands of agencies fit; there is still a bound."""
    published = guard(Lane.PUBLISHED, Direction.OUTWARD)
    assert published.check(sent(type="Agents.1", body=b"x" * (BODY_BYTES_MAX + 1)))
    with pytest.raises(InvalidBody):
        published.check(sent(type="Agents.1", body=b"x" * (PUBLISHED_BYTES_MAX + 1)))
