"""Mistakes in the books of both sides and in what is said of them, for the simulator to find."""

from collections.abc import Callable
from typing import Any

from dmz_gateway.books import files
from hub.evidence import Closed, read_book
from hub.ports import Taken
from internal_apps.evidence import compare
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


@bug(files, "_repaired", seed=36)
def _a_torn_book_is_thrown_away(right: Right) -> Right:
    def wrong(path: Any, handle: int, now: Any) -> Any:
        data = path.read_bytes()
        if read_book(data).trouble is Closed.TORN:
            path.unlink()
            return None
        return right(path, handle, now)

    return wrong
