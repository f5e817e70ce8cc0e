"""The pages of kept messages in Chromium, as a person on duty at night uses them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.parking import Place
from hub.ports import InboxState
from tests.acceptance.staff_browser import Person, chromium, served
from tests.contract.shelves import NOT_ALLOWED, OPERATOR, World, in_memory, wire
from tests.slice.night import Night
from tests.slice.test_kept_bulk import RefusedAgain

PHONE_PIXELS = 390
DESK_PIXELS = 1280
BY_NIGHT = {"why": "withdrawn", "who": "night"}


@pytest.fixture
def night(tmp_path: Path) -> Night:
    """Offer a staff web with three parked bookings."""
    found = Night(tmp_path)
    found.park(3)
    return found


@pytest.fixture
def address(night: Night) -> Iterator[str]:
    """Offer its address, over HTTPS."""
    with served(night.staff) as found:
        yield found


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Offer one Chromium for the whole file."""
    with chromium(tmp_path_factory.mktemp("chromium")) as driver:
        yield driver


@pytest.fixture
def person(browser: Any, address: str) -> Iterator[Person]:
    """Offer somebody at the browser, with no cookies."""
    yield Person(browser, address)
    browser.execute_cdp_cmd("Network.clearBrowserCookies", {})
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def _another(person: Person, account: str) -> None:
    person.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
    person.sign_in(account)


def test_what_is_wrong_since_when_what_to_do_done(night: Night, person: Person) -> None:
    """One reason with its count; what a replay would do; all replayed; nothing left."""
    person.sign_in("oper")
    person.wait("3 messages wait for a person.")
    assert "A mistake in Lupu, which trying again did not mend." in person.text()
    person.leave_by(person.find(".reason .actions a"))
    person.wait("Kept for ZeroDivisionError")
    person.leave_by(person.find("table.list tbody th a"))
    person.wait("What is wrong")
    person.press("What would a replay do?")
    person.wait("It would be handled now, with this outcome:")
    assert "DONE" in person.find(".message.good").text
    person.press("All of this reason")
    person.type("why", "mended in 1.2")
    person.press("Replay all that are shown")
    person.wait("3 messages.")
    night.later()
    person.go("/kept")
    person.wait("Nothing is kept here.")
    assert [night.outcome(number) for number in range(3)] == ["DONE"] * 3


def test_a_correction_by_two(night: Night, person: Person) -> None:
    """Mistakes are named with their lines; who proposed cannot approve; somebody else compares."""
    name = str(night.messages[0].id)
    person.sign_in("oper")
    person.go(f"/kept/parked/correct/{name}")
    document = person.find("#document").get_attribute("value") or ""
    _put(person, document.replace("<Quantity>2<", "<Quantity>two<"))
    person.type("why", "three were meant")
    person.press("Propose it")
    person.wait("The document has")
    assert "Line 13" in person.find(".message.bad").text
    assert "<Quantity>two</Quantity>" in person.find(".message.bad").text
    assert _marked(person).strip() == "<Quantity>two</Quantity>"
    _put(person, document.replace("<Quantity>2<", "<Quantity>3<"))
    person.press("Propose it")
    person.wait("Proposed. Somebody else must approve it")
    person.press("Correction 1")
    person.wait("You proposed it: somebody else must approve it.")
    _another(person, "night")
    person.go("/kept/approvals")
    person.press("Correction 1")
    person.wait("What changes")
    assert "3" in person.find(".compared .after").text
    person.press("Approve it")
    person.wait("Approved. Replay it now")
    person.type("why", "corrected")
    person.press("Replay it with the correction")
    person.wait("One message.")
    night.later()
    booked = night.parking.worker.outcome(night.messages[0]).booking
    assert booked["Lines"]["Line"][0]["Quantity"] == 3
    person.go("/kept/audit?verify=1")
    person.wait("The trail is whole.")


def _marked(person: Person) -> str:
    """Return what is marked in the field in which one would type on."""
    script = (
        "const a = document.activeElement; return a.value.slice(a.selectionStart, a.selectionEnd)"
    )
    return str(person.driver.execute_script(script))


def _put(person: Person, text: str) -> None:
    area = person.find("#document")
    person.driver.execute_script("arguments[0].value = arguments[1]", area, text)


def test_a_discard_is_final_and_asks_why(night: Night, person: Person) -> None:
    """Without a reason the browser does not send it; with one its sender gets a refusal."""
    person.sign_in("oper")
    person.go(f"/kept/parked/message/{night.messages[0].id}")
    person.find("button.danger").click()
    assert night.parking.state(night.messages[0]) is InboxState.PARKED
    person.type("why", "the agency does not want it any more")
    person.press("Discard it")
    person.wait("Discarded.")
    assert night.outcome() == "DISCARDED"


def test_what_the_guard_refuses_again_comes_back(person: Person, night: Night) -> None:
    """From an empty place to the other; all of a reason replayed, back again, then discarded."""
    quarantine = _refused_again(night, 3)
    night.staff.work.discard(Place.PARKED, [str(one.id) for one in night.messages], **BY_NIGHT)
    person.sign_in("oper")
    person.go("/kept")
    person.wait("Look in the other places too:")
    person.leave_by(person.find(".message.good a"))
    person.wait("3 messages wait for a person.")
    person.leave_by(person.find(".reason .actions a"))
    person.wait("No more than 10 a second are replayed.")
    before = {kept.id for kept in quarantine.listed()}
    person.type("why", "the clock is right")
    person.press("Replay all that are shown")
    person.wait("What it refuses comes back here")
    assert "3 messages wait for a person." in person.text()
    after = {kept.id for kept in quarantine.listed()}
    assert len(after) == 3
    assert not before & after
    person.leave_by(person.find(".reason .actions a"))
    person.leave_by(person.find("table.list tbody th a"))
    person.wait("Sent by")
    assert OPERATOR in person.text()
    person.press("All of this reason")
    person.type("why", "forged")
    person.press("Discard all that are shown")
    person.wait("Nothing of it came inside")
    assert quarantine.listed() == []


def _refused_again(night: Night, count: int) -> World:
    world = in_memory()
    world.clock.at = night.parking.clock.at
    world.keep(*(wire(f"Q-{number}") for number in range(count)), reason=NOT_ALLOWED)
    night.staff.work.shelves[Place.OUTSIDE] = RefusedAgain(world)
    return world


@pytest.mark.parametrize("pixels", [DESK_PIXELS, PHONE_PIXELS])
def test_every_page_fits(night: Night, person: Person, pixels: int, tmp_path: Path) -> None:
    """Desk or telephone: nothing is wider than the screen, buttons are large enough."""
    person.sign_in("oper")
    for path in _pages(night):
        person.screen(pixels)
        person.go(path)
        assert person.faults(pixels) == [], path
        person.picture(tmp_path / "page.png")


def _pages(night: Night) -> list[str]:
    name = str(night.messages[0].id)
    quarantined = _refused_again(night, 1).named("Q-0")
    work = night.parking.work
    body = night.messages[0].body.replace(b"<Quantity>2<", b"<Quantity>3<")
    if not work.corrections.waiting():
        place = next(iter(work.shelves))
        work.propose(place, name, body, why="three were meant", who="night")
    return [
        "/kept",
        "/kept?kind=ZeroDivisionError",
        f"/kept/parked/message/{name}",
        f"/kept/parked/correct/{name}",
        "/kept/approvals",
        "/kept/correction/1",
        "/kept/audit?verify=1",
        "/kept?place=outside",
        f"/kept/outside/message/{quarantined}",
    ]
