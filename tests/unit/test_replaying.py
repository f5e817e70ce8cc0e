"""Before a kept message is sent again one can see what that would do."""

from datetime import timedelta
from typing import Any

import pytest

from hub.envelope import RequestId, Transmission, Wire, to_wire
from hub.errors import NotAllowed
from hub.messages import INWARD_EXCHANGE
from hub.parking import Place
from hub.ports import Address, InboxEntry, InboxState
from hub.replaying import HEADERS_BYTES_MAX, Inside, Previews, again
from tests.unit.hub_world import NOON, MovedClock, PlainContracts, booking

OPERATOR = "operator-1"
WEEK_SECONDS = 7 * 86_400
STAFF: dict[str, Any] = {
    "id": RequestId("staff:liu", "PlaceBooking", "A-1"),
    "transmission": Transmission("staff-1", "b00t", 1),
    "reply_to": "replies.staff-1.b00t",
    "operator": "liu",
}


def kept(account: str = "gateway-1", **changes: Any) -> Wire:
    """Return a booking as it was refused."""
    return to_wire(booking(**changes), account=account)


def previews(place: Place = Place.OUTSIDE, entry: InboxEntry | None = None) -> Previews:
    """Return previews at noon, of an inbox that knows ``entry`` alone."""

    def known(request_id: RequestId) -> InboxEntry | None:
        return entry if entry and entry.id == request_id else None

    return Previews(
        place, PlainContracts(), MovedClock(), known, request_age_seconds_max=WEEK_SECONDS
    )


def entry_of(body: bytes, state: InboxState = InboxState.HANDLED) -> InboxEntry:
    """Return the inbox entry of booking A-1 with this body."""
    digest = PlainContracts().digest("{urn:lupu:ticketing:1}PlaceBooking", body)
    return InboxEntry(booking().id, digest, state, None, "DONE")


def test_a_request_goes_back_to_the_guard_that_refused_it() -> None:
    """Outside to the hub's queue, inside to the application's, in the operator's name."""
    wire = kept()._replace(expiration_ms=5, persistent=False)
    to, sent = again(Place.OUTSIDE, wire, OPERATOR)
    assert to == Address(INWARD_EXCHANGE, "requests")
    assert sent == kept(OPERATOR)
    to, _ = again(Place.INSIDE, kept("hub-1"), OPERATOR)
    assert to == Address(INWARD_EXCHANGE, "ticketing.requests")


@pytest.mark.parametrize(
    ("type_", "why"),
    [
        ("GetBooking.1", "asked again"),
        ("GetOutcome.1", "asked again"),
        ("PlaceBookingResponse.1", "outcome is stored"),
        ("Offers.1", "newer edition"),
        ("Explode.1", "map of messages"),
        ("", "map of messages"),
    ],
)
@pytest.mark.parametrize("place", [Place.OUTSIDE, Place.INSIDE])
def test_nothing_is_sent_again_that_nobody_waits_for(place: Place, type_: str, why: str) -> None:
    """Questions, answers and editions have had their time; a sentence says so."""
    with pytest.raises(NotAllowed, match=why):
        again(place, kept(type=type_), OPERATOR)


def test_headers_that_might_not_fit_are_not_sent_again() -> None:
    """The broker would close the connection on them, each time anew."""
    large = kept()._replace(headers={"x": "y" * HEADERS_BYTES_MAX})
    with pytest.raises(NotAllowed, match="larger"):
        again(Place.OUTSIDE, large, OPERATOR)


@pytest.mark.parametrize("place", [Place.OUTSIDE, Place.INSIDE])
def test_no_replay_brings_in_what_a_stranger_published(place: Place) -> None:
    """The guard refused its account; with the operator's it would pass, and take effect."""
    for wire in (kept("gateway-2"), kept("logistics-1"), kept("")):
        with pytest.raises(NotAllowed, match="discard it"):
            again(place, wire, OPERATOR)
        preview = previews(place).of(wire, OPERATOR)
        assert preview.refused is not None


def test_what_an_operator_brought_and_was_refused_is_brought_again() -> None:
    """Its account may bring what others sent, as often as it takes."""
    for place in (Place.OUTSIDE, Place.INSIDE):
        _, sent = again(place, kept("operator-2"), OPERATOR)
        assert sent == kept(OPERATOR)


def test_a_preview_says_why_it_would_be_refused_again() -> None:
    """By the guard's own judgement, with the kind of the reason."""
    for wire, kind in (
        (kept(body=b"invalid"), "InvalidBody"),
        (kept(type="Explode.1"), "NotAllowed"),
        (kept(operator="liu"), "NotAllowed"),
        (kept()._replace(headers={}), "MalformedEnvelope"),
        (kept(transmission=Transmission("staff-1", "b", 1)), "NotAllowed"),
    ):
        preview = previews().of(wire, OPERATOR)
        assert preview.refused is not None
        assert preview.refused.kind == kind
        assert preview.inside is None


def test_a_preview_says_what_the_inside_would_make_of_it() -> None:
    """First sight, repeat, still open, or a reference used with other values."""
    body = kept().body
    for entry, inside in (
        (None, Inside.FIRST),
        (entry_of(body), Inside.REPEAT),
        (entry_of(body, InboxState.WAITING), Inside.OPEN),
        (entry_of(body, InboxState.PARKED), Inside.OPEN),
        (entry_of(b"<other/>"), Inside.REUSED),
    ):
        preview = previews(entry=entry).of(kept(), OPERATOR)
        assert (preview.refused, preview.inside) == (None, inside)


@pytest.mark.parametrize(
    "changes",
    [
        {"accepted_at": NOON - timedelta(seconds=WEEK_SECONDS + 1)},
        {"expires_at": NOON - timedelta(seconds=1)},
    ],
    ids=["old", "expired"],
)
def test_what_has_become_too_old_is_told_before(changes: dict[str, Any]) -> None:
    """The worker would refuse it for its age; its repeat still gets the outcome."""
    assert previews().of(kept(**changes), OPERATOR).inside is Inside.TOO_OLD

    known = previews(entry=entry_of(kept().body))
    assert known.of(kept(**changes), OPERATOR).inside is Inside.REPEAT


def test_what_books_say_never_becomes_too_old() -> None:
    """A page that lay for a month is taken in, and the preview says so."""
    name = RequestId("gateway:gateway-1", "BookPage", "b.1.1")
    page = kept(type="BookPage.1", id=name, accepted_at=NOON - timedelta(days=31))
    found = previews().of(page, OPERATOR)
    assert (found.refused, found.inside) == (None, Inside.FIRST)


def test_inside_the_workers_guard_judges() -> None:
    """What the hub brought and what the staff sent may be brought again by an operator."""
    inside = previews(Place.INSIDE)
    assert inside.of(kept("hub-1"), OPERATOR).inside is Inside.FIRST
    assert inside.of(kept("staff-1", **STAFF), OPERATOR).inside is Inside.FIRST
    assert previews(Place.OUTSIDE).of(kept("staff-1", **STAFF), OPERATOR).refused is not None
