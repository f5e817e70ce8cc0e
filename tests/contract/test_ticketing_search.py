"""What staff look for is found, page by page, and each booking tells its history."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.database import Database
from hub.envelope import Hop
from internal_apps.ticketing.history import history
from internal_apps.ticketing.search import Filter, Page, search
from tests.unit.ticketing.world import STANDARD_DAY, World, booking_values

_WORLDS = itertools.count(1)
_HOURS = itertools.count(1)

PEOPLE = (
    ("王小明", "+86 138 0013 8000"),
    ("欧阳\U00020bb7娜", "021-6222-1111"),
    ("Anna O'Hara_50%", "+44 20 7946 0018"),
    ("王大明", "13800138001"),
)


class Office:
    """Four bookings of people, placed a minute apart, on a day of placing of their own."""

    def __init__(self, database: Database) -> None:
        self.world = World(database, name=f"S{next(_WORLDS)}")
        self.world.clock.at = datetime(2010, 3, 1, tzinfo=UTC) + timedelta(days=next(_HOURS))
        self.placed_day = self.world.clock.at.date()
        self.placed = [self._place(name, telephone) for name, telephone in PEOPLE]

    def _place(self, name: str, telephone: str) -> dict[str, Any]:
        self.world.clock.move(minutes=1)
        values = booking_values(2)
        values["Contact"] = {"Name": name, "Telephone": telephone}
        return self.world.ask("PlaceBooking", values).booking

    def found(self, words: str = "", **more: Any) -> list[str]:
        """Return the names of who is found, newest first."""
        return [entry.contact_name for entry in self.page(words, **more).found]

    def page(self, words: str = "", **more: Any) -> Page:
        """Return the first page of what is found among this office's bookings."""
        return search(self.world.database, Filter(words, placed_day=self.placed_day, **more))


@pytest.fixture
def office(ticketing_database: Database) -> Office:
    """Offer an office on each database."""
    return Office(ticketing_database)


def test_a_name_a_telephone_and_a_reference_find(office: Office) -> None:
    """One field for all three; a piece is enough; signs of LIKE are only signs."""
    reference = office.placed[0]["BookingReference"]
    assert office.found("王") == ["王大明", "王小明"]
    assert office.found("\U00020bb7娜") == ["欧阳\U00020bb7娜"]
    assert office.found("a_50%") == ["Anna O'Hara_50%"]
    assert office.found("%") == ["Anna O'Hara_50%"]
    assert office.found("O'Hara") == ["Anna O'Hara_50%"]
    assert office.found("138-0013") == ["王大明", "王小明"]
    assert office.found("8000") == ["王小明"]
    assert office.found(reference.replace("-", " ").lower()) == ["王小明"]
    assert office.found("nobody") == []


def test_full_width_and_capitals_are_found_alike_on_every_database(office: Office) -> None:
    """As a Chinese input method types them, and as nobody remembers how a name was written."""
    reference = office.placed[0]["BookingReference"].replace("-", " ")
    wide = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}
    assert office.found(reference.translate(wide)) == ["王小明"]
    assert office.found("138 0013 8000".translate(wide)) == ["王小明"]
    assert office.found("138-0013".translate(wide)) == ["王大明", "王小明"]
    for typed in ("anna o'hara", "ANNA", "Anna".translate(wide), "A_50%"):
        assert office.found(typed) == ["Anna O'Hara_50%"], typed
    written_wide = "VIP李".translate(wide)
    office._place(written_wide, "021-0000")
    assert office.found("VIP".translate(wide)) == [written_wide]


def test_state_kind_channel_and_visit_day_narrow(office: Office) -> None:
    """Each field narrows what is listed."""
    first = office.placed[0]
    named = {"BookingReference": first["BookingReference"], "Version": 1}
    office.world.ask("ConfirmBooking", named)
    assert office.found(state="CONFIRMED") == ["王小明"]
    assert len(office.found(state="HELD", kind="INDIVIDUAL", channel="AGENCY")) == 3
    assert office.found(channel="TELEPHONE") == []
    assert len(office.found(visit_day=STANDARD_DAY, sender="agent:1001")) == 4
    assert office.found(visit_day=STANDARD_DAY + timedelta(days=1)) == []
    assert [entry.total_fen for entry in office.page("王").found] == [30_000, 30_000]
    assert [entry.tickets for entry in office.page("王").found] == [2, 2]


def test_pages_follow_each_other_without_gap_or_repeat(office: Office) -> None:
    """Newest first; what is placed meanwhile shifts nothing."""
    wanted = Filter(placed_day=office.placed_day)
    names: list[str] = []
    after = None
    for _ in range(2):
        page = search(office.world.database, wanted, after, page_max=2)
        names += [entry.contact_name for entry in page.found]
        after = page.next
        office.world.place()
    assert names == [name for name, _ in reversed(PEOPLE)]
    assert after is None


def test_history_tells_every_message_and_its_way(office: Office) -> None:
    """Who asked, when it was accepted, where it passed, what came of it; refusals too."""
    world, booking = office.world, office.placed[0]
    named = {"BookingReference": booking["BookingReference"]}
    confirm = world.message("ConfirmBooking", {**named, "Version": 1}, sender="staff:li")
    at = world.clock.now()
    passed = (Hop("staff-1", at), Hop("ticketing-1", at + timedelta(milliseconds=5)))
    world.clock.move(seconds=1)
    world.handle(confirm._replace(hops=passed, operator="李雷", sign_in="session"))
    world.clock.move(seconds=1)
    world.ask("CancelBooking", {**named, "Version": 1})
    told = history(world.database, booking["BookingReference"].lower())
    assert told is not None
    assert told.booking.version == 2
    operations = [(step.request_id.operation, step.outcome_code) for step in told.steps]
    assert operations == [
        ("PlaceBooking", "DONE"),
        ("ConfirmBooking", "DONE"),
        ("CancelBooking", "VERSION_CONFLICT"),
    ]
    step = told.steps[1]
    assert (step.operator, step.sign_in, step.hops) == ("李雷", "session", passed)
    assert (step.accepted_at, step.handled_at) == (at, at + timedelta(seconds=1))


def test_no_reference_has_no_history(office: Office) -> None:
    """Neither one that cannot be, nor one that is not."""
    assert history(office.world.database, "nonsense") is None
