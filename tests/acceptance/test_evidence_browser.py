"""The page of evidence in Chromium, as a person on duty at night uses it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By

from tests.acceptance.staff_browser import WAIT_SECONDS, Person, chromium, served
from tests.contract.transports import until
from tests.slice.evidence_books import Books, troubled
from tests.slice.staff_world import staff_world

PHONE_PIXELS = 390
DESK_PIXELS = 1280


@pytest.fixture
def books(tmp_path: Path) -> Books:
    """Offer a gateway's book beside the staff's pages."""
    return Books(staff_world(tmp_path), tmp_path)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Offer one Chromium for the whole file."""
    with chromium(tmp_path_factory.mktemp("chromium")) as driver:
        yield driver


@pytest.fixture
def person(browser: Any, books: Books) -> Iterator[Person]:
    """Offer somebody at the browser, over HTTPS."""
    with served(books.staff) as address:
        yield Person(browser, address)
    browser.execute_cdp_cmd("Network.clearBrowserCookies", {})
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_lost_request_is_named_repeated_and_seen_to_be_here(
    books: Books, person: Person, tmp_path: Path
) -> None:
    """By its id and gateway, since when and what to do; after the repeat nothing is left to do."""
    books.send("A-17", came=0)
    books.turn()
    books.later()
    person.sign_in("oper")
    person.go("/evidence")
    person.wait("Something is wrong.")
    section = person.find("section.card.flush")
    for said in ("LOST", "1", "since 1 Jun 2010, 10:00:00", "Have the agency repeat each"):
        assert said.lower() in section.text.lower()
    assert "agent:1001/PlaceBooking/A-17" in section.text
    assert "gateway-1.b00t.1" in section.text
    person.picture(tmp_path / "lost.png")
    books.send("A-17")
    books.turn()
    person.press("Compare")
    person.wait("1 of them has been repeated since and is here")
    assert "repeated 1 Jun 2010, 10:50" in person.find(
        "section.card.flush td .state"
    ).find_element(By.XPATH, "..").text.replace("\n", " ")
    person.choose("hours", "1")
    books.staff.clock.move(minutes=11)
    books.turn()
    person.press("Compare")
    person.wait("Nothing was lost, altered or injected.")


def test_a_silent_gateway_is_named_and_its_return_is_seen(books: Books, person: Person) -> None:
    """No green while nobody knows; with since when and what to do; fine once it is heard."""
    books.send("A-1")
    books.turn()
    books.staff.clock.move(hours=2)
    person.sign_in("oper")
    person.go("/evidence")
    person.wait("Not all was compared.")
    assert not person.driver.find_elements(By.CSS_SELECTOR, ".message.good")
    assert "gateway-1 has been silent since 1 Jun 2010, 10:00:10." in person.text()
    assert "See whether it runs and reaches the outside broker" in person.text()
    books.turn()
    person.press("Compare")
    person.wait("Nothing was lost, altered or injected.")
    assert "heard" in person.find("table.list:last-of-type .state").text


def test_period_day_route_and_language_are_kept_as_chosen(
    books: Books, person: Person, tmp_path: Path
) -> None:
    """Chosen once, the page says what it looked at, and so does its file; in Chinese too."""
    troubled(books)
    books.staff.clock.move(days=3)
    books.later()
    person.sign_in("oper")
    person.go("/evidence")
    person.wait("Nothing was lost, altered or injected.")
    person.driver.execute_script("document.getElementById('day').value = '2010-06-01'")
    person.choose("route", "ticketing")
    person.press("Compare")
    person.wait("Something is wrong.")
    assert person.find("#day").get_attribute("value") == "2010-06-01"
    assert person.find("#route").get_attribute("value") == "ticketing"
    saved = _saved(person, tmp_path)
    assert not saved["fine"]
    assert saved["since"].startswith("2010-05-31T16:00:00")
    named = {item["request"]: item["verdict"] for item in saved["items"]}
    assert named["agent:1001/PlaceBooking/lost"] == "lost"
    person.leave_by(person.find("header form button[name=language]"))
    person.wait("发现异常。")
    assert "请代理商用相同的编号逐条重发" in person.text()
    assert person.find("#day").get_attribute("value") == "2010-06-01"


def _saved(person: Person, folder: Path) -> dict[str, Any]:
    """Press the link that saves what is shown; return what the file says."""
    allowed = {"behavior": "allow", "downloadPath": str(folder)}
    person.driver.execute_cdp_cmd("Browser.setDownloadBehavior", allowed)
    person.find("a[download]").click()
    file = folder / "evidence.json"
    assert until(file.exists, WAIT_SECONDS)
    return dict(json.loads(file.read_text("utf-8")))


@pytest.mark.parametrize("pixels", [DESK_PIXELS, PHONE_PIXELS])
def test_the_page_fits(books: Books, person: Person, pixels: int, tmp_path: Path) -> None:
    """Desk or telephone: nothing is wider than the screen, what is pressed is large enough."""
    troubled(books)
    person.screen(pixels, 2600)
    person.sign_in("oper")
    person.go("/evidence")
    person.wait("Something is wrong.")
    assert person.faults(pixels) == []
    person.picture(tmp_path / "page.png")
