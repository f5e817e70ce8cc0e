"""Finding bookings, and seeing one with the way of its messages."""

from datetime import timedelta

import pytest

from adapters.xml import Schemas, parse
from hub.envelope import Hop, Message, RequestId, Transmission
from hub.messages import TICKETING
from internal_apps.ticketing.search import Filter, Place, search
from tests.slice.staff_visitor import Visitor
from tests.slice.staff_world import StaffWorld, staff_world

LINES = {"Line": [{"TicketType": "STANDARD", "Day": "2010-06-10", "Quantity": 1}]}
EVENING = {"Line": [{"TicketType": "EVENING", "Day": "2010-06-11", "Quantity": 2}]}
ROWS = 30


def agent_books(
    world: StaffWorld, number: int, name: str, *, evening: bool = False, replied: bool = True
) -> str:
    """Let an agency book over the bridge, and return the booking's reference."""
    at = world.clock.now()
    request = RequestId("agent:1001", "PlaceBooking", f"A-{number}")
    contact = {"Name": name, "Telephone": f"+86 21 6000 {number:04}"}
    values = {"RequestReference": f"A-{number}", "Kind": "INDIVIDUAL", "Contact": contact}
    schemas = Schemas()
    body = schemas.write(
        f"{{{TICKETING}}}PlaceBooking", {**values, "Lines": EVENING if evening else LINES}
    )
    message = Message(
        type="PlaceBooking.1",
        id=request,
        transmission=Transmission("gateway-1", "b", number),
        accepted_at=at - timedelta(milliseconds=40),
        body=body,
        reply_to="replies.gateway-1.b",
        hops=(Hop("gateway-1", at), Hop("hub-2", at - timedelta(milliseconds=15))),
    )
    world.inside.inbox.handle([message])
    ((row, reply),) = world.inside.store.unsent(10)
    world.clock.move(seconds=0.007)
    if replied:
        world.inside.store.mark_sent([row], world.clock.now())
    world.clock.move(seconds=60)
    return str(schemas.values(parse(reply.body))["Booking"]["BookingReference"])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> StaffWorld:
    """Offer a staff web with thirty bookings of an agency."""
    made = staff_world(tmp_path_factory.mktemp("list"))
    for number in range(ROWS):
        agent_books(made, number, f"客人{number}号", evening=number == 7)
    return made


def _names(clerk: Visitor, path: str) -> list[str]:
    clerk.get(path)
    return [word for word in clerk.text().split() if word.startswith("客人")]


def test_pages_go_on_by_key_and_show_each_booking_once(clerk: Visitor) -> None:
    """Two pages, newest first, nothing twice and nothing left out."""
    first = _names(clerk, "/bookings")
    second = _names(clerk, clerk.link("next"))
    assert len(first) == 25
    assert first + second == [f"客人{number}号" for number in reversed(range(ROWS))]
    assert "Older" not in clerk.text()
    assert _names(clerk, clerk.link("prev")) == first
    assert "Newer" not in clerk.text()


def test_the_page_before_is_as_long_as_any(world: StaffWorld) -> None:
    """Forward and back by tens, each page is the one that was seen; too near the top, the top."""
    pages = [search(world.database, Filter(words="客人"), page_max=10)]
    while pages[-1].next is not None:
        pages.append(search(world.database, Filter(words="客人"), pages[-1].next, page_max=10))
    assert [len(page.found) for page in pages] == [10, 10, 10]
    assert pages[0].previous is None
    for page, earlier in zip(pages[1:], pages, strict=False):
        assert page.previous is not None
        back = search(world.database, Filter(words="客人"), before=page.previous, page_max=10)
        assert back.found == earlier.found
        assert (back.next is None) == (earlier.next is None)
    near = Place(pages[0].found[5].placed_at, pages[0].found[5].reference)
    assert search(world.database, Filter(words="客人"), before=near, page_max=10) == pages[0]


