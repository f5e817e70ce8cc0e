"""Mistakes in the books of both sides and in what is said of them, for the simulator to find."""

from collections.abc import Callable
from typing import Any

from dmz_gateway.books import files, pages
from dmz_gateway.books.pages import Pages
from dmz_gateway.books.reading import Reading
from hub.evidence import Closed, read_book
from hub.ports import Taken
from internal_apps.evidence import compare, store
from internal_apps.evidence.compare import Verdict
from tests.simulation.planting import bug

Right = Callable[..., Any]


@bug(compare, "_of_taken", seed=75)
def _what_is_parked_counts_as_lost(right: Right) -> Right:
    def wrong(first: Any, taken: Any) -> Any:
        if all(one.what == Taken.PARKED.value for one in taken):
            return Verdict.LOST, ""
        return right(first, taken)

    return wrong


@bug(files, "_repaired", seed=6)
def _a_torn_book_is_thrown_away(right: Right) -> Right:
    def wrong(path: Any, handle: int, now: Any) -> Any:
        data = path.read_bytes()
        if read_book(data).trouble is Closed.TORN:
            path.unlink()
            return None
        return right(path, handle, now)

    return wrong


@bug(Pages, "_is_taken", seed=45)
def _a_page_counts_as_taken_once_it_is_confirmed(right: Right) -> Right:
    def wrong(self: Any, page: Any) -> bool:
        taken: bool = right(self, page)
        return taken or self._sent == page.reference

    return wrong


@bug(Reading, "_read_back", seed=3)
def _a_start_begins_the_pages_of_one_before_anew(_right: Right) -> Right:
    return lambda *_: None


@bug(pages, "left_behind", seed=3)
def _what_a_dead_start_left_behind_stays_behind(_right: Right) -> Right:
    return lambda *_: ()


@bug(store, "_end", seed=3)
def _how_it_ended_counts_on_its_own_page_alone(_right: Right) -> Right:
    return lambda *_: None
