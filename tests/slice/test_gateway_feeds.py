"""The entrance for feeds: what it lets in, in which parts, and what it says of all else."""

import base64
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dmz_gateway.feeds.sending import PART_ITEMS_MAX
from hub.envelope import Wire
from hub.ports import Published
from tests.servers.feeds import FEEDS, booking, feed
from tests.slice.gateway_world import CERTIFICATE, PASSWORD, Posted, World, gateway

DAY = "2010-05-20"
MANY = {f"A-{number}": booking(f"A-{number}", DAY) for number in range(2 * PART_ITEMS_MAX + 5)}
SIGNED_IN = {"HTTP_X_CLIENT_VERIFIED": "yes", "HTTP_X_CLIENT_FINGERPRINT": CERTIFICATE}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Offer a gateway whose agents may send much."""
    with gateway(tmp_path, feed_patience_seconds=0.0) as made:
        yield made


def post(world: World, body: bytes, **environ: Any) -> Posted:
    """Send a feed."""
    return world.open("POST", "/feeds", io.BytesIO(body), {**SIGNED_IN, **environ})


def parts(world: World) -> list[Wire]:
    """Return what was sent inward, and take it away."""
    return world.broker.take_all("inward.bulk")


def test_a_feed_crosses_in_parts_that_are_named_after_their_first_booking(world: World) -> None:
    """Each is a request of its own, so that the same feed again is the same requests."""
    posted = post(world, feed("F-1", MANY))
    assert posted.status == 202, posted.text
    assert f"<Count>{len(MANY)}</Count>" in posted.text
    first, again = parts(world), None
    assert [wire.message_id for wire in first] == [
        f"agent:1001/FeedPart/F-1.{number}" for number in (1, 21, 41)
    ]
    assert post(world, feed("F-1", MANY)).status == 202
    again = parts(world)
    assert [(one.message_id, one.body) for one in again] != []
    assert [one.message_id for one in again] == [one.message_id for one in first]


def test_what_is_not_as_it_should_be_ends_the_feed_there(world: World) -> None:
    """The parts before are accepted; what is wrong is named, and no value is quoted."""
    broken = dict(MANY)
    broken["A-30"] = booking("A-30", "2010-02-30")
    posted = post(world, feed("F-1", broken))
    assert (posted.status, _code(posted)) == (422, "SCHEMA_INVALID")
    assert "Booking 31" in posted.text
    assert "02-30" not in posted.text
    assert len(parts(world)) == 1


HOSTILE = {
    "no XML": (b"\x00\x01", "MALFORMED_XML"),
    "a DTD": (b"<!DOCTYPE x [<!ENTITY e 'e'>]>" + feed("F-1", MANY), "DTD_FORBIDDEN"),
    "cut off": (feed("F-1", MANY)[:-20], "MALFORMED_XML"),
    "without totals": (
        feed("F-1", MANY).split(b"<Totals")[0] + b"</BookingFeed>",
        "SCHEMA_INVALID",
    ),
    "with other totals": (
        feed("F-1", MANY).replace(b"<Count>45", b"<Count>44"),
        "FEED_TOTALS_WRONG",
    ),
    "text between bookings": (
        feed("F-1", MANY).replace(b"</Booking>", b"</Booking>x", 1),
        "SCHEMA_INVALID",
    ),
    "another element": (feed("F-1", {"A": "<Strange/>"}), "SCHEMA_INVALID"),
    "another document": (b"<PlaceBooking/>", "SCHEMA_INVALID"),
    "an encoding that is not taken": (
        b'<?xml version="1.0" encoding="Shift_JIS"?>' + feed("F-1", {}),
        "ENCODING_UNSUPPORTED",
    ),
    "a long text": (feed("F-1", {"A": f"<Booking>{'x' * 300_000}</Booking>"}), "TOO_LARGE"),
    "a deep element": (feed("F-1", {"A": "<a>" * 300}), "MALFORMED_XML"),
    "no reference": (f'<BookingFeed xmlns="{FEEDS}"/>'.encode(), "SCHEMA_INVALID"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_no_hostile_feed_gets_through(world: World, case: str) -> None:
    """Each is refused with its code, as soon as it shows."""
    body, code = HOSTILE[case]
    posted = post(world, body)
    assert (_code(posted), posted.status >= 400) == (code, True), posted.text


@pytest.mark.parametrize(
    ("environ", "code"),
    [
        ({"HTTP_X_CLIENT_VERIFIED": "no"}, "SIGN_IN_FAILED"),
        ({"HTTP_X_CLIENT_FINGERPRINT": "00"}, "SIGN_IN_FAILED"),
        ({"HTTP_AUTHORIZATION": "Basic !"}, ""),
    ],
)
def test_nobody_sends_feeds_who_does_not_sign_in(
    world: World, environ: dict[str, str], code: str
) -> None:
    """By certificate or by name and password; what is no header counts for nothing."""
    posted = post(world, feed("F-1", {}), **environ)
    assert _code(posted) == code


def test_a_password_signs_in_and_a_wrong_one_does_not(world: World) -> None:
    """HTTP's own way, for there is no envelope to carry it."""
    for password, status in (("wrong", 422), (f"{PASSWORD}-1001", 202)):
        basic = base64.b64encode(f"1001:{password}".encode()).decode()
        environ = {"HTTP_X_CLIENT_VERIFIED": "no", "HTTP_AUTHORIZATION": f"Basic {basic}"}
        posted = post(world, feed("F-1", {}), **environ)
        assert posted.status == status, posted.text


def test_while_the_broker_takes_nothing_the_feed_is_told_to_come_again(world: World) -> None:
    """What was accepted before stays so."""
    world.publisher.outcome = Published.REFUSED
    posted = post(world, feed("F-1", MANY))
    assert (posted.status, _code(posted)) == (503, "FEED_INTERRUPTED")


def _code(posted: Posted) -> str:
    found = re.search("<Code>([A-Z_]+)<", posted.text)
    return found[1] if found else ""
