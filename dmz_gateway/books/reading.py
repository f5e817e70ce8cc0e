"""How far the pages of one book are, by what the book itself says."""

from collections import deque
from collections.abc import Sequence
from datetime import datetime

from dmz_gateway.books.files import BookFile
from hub.evidence import LINES_MAX, NOTHING, Line, Page, read_book
from hub.headers import read_time

_LINE_BYTES_MAX = 460


class Reading:
    """Cuts one book into pages. After a death it begins again where the book says it was.

    What was written about pages behind the book's last line, the X, is on no page.
    """

    def __init__(self, file: BookFile, gateway: str, again: datetime | None = None) -> None:
        """Read how far it is; a page that was begun and not acknowledged is ``pending`` again.

        ``again``: pages made since then were acknowledged, and are to be sent once more.
        """
        self.again: deque[Page] = deque()
        self._again_since = again
        self._file = file
        self._gateway = gateway
        self._number = 0
        self._before = NOTHING
        self._lines = 0
        self._offset = 0
        self._closed = False
        self.pending: Page | None = None
        self._pending_lines = 0
        self._read_back()

    def is_over(self) -> bool:
        """Whether the inside has all that this book will ever have."""
        return self._closed and self.pending is None and not self.again

    def next_page(self, now: datetime) -> tuple[Page, int]:
        """Return the next page, and how many lines are on pages with it."""
        data = self._file.read(self._offset, LINES_MAX * _LINE_BYTES_MAX)
        texts = data[: data.rfind(b"\n") + 1].decode("ascii").splitlines()[:LINES_MAX]
        closing = next((at for at, text in enumerate(texts) if text.startswith("X ")), len(texts))
        texts = texts[: closing + 1]
        return self._page(self._number + 1, now, texts), self._lines + len(texts)

    def begin(self, page: Page, lines: int) -> None:
        """Note that a page is on its way."""
        self.pending, self._pending_lines = page, lines

    def end(self) -> None:
        """Note that the inside has the page that was on its way."""
        page = self.pending
        if page is not None:
            self._pass(page, self._pending_lines)
            self.pending = None

    def _pass(self, page: Page, lines: int) -> None:
        self._number, self._before, self._lines = page.number, page.digest(), lines
        self._offset += sum(len(text) + 1 for text in page.lines)
        self._closed = bool(page.lines) and page.lines[-1].startswith("X ")

    def _page(self, number: int, made_at: datetime, texts: Sequence[str]) -> Page:
        file = self._file
        return Page(
            self._gateway, file.boot, file.part, number, self._before, made_at, tuple(texts)
        )

    def _read_back(self) -> None:
        data = self._file.read(0)
        read = read_book(data)
        texts = data[: read.ends[-1] if read.ends else 0].decode("ascii").splitlines()
        has = {int(line.fields[0]) for line in read.lines if line.kind == "A"}
        for line in read.lines:
            if line.kind == "P":
                page, lines = self._made(line, texts)
                self.begin(page, lines)
                if page.number in has:
                    self.end()
                    if self._again_since is not None and page.made_at >= self._again_since:
                        self.again.append(page)

    def _made(self, line: Line, texts: Sequence[str]) -> tuple[Page, int]:
        number, made_at, lines, _ = line.fields
        page = self._page(int(number), read_time(made_at), texts[self._lines : int(lines)])
        return page, int(lines)
