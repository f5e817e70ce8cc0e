"""A real browser in front of the staff's pages, over HTTPS as behind HAProxy."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait
from werkzeug.serving import make_server

from tests.slice.staff_world import PASSWORD, StaffWorld

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--ignore-certificate-errors",
    "--force-device-scale-factor=1",
    "--hide-scrollbars",
)
WAIT_SECONDS = 10
TOUCH_PIXELS_MIN = 34
MOBILE_PIXELS = 500
_FAULTS = """
const [pixels, touch] = arguments, faults = [];
const name = one => one.innerText.trim() || one.name || one.tagName;
const shown = selector => [...document.querySelectorAll(selector)].filter(
  one => one.offsetWidth && !one.classList.contains("unseen"));
if (document.documentElement.scrollWidth > pixels) faults.push("wider than the screen");
for (const one of shown("main button, main .button")) {
  const own = one.getBoundingClientRect(), around = one.parentElement.getBoundingClientRect();
  if (own.height < touch) faults.push(`too small to touch: ${name(one)}`);
  if (own.left < around.left - 1 || own.right > around.right + 1)
    faults.push(`sticks out: ${name(one)}`);
}
for (const one of shown("main input, main select, main textarea"))
  if (one.labels.length !== 1) faults.push(`not one label: ${name(one)}`);
for (const one of shown("main .field"))
  if (getComputedStyle(one).backgroundColor !== "rgba(0, 0, 0, 0)")
    faults.push(`coloured: ${name(one)}`);
if (document.querySelectorAll("nav.menu [aria-current]").length > 1)
  faults.push("at two entries of the menu");
return faults;
"""


@contextmanager
def served(world: StaffWorld) -> Iterator[str]:
    """Serve the pages over HTTPS on a free port; give their address."""
    server = make_server("127.0.0.1", 0, world.app, threaded=True, ssl_context="adhoc")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"https://localhost:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(WAIT_SECONDS)
        server.server_close()


@contextmanager
def chromium(folder: Path, *, width: int = 1280, language: str = "en") -> Iterator[Any]:
    """Start Debian's Chromium without a window, with an empty profile of its own."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in (*FLAGS, f"--user-data-dir={folder}", f"--window-size={width},900"):
        options.add_argument(flag)
    options.add_argument(f"--lang={language}")
    options.add_experimental_option("prefs", {"intl.accept_languages": language})
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    try:
        yield driver
    finally:
        driver.quit()


def _is_gone(element: WebElement) -> bool:
    try:
        element.is_enabled()
    except WebDriverException:
        return True
    return False


class Person:
    """Somebody at the browser: goes, types, presses and reads."""

    def __init__(self, driver: Any, address: str) -> None:
        self.driver = driver
        self.address = address

    def go(self, path: str) -> None:
        """Open a page."""
        self.driver.get(self.address + path)

    def screen(self, pixels: int, height: int = 900) -> None:
        """Have a screen of so many pixels, also a telephone's."""
        mobile = pixels < MOBILE_PIXELS
        size = {"width": pixels, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def faults(self, pixels: int) -> list[str]:
        """Return what of the page does not fit a screen of so many pixels, and who uses it."""
        return list(self.driver.execute_script(_FAULTS, pixels, TOUCH_PIXELS_MIN))

    def text(self) -> str:
        """Return what the page says."""
        return str(self.driver.find_element(By.TAG_NAME, "main").text)

    def find(self, selector: str) -> WebElement:
        """Return the first thing that a selector finds."""
        found: WebElement = self.driver.find_element(By.CSS_SELECTOR, selector)
        return found

    def type(self, name: str, text: str, number: int = 0) -> None:
        """Type into a field in place of what is there."""
        field = self.driver.find_elements(By.NAME, name)[number]
        field.clear()
        field.send_keys(text)

    def choose(self, name: str, value: str, number: int = 0) -> None:
        """Choose an entry of a list."""
        Select(self.driver.find_elements(By.NAME, name)[number]).select_by_value(value)

    def press(self, text: str) -> None:
        """Press the visible button or link with this text, and wait for the next page."""
        here = f"//main//*[self::button or self::a][normalize-space()='{text}']"
        found = self.driver.find_elements(By.XPATH, here)
        visible = [one for one in found if "unseen" not in (one.get_attribute("class") or "")]
        self.leave_by(visible[0])

    def leave_by(self, one: WebElement) -> None:
        """Press what leads to another page, and wait until this one is gone."""
        page = self.driver.find_element(By.TAG_NAME, "main")
        one.click()
        WebDriverWait(self.driver, WAIT_SECONDS).until(lambda _: _is_gone(page))

    def wait(self, text: str) -> None:
        """Wait until the page says something."""
        # While a page goes and the next comes, Chromium says many things.
        going = (WebDriverException,)
        waiting = WebDriverWait(self.driver, WAIT_SECONDS, ignored_exceptions=going)
        waiting.until(lambda _: text in self.text(), message=f"The page does not say: {text}")

    def sign_in(self, account: str, password: str = PASSWORD) -> None:
        """Sign in on the page that asks for it."""
        if "/sign-in" not in self.driver.current_url:
            self.go("/sign-in")
        self.type("account", account)
        self.type("password", password)
        self.leave_by(self.find("main form button"))

    def fill_booking(self, name: str = "李小龙", telephone: str = "021 6847 1234") -> None:
        """Fill in a new booking, all but sending it."""
        self.choose("ticket_type", "STANDARD")
        self.type("day", "2010-06-10")
        self.type("quantity", "2")
        self.type("name", name)
        self.type("telephone", telephone)

    def picture(self, path: Path) -> None:
        """Take a picture of the whole page."""
        height = self.driver.execute_script("return document.documentElement.scrollHeight")
        width = self.driver.get_window_size()["width"]
        self.driver.set_window_size(width, max(900, height + 40))
        self.driver.save_screenshot(str(path))
        self.driver.set_window_size(width, 900)
