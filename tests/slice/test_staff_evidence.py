"""The page of evidence: says what is wrong, since when, and what to do; in both languages."""

import json
from pathlib import Path

import pytest

from hub.ports import Taken
from internal_apps.evidence.compare import Verdict
from internal_apps.evidence.domain import Kind
from internal_apps.evidence.web import words
from internal_apps.evidence.web.proving import ORDER
from tests.slice.evidence_books import Books, troubled
from tests.slice.staff_visitor import Visitor
from tests.slice.staff_world import staff_world
from tests.unit.evidence.test_verdicts import crossed


@pytest.fixture
def books(tmp_path: Path) -> Books:
    """Offer a gateway's book beside the staff's pages."""
    return Books(staff_world(tmp_path), tmp_path)


def shown(books: Books, query: str = "") -> str:
    """Return what the page says to whoever is on duty."""
    visitor = Visitor(books.staff)
    visitor.sign_in("oper")
    visitor.get(f"/evidence{query}")
    return visitor.text()


def test_a_quiet_day_says_so(books: Books) -> None:
    """One sentence, the totals, and when each gateway was heard."""
    books.send("fine")
    books.turn()
    text = shown(books)
    assert "Nothing was lost, altered or injected. Every gateway is heard" in text
    assert "PlaceBooking 1 1" in text
    assert "gateway-1 heard" in text


def test_what_is_wrong_is_named_with_since_when_and_what_to_do(books: Books) -> None:
    """By its own id, the worst first; what only happened twice is told below it."""
    troubled(books)
    text = shown(books)
    assert "Something is wrong." in text
    for name in ("lost", "twice", "changed"):
        assert f"agent:1001/PlaceBooking/{name}" in text
    assert "agent:1001/PlaceBooking/fine" not in text
    order = ["Have the agency repeat each", "somebody can write", "were handled once"]
    assert [text.index(words) for words in order] == sorted(text.index(words) for words in order)
    assert "pages are missing: gateway-1" in text
    assert "pages 3 to 4 have not come" in text


def test_a_silent_gateway_is_named_with_since_when(books: Books) -> None:
    """Nothing is known to be wrong, and it does not say that all is well."""
    books.turn()
    books.staff.clock.move(hours=2)
    text = shown(books)
    assert "Not all was compared." in text
    assert "Nothing was lost" not in text
    assert "gateway-1 has been silent since 1 Jun 2010" in text


def test_where_nothing_was_compared_it_says_so(books: Books) -> None:
    """No green before a gateway is heard, and none for a route on which nothing was sent."""
    text = shown(books)
    assert "Nothing was compared. No gateway's book" in text
    assert "Nothing was lost" not in text
    books.turn()
    text = shown(books, query="?route=PlaceBooking")
    assert "Nothing was compared, for nothing was sent." in text
    assert "Nothing was lost" not in text


def test_any_day_can_be_looked_at(books: Books) -> None:
    """A day in Shanghai, whole; one that is to come, or is none, is the last day."""
    troubled(books)
    books.staff.clock.move(days=40)
    books.turn()
    assert "PlaceBooking/lost" in shown(books, "?day=2010-06-01")
    for day in ("2010-06-02", "2030-01-01", "0001-01-01", "x", ""):
        text = shown(books, f"?day={day}")
        assert "PlaceBooking/lost" not in text
        assert "Gateways" in text


def test_period_and_route_narrow_what_is_looked_at(books: Books) -> None:
    """What makes no sense is the last day and every route."""
    troubled(books)
    assert "PlaceBooking/lost" not in shown(books, query="?hours=24&route=evidence")
    assert "PlaceBooking/lost" in shown(books, query="?hours=24&route=ticketing")
    books.staff.clock.move(hours=2)
    assert "PlaceBooking/lost" not in shown(books, query="?hours=1")
    assert "PlaceBooking/lost" in shown(books, query="?hours=%27&route=%3Cb%3E")


def test_the_file_says_that_it_is_not_signed_and_the_page_what_signs(books: Books) -> None:
    """The command is there to be copied, for the same time and route."""
    visitor = Visitor(books.staff)
    visitor.sign_in("oper")
    query = "?day=2010-06-01&route=ticketing"
    visitor.get(f"/evidence{query}")
    command = "export evidence.report --since 2010-05-31T16:00:00Z --until 2010-06-01T02:00:00Z"
    assert f"lupu evidence {command} --route ticketing" in visitor.text()
    saved = visitor.get(f"/evidence/evidence.json{query}")
    assert json.loads(saved.text)["signed"] is False


def test_it_says_the_same_in_chinese(books: Books) -> None:
    """Every sentence, what to do included."""
    troubled(books)
    visitor = Visitor(books.staff)
    visitor.sign_in("oper")
    visitor.send("/language", language="zh")
    visitor.get("/evidence")
    text = visitor.text()
    assert "发现异常。" in text
    assert "请代理商用相同的编号逐条重发" in text
    assert "缺页: gateway-1" in text
    for detail in ("到达时为 agent:1001/PlaceBooking/changed", "到达 2 次", "第 3 至 4 页未到"):
        assert detail in text


def test_a_period_that_is_too_large_for_a_page_is_left_to_the_command(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page stays quick, however much was sent."""
    books.send("fine")
    books.turn()
    monkeypatch.setattr("internal_apps.evidence.web.proving.ENTRIES_MAX", 0)
    assert "lupu evidence verify" in shown(books)


def test_a_book_that_broke_off_and_what_it_had_are_named(books: Books) -> None:
    """Since when, which book and what to do; so is what was taken in and stands in none."""
    books.turn()
    message = books.world.request("A-9")
    with books.store.unit() as unit:
        unit.take(message._replace(crossed=crossed()), Taken.FIRST)
    books.world.die()
    books.staff.clock.move(minutes=50)
    (path,) = books.world.files()
    path.unlink()
    books.starts("next")
    books.turn()
    text = shown(books)
    assert "Something is wrong." in text
    assert "book broke off: gateway-1, found 1 Jun 2010, 10:00:10" in text
    assert "put it back into the folder of its books" in text
    assert "in no book 1 since 1 Jun 2010, 10:00:20" in text
    assert "agent:1001/PlaceBooking/A-9" in text


def test_every_verdict_and_finding_has_its_words() -> None:
    """None can come up on the page without what it means and what to do."""
    assert set(words.VERDICTS) == set(Verdict)
    assert set(words.WHAT_TO_DO) == set(ORDER)
    assert set(words.FINDINGS) == {kind.value for kind in Kind}


def test_a_clerk_does_not_see_it(books: Books) -> None:
    """It is for whoever looks after the system, and for auditors."""
    visitor = Visitor(books.staff)
    visitor.sign_in("wang")
    assert visitor.get("/evidence").status_code == 403
