"""English and Chinese: every page in either, nothing English on a Chinese one."""

import re
from html.parser import HTMLParser

import pytest

from hub.ports import Published
from tests.slice.staff_visitor import STANDARD_LINE, Visitor
from tests.slice.staff_world import PASSWORD, StaffWorld

CONTACT = {"kind": "INDIVIDUAL", "name": "李小龙", "telephone": "021 6847 1234"}

# What may stand in Latin letters on a Chinese page: references, and the other language's button.
REFERENCE = re.compile(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b")
LATIN = re.compile(r"[A-Za-z]+")
SHOWN = {"placeholder", "title", "aria-label", "alt", "label", "data-label"}
ALLOWED = {
    *("English", "Jane", "Smith"),
    *("wang", "smith", "chen", "admin", "audit", "oper", "night"),
}


class _Words(HTMLParser):
    """Collects all that is read out or seen of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._unseen = 0
        self.language = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in {"script", "style"}
        given = dict(attrs)
        if tag == "html":
            self.language = given.get("lang") or ""
        self.words += [value for name, value in attrs if name in SHOWN and value]
        if tag == "input" and given.get("type") in {"submit", "button"}:
            self.words.append(given.get("value") or "")

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.words.append(data)


def english(page: str) -> set[str]:
    """Return the Latin words of a page that should not be there."""
    reader = _Words()
    reader.feed(page)
    assert reader.language == "zh-Hans"
    text = REFERENCE.sub("", " ".join(reader.words))
    text = re.sub(r'<ol class="group">.*?</ol>', "", text)
    return {word for word in LATIN.findall(text) if len(word) > 1} - ALLOWED


def _chinese(world: StaffWorld, account: str) -> Visitor:
    visitor = Visitor(world)
    visitor.get("/sign-in")
    visitor.send("/language", language="zh")
    assert visitor.page is not None
    assert not english(visitor.page.text)
    visitor.send("/sign-in", account=account, password=PASSWORD)
    return visitor


def test_the_choice_of_language_stays(world: StaffWorld) -> None:
    """Chosen before signing in or after, it holds for the session and after signing out."""
    visitor = _chinese(world, "wang")
    assert "订单" in visitor.get("/bookings").text
    visitor.send("/language", language="en")
    assert "Bookings" in visitor.get("/account").text
    visitor.send("/language", language="zh")
    visitor.send("/sign-out")
    assert "登录" in visitor.text()


def test_the_browser_speaks_first(world: StaffWorld) -> None:
    """Who has chosen nothing yet gets the language of the browser, else English."""
    for accepted, word in (
        ("zh-CN,zh;q=0.9,en;q=0.5", "登录"),
        ("fr", "Sign in"),
        ("", "Sign in"),
    ):
        page = Visitor(world).get("/sign-in", **{"Accept-Language": accepted})
        assert word in page.text


def test_no_english_on_any_chinese_page_of_a_clerk(world: StaffWorld) -> None:
    """List, form, errors, booking, change, conflict, cancel, refusals: all in Chinese."""
    clerk = _chinese(world, "wang")
    pages = [
        clerk.get(path).text for path in ("/bookings", "/bookings?q=none", "/account", "/offers")
    ]
    pages.append(clerk.get("/bookings/new").text)
    pages.append(clerk.send("/bookings/new", kind="x", ticket_type="", day="", quantity="").text)
    typed = {**CONTACT, **STANDARD_LINE}
    pages.append(clerk.send("/bookings/new", **{**typed, "day": "2010-10-01"}).text)
    pages.append(clerk.send("/bookings/new", **typed, add_line="1").text)
    pages.append(clerk.send("/bookings/new", **typed).text)
    reference = clerk.reference()
    change = f"/bookings/{reference}/change"
    pages.append(clerk.get(change).text)
    other = Visitor(world)
    other.sign_in("chen")
    other.get(change)
    other.send(change, **{**typed, "name": "王小明"})
    pages.append(clerk.send(change, **{**typed, "telephone": "021 5555"}).text)
    pages.append(clerk.get(f"/bookings/{reference}/cancel").text)
    pages.append(clerk.send(f"/bookings/{reference}/cancel").text)
    pages += [clerk.get(path).text for path in ("/nowhere", "/accounts")]
    for page in pages:
        assert not english(page)


def test_no_english_while_something_is_on_its_way(world: StaffWorld) -> None:
    """RECEIVED, late refusals, a closed way and an uncertain one are said in Chinese too."""
    clerk = _chinese(world, "wang")
    clerk.get("/bookings/new")
    pages = []
    for published in (Published.NOT_SENT, Published.UNKNOWN):
        world.inside.published = published
        pages.append(clerk.send("/bookings/new", **CONTACT, **STANDARD_LINE).text)
    world.inside.published, world.inside.slow = Published.CONFIRMED, True
    pages.append(clerk.send("/bookings/new", **CONTACT, **STANDARD_LINE, kind_="").text)
    assert clerk.page is not None
    path = clerk.page.request.path
    pages.append(clerk.get(f"{path}?look=60").text)
    clerk.get("/bookings/new")
    late = clerk.send("/bookings/new", **CONTACT, **{**STANDARD_LINE, "day": "2010-10-01"})
    world.inside.work()
    pages += [clerk.get(path).text, clerk.get(late.request.path).text]
    for page in pages:
        assert not english(page)


@pytest.mark.parametrize("account", ["smith", "admin", "audit"])
def test_no_english_on_the_pages_of_the_others(world: StaffWorld, account: str) -> None:
    """Accounts, rights and sign-ins are in Chinese."""
    visitor = _chinese(world, account)
    wrong = visitor.client
    assert wrong
    for path in ("/account", "/accounts", "/sign-ins", "/bookings"):
        assert not english(visitor.get(path).text)
    visitor.get("/account")
    page = visitor.send("/account", password="x", new="y" * 12, again="z" * 12)  # noqa: S106
    assert not english(page.text)


def test_wrong_sign_ins_are_told_in_chinese(world: StaffWorld) -> None:
    """Wrong password, too many tries, a session that ended."""
    visitor = Visitor(world)
    visitor.get("/sign-in")
    visitor.send("/language", language="zh")
    for _ in range(10):
        page = visitor.send("/sign-in", account="wang", password="wrong")  # noqa: S106
        assert not english(page.text)
    assert page.status_code == 429
    for query in ("ended=1", "out=1", "ended=1&kept=1"):
        assert not english(visitor.get(f"/sign-in?{query}").text)


def test_times_are_shanghai_time_and_amounts_are_yuan(world: StaffWorld) -> None:
    """02:00 UTC is 10:00 in Shanghai; 32,000 fen are 320 yuan."""
    clerk = _chinese(world, "wang")
    clerk.place()
    assert "2010年6月1日 10:00:00" in clerk.text()
    assert "2010年6月10日 周四" in clerk.text()
    assert "¥320.00" in clerk.text()
