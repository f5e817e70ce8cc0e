"""How long nobody was told of anything done, while a load runs."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.acceptance.kill_load import Book

LOOK_SECONDS = 0.02


class Stalls:
    """Watches a load's book; ``longest_seconds`` is the longest time without anything done."""

    def __init__(self, book: Book) -> None:
        self.longest_seconds = 0.0
        self._book = book
        self._over = threading.Event()

    def watch(self) -> None:
        """Look until ``end``."""
        before, since = answered(self._book), time.monotonic()
        while not self._over.wait(LOOK_SECONDS):
            now, count = time.monotonic(), answered(self._book)
            if count != before:
                before, since = count, now
            self.longest_seconds = max(self.longest_seconds, now - since)

    def end(self) -> None:
        """Look no more."""
        self._over.set()


@contextmanager
def stalls(book: Book) -> Iterator[Stalls]:
    """Watch a load's book until the block ends."""
    watched = Stalls(book)
    thread = threading.Thread(target=watched.watch)
    thread.start()
    try:
        yield watched
    finally:
        watched.end()
        thread.join()


def answered(book: Book) -> int:
    """Return how many times anybody was told that something is done."""
    with book.lock:
        return sum(one.code == "DONE" for answers in book.told.values() for one in answers)
