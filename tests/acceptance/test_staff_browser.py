"""The staff's pages in Chromium, as a person uses them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from internal_apps.ticketing.tables import bookings
from tests.acceptance.staff_browser import Person, chromium, served
from tests.slice.staff_world import StaffWorld, staff_world

PHONE_PIXELS = 390
DESK_PIXELS = 1280


@pytest.fixture
def world(tmp_path: Path) -> StaffWorld:
    """Offer a staff web."""
    return staff_world(tmp_path)


@pytest.fixture
def address(world: StaffWorld) -> Iterator[str]:
    """Offer its address, over HTTPS."""
    with served(world) as found:
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
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def _count(world: StaffWorld) -> int:
    with world.database.reading() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(bookings)).scalar_one()


def test_a_clerk_books_for_a_caller(world: StaffWorld, person: Person) -> None:
    """Sign in, book, read the reference aloud, confirm; found again by the Chinese name."""
    person.sign_in("wang")
    person.wait("There are no bookings yet.")
    person.press("New booking")
    person.wait("Comes to")
    person.fill_booking()
    assert person.find("[data-total]").text == "¥320.00"
    person.press("Book")
    person.wait("The booking is made and its places are held.")
    reference = person.find("[data-select]").text
    spoken = person.find(".groups").text.split()
    assert [word for word in spoken if len(word) == 1] == list(reference.replace("-", ""))
    person.press("Confirm")
    person.wait("The booking is confirmed.")
    person.go("/bookings")
    person.type("q", "小龙")
    person.press("Search")
    person.wait(reference)
    assert _count(world) == 1


def test_a_double_click_makes_one_booking(world: StaffWorld, person: Person) -> None:
    """Two clicks as fast as a machine can: one booking, and its page."""
    person.sign_in("wang")
    person.wait("Bookings")
    person.go("/bookings/new")
    person.fill_booking()
    button = person.find("p.actions button.primary")
    person.driver.execute_script("arguments[0].click(); arguments[0].click()", button)
    person.wait("The booking is made")
    assert _count(world) == 1


def test_two_clerks_change_one_booking(
    world: StaffWorld, person: Person, address: str, tmp_path: Path
) -> None:
    """The second sees who was quicker and with what, and what was typed is still there."""
    person.sign_in("wang")
    person.wait("Bookings")
    person.go("/bookings/new")
    person.fill_booking()
    person.press("Book")
    person.wait("The booking is made")
    reference = person.find("[data-select]").text
    person.go(f"/bookings/{reference}/change")
    person.type("name", "欧阳娜娜")
    with chromium(tmp_path / "other") as driver:
        other = Person(driver, address)
        other.sign_in("chen")
        other.wait("Bookings")
        other.go(f"/bookings/{reference}/change")
        other.type("telephone", "021 5555 0000")
        other.press("Change it")
        other.wait("The booking is changed.")
    person.press("Change it")
    person.wait("陈伟 changed this booking while you had it open")
    assert person.find("#name").get_attribute("value") == "欧阳娜娜"
    assert person.find("#telephone").get_attribute("value") == "021 5555 0000"
    person.press("Change it")
    person.wait("The booking is changed.")
    assert "欧阳娜娜" in person.text()
    assert _count(world) == 1


def test_an_expired_session_keeps_the_form(world: StaffWorld, person: Person) -> None:
    """Typed too slowly: sign in again, and every field is as it was."""
    person.sign_in("wang")
    person.wait("Bookings")
    person.go("/bookings/new")
    person.fill_booking()
    world.clock.move(seconds=2_000)
    person.press("Book")
    person.wait("You were signed out, but nothing is lost.")
    person.sign_in("wang")
    person.wait("Here is what you had typed.")
    assert person.find("#name").get_attribute("value") == "李小龙"
    assert person.find("#day-1").get_attribute("value") == "2010-06-10"
    person.press("Book")
    person.wait("The booking is made")
    assert _count(world) == 1


def test_a_page_without_an_answer_looks_again(world: StaffWorld, person: Person) -> None:
    """RECEIVED becomes the booking by itself, without a key pressed."""
    person.sign_in("wang")
    person.wait("Bookings")
    person.go("/bookings/new")
    person.fill_booking()
    world.inside.slow = True
    person.press("Book")
    person.wait("There is no answer yet.")
    world.inside.work()
    person.wait("The booking is made")


def test_in_chinese_from_the_first_page_to_the_last(person: Person) -> None:
    """A clerk who reads no English books, changes language, and goes on."""
    person.go("/sign-in")
    person.leave_by(person.find("button[value=zh]"))
    person.wait("登录")
    person.sign_in("wang")
    person.wait("还没有订单。")
    person.press("新建预订")
    person.wait("联系人")
    person.fill_booking()
    person.press("预订")
    person.wait("预订成功，名额已预留。")
    assert "2010年6月10日 周四" in person.text()
    person.press("确认")
    person.wait("订单已确认。")


def test_it_works_without_scripts(world: StaffWorld, person: Person) -> None:
    """With scripts off, booking with a second line works as well."""
    person.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    person.sign_in("wang")
    person.wait("Bookings")
    person.go("/bookings/new")
    person.fill_booking()
    person.press("Another line")
    person.choose("ticket_type", "PEAK", 1)
    person.type("day", "2010-10-01", 1)
    person.press("Book")
    person.wait("The booking is made")
    assert "¥520.00" in person.text()
    assert _count(world) == 1


@pytest.mark.parametrize("pixels", [PHONE_PIXELS, DESK_PIXELS])
def test_pages_fit_their_screen(person: Person, pixels: int) -> None:
    """No page scrolls sideways; every field has a label; every button can be hit by a thumb."""
    person.screen(pixels)
    person.sign_in("wang")
    person.wait("Bookings")
    person.go("/bookings/new")
    person.fill_booking(name="𠮷" * 50)
    person.press("Book")
    person.wait("The booking is made")
    held = person.driver.current_url.partition("?")[0].removeprefix(person.address)
    for path in (
        "/offers",
        "/bookings",
        "/bookings/new",
        held,
        f"{held}/change",
        f"{held}/cancel",
        "/account",
    ):
        person.go(path)
        assert person.faults(pixels) == [], path


def test_the_browser_finds_nothing_to_complain_of(person: Person) -> None:
    """No error and no breach of the content policy on any page."""
    person.driver.get_log("browser")
    person.sign_in("wang")
    person.wait("Bookings")
    for path in ("/bookings", "/bookings/new", "/account"):
        person.go(path)
    assert person.driver.get_log("browser") == []
