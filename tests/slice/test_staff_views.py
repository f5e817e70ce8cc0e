"""Who of the staff saw whose personal data stands in the audit trail."""

import json

import pytest

from internal_apps.parking.domain import Entry
from tests.slice.staff_visitor import Visitor
from tests.slice.staff_world import StaffWorld

NAME = "欧阳小明"


def seen(world: StaffWorld) -> list[Entry]:
    """Return what stands in the trail of bookings, the first first."""
    return [one for one in world.work.trail.exported() if one.place == "bookings"]


@pytest.mark.parametrize("page", ["", "/change", "/cancel"])
def test_who_opens_a_booking_is_written_down(world: StaffWorld, clerk: Visitor, page: str) -> None:
    """Under the account of who did, by the booking's reference, and the trail stays whole."""
    reference = clerk.place(name=NAME)
    before = len(seen(world))
    world.clock.move(seconds=5)
    assert NAME in clerk.get(f"/bookings/{reference}{page}").text
    (entry,) = seen(world)[before:]
    assert (entry.who, entry.what, entry.name) == ("wang", "viewed", reference)
    assert entry.at == world.clock.now()
    assert not world.work.trail.verify().faults


def test_who_lists_bookings_is_written_down_without_what_was_searched(
    world: StaffWorld, clerk: Visitor
) -> None:
    """One entry names every booking of the list; no name of a visitor is in the trail."""
    placed = {clerk.place(name=NAME) for _ in range(3)}
    before = len(seen(world))
    assert NAME in clerk.get(f"/bookings?q={NAME}").text
    (entry,) = seen(world)[before:]
    assert (entry.who, entry.what, entry.name) == ("wang", "listed", "")
    assert set(json.loads(entry.facts)["shown"].split()) == placed
    assert NAME not in "".join(json.dumps(one.facts) for one in world.work.trail.exported())


def test_a_search_that_finds_nobody_shows_nothing_of_anybody(
    world: StaffWorld, clerk: Visitor
) -> None:
    """It leaves no entry."""
    before = len(seen(world))
    clerk.get("/bookings?q=Nobody")
    assert len(seen(world)) == before


def test_the_trails_page_names_every_booking_that_was_listed(
    world: StaffWorld, clerk: Visitor
) -> None:
    """Whoever audits reads which, and goes on from each to who opened it."""
    reference = clerk.place(name=NAME)
    clerk.get("/bookings")
    auditor = Visitor(world)
    auditor.sign_in("audit")
    page = auditor.get("/kept/audit").text
    assert "saw it in a list" in page
    assert f'name={reference}">{reference}</a>' in page
