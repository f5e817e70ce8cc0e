"""A page is held to where its book stands: what comes too early or after the end is found."""

from datetime import timedelta

import pytest

from hub.evidence import NOTHING, Begun, Closed, Page, Sent, chained, closed
from internal_apps.evidence.domain import Kind, Known, check
from tests.unit.hub_world import NOON


def kinds(number: int, known: Known) -> list[Kind]:
    """Return what is found of an empty page with this number."""
    page = Page("gateway-1", "b00t", 1, number, known.page_digest, NOON, ())
    return [finding.kind for finding in check(page, known, None).findings]


def test_a_page_that_comes_after_a_later_one_is_out_of_order() -> None:
    """A gateway sends a page only once the one before it is acknowledged."""
    known = Known(pages=2, page_digest="2" * 64, chain=NOTHING)
    assert kinds(3, known) == []
    assert Kind.PAGE_OUT_OF_ORDER in kinds(1, known)


def test_nothing_follows_the_end_of_a_book() -> None:
    """Whoever sends on in the name of a start that has ended is found, however well it fits."""
    ended = Known(pages=2, page_digest="2" * 64, chain=NOTHING, closed="ended")
    assert kinds(3, ended) == [Kind.PAGE_AFTER_END]


def test_a_part_begins_where_the_one_before_it_ended() -> None:
    """Else a piece of the book between them is missing, whatever its first line says."""
    before = Known(pages=1, chain="1" * 64, closed="next")
    lines = tuple(chained(NOTHING, [Begun("gateway-1", "b00t", 2, NOON, "1" * 64).text()]))
    first = Page("gateway-1", "b00t", 2, 1, NOTHING, NOON, lines)
    assert check(first, Known(), before).findings == []
    for wrong in (Known(pages=1, chain="2" * 64, closed="next"), Known(pages=1, chain="1" * 64)):
        assert [one.kind for one in check(first, Known(), wrong).findings] == [Kind.PART_MISSING]


SENT = Sent(1, NOON, "agent:1001/PlaceBooking/A-1", "PlaceBooking.1", "a" * 64).text()
AGAIN = Begun("gateway-1", "b00t", 1, NOON).text()
BROKEN = closed(NOON, Closed.BROKEN)


@pytest.mark.parametrize(
    ("after", "text", "found"),
    [
        ("1" * 64, SENT, []),
        (NOTHING, SENT, [Kind.LINE_CHANGED]),
        ("1" * 64, AGAIN, [Kind.LINE_FOREIGN]),
        ("1" * 64, BROKEN, [Kind.BOOK_BROKEN]),
    ],
    ids=["follows", "follows nothing", "begins again", "broken on the disk"],
)
def test_the_lines_of_a_page_go_on_where_the_one_before_it_ended(
    after: str, text: str, found: list[Kind]
) -> None:
    """Each follows the last line that is here; what a gateway found broken is said too."""
    known = Known(pages=1, page_digest="2" * 64, chain="1" * 64)
    lines = tuple(chained(after, [text]))
    page = Page("gateway-1", "b00t", 1, 2, known.page_digest, NOON, lines)
    assert [one.kind for one in check(page, known, None).findings] == found


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("gateway", "gateway-2"),
        ("boot", "other"),
        ("part", 2),
        ("number", 2),
        ("before", "1" * 64),
        ("made_at", NOON + timedelta(microseconds=1)),
        ("lines", ("X",)),
    ],
)
def test_all_that_a_page_says_is_in_its_digest(field: str, value: object) -> None:
    """So the next page names that very one, and its gateway has signed no other."""
    page = Page("gateway-1", "b00t", 1, 1, NOTHING, NOON, ())
    changed = Page(**{**page._asdict(), field: value})
    assert changed.digest() != page.digest()
    assert changed.to_sign() != page.to_sign()