def test_a_ticket_type_of_the_longest_code_is_filtered(clerk: Visitor) -> None:
    """A code may have thirty characters; one that nothing has finds nothing."""
    assert _names(clerk, "/bookings?type=" + "A" * 30) == []
    assert len(_names(clerk, "/bookings?type=" + "A" * 31)) == 25


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=客人12", ["客人12号"]),
        ("q=60000012", ["客人12号"]),
        ("q=6000+0012", ["客人12号"]),
        ("type=EVENING", ["客人7号"]),
        ("day=2010-06-11", ["客人7号"]),
        ("day=2010/6/11&type=EVENING", ["客人7号"]),
        ("type=EVENING&day=2010-06-10", []),
        ("state=CANCELLED", []),
        ("channel=TELEPHONE", []),
        ("q=%25", []),
    ],
)
def test_bookings_are_found(clerk: Visitor, query: str, expected: list[str]) -> None:
    """By Chinese name, by any part of the telephone, by each filter and by several."""
    assert _names(clerk, f"/bookings?{query}") == expected


def test_a_reference_leads_straight_to_its_booking(world: StaffWorld, clerk: Visitor) -> None:
    """However it is spelled: small letters, no dashes, spaces."""
    reference = agent_books(world, 100, "王小明")
    for spelled in (reference, reference.replace("-", "").lower(), reference.replace("-", "+")):
        assert clerk.get(f"/bookings?q={spelled}").request.path == f"/bookings/{reference}"
    assert clerk.get(f"/bookings/{reference.lower()}").request.path == f"/bookings/{reference}"


def test_the_whole_way_of_a_message_is_shown_with_its_times(
    world: StaffWorld, clerk: Visitor
) -> None:
    """Gateway, hub, taken up, committed, reply sent: each with its time, however long ago."""
    reference = agent_books(world, 101, "王小明")
    clerk.get(f"/bookings/{reference}")
    way = clerk.text().partition("The way of its messages")[2]
    places = ["Gateway 1", "accepted", "+25 ms", "Hub 2", "passed on", "+15 ms", "Ticketing"]
    events = ["taken up", "+0 ms", "committed", "+7 ms", "reply sent", "All times"]
    at = -1
    for word in (*places, *events):
        at = way.find(word, at + 1)
        assert at >= 0, (word, way)
    assert "47 ms in all" in way
    assert "Harbour Travel (1001)" in way
    assert "The reply has not left yet." not in way
    world.inside.store.forget_sent(world.clock.now() + timedelta(seconds=1))
    world.clock.move(seconds=3_600)
    clerk.sign_in()
    clerk.get(f"/bookings/{reference}")
    assert clerk.text().partition("The way of its messages")[2] == way


def test_a_reply_that_has_not_left_is_missing_on_the_way(
    world: StaffWorld, clerk: Visitor
) -> None:
    """Committed and not yet sent: whoever is asked for the answer can see why it is not there."""
    reference = agent_books(world, 102, "王小明", replied=False)
    clerk.get(f"/bookings/{reference}")
    assert "reply sent" not in clerk.text()
    assert "The reply has not left yet." in clerk.text()


def test_addresses_that_make_no_sense_are_shown_as_the_list(clerk: Visitor) -> None:
    """A broken filter or page key narrows nothing and breaks nothing."""
    for query in ("after=x", "after=2010-06-31T00:00:00+00:00_A", "day=x&state=x", "type=%27"):
        assert clerk.get(f"/bookings?{query}").status_code == 200


def test_unknown_bookings_and_requests_are_not_there(clerk: Visitor) -> None:
    """404 for what does not exist, in the page's language."""
    for path in ("/bookings/AAAA-AAAA-AAAA", "/bookings/x/change", "/sent/Drop/" + "x" * 20):
        assert clerk.get(path).status_code == 404


def test_what_is_left_leads_to_a_booking(clerk: Visitor) -> None:
    """The places of each day are shown as they are; a number opens the form filled in."""
    clerk.get("/offers?month=2010-06")
    assert "Thu 10 Jun 2010" in clerk.text()
    assert "May 2010" not in clerk.text()
    assert "20,000" in clerk.text()
    page = clerk.get("/bookings/new?type=STANDARD&day=2010-06-10")
    assert 'value="2010-06-10"' in page.text
    assert 'value="STANDARD" data-fen="16000" selected' in page.text
    clerk.get("/offers?month=2010-10")
    assert "peak day" in clerk.text()
