"""Sending the books inward, page by page, until the inside has acknowledged each."""

import base64
import logging
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from adapters.xml import Schemas
from dmz_gateway.books.book import Book, NotWritten
from dmz_gateway.books.files import (
    AGAIN,
    BookClosed,
    BookFile,
    asked_again,
    kept_since,
    left_behind,
    prune,
    reopen,
)
from dmz_gateway.books.reading import Reading
from dmz_gateway.replies import Asked
from hub.counting import from_nought
from hub.envelope import Message, RequestId, Transmission
from hub.errors import NeverWorks, broken
from hub.evidence import PURPOSE, Page, acknowledged, paged
from hub.messages import COMMON, Lane, MessageType, message_type, reply_queue
from hub.ports import Clock, Metrics, Published
from hub.sealing import Signer

_log = logging.getLogger(__name__)

BOOK_PAGE = message_type("BookPage.1")
GET_OUTCOME = message_type("GetOutcome.1")
_GET_OUTCOME_BODY = f'<GetOutcome xmlns="{COMMON}"/>'.encode()
_TAKEN = "BookPageResponse.1"
_NOT_DECIDED = "PENDING"
RESEND_SECONDS = 120.0
RESEND_SECONDS_MAX = 3_600.0
_SENT = (Published.CONFIRMED, Published.UNKNOWN)


class Asks(Protocol):
    """Sends a message and waits for its reply; ``dmz_gateway.replies.Replies`` is it."""

    def ask(self, message: Message, lane: Lane, wait_seconds: float) -> Asked:
        """Publish on ``lane``; once it is confirmed wait for the reply."""


Signs = Callable[[], Signer]


class Pages:
    """Sends pages of the books, one at a time and in order; books of before go first.

    A page is made even where nothing else was written: it says that this gateway is there, and
    that it sent nothing else. The book itself keeps how far the pages are. Pages are requests
    like any other: they are numbered, and stand in the book themselves.
    """

    def __init__(
        self,
        book: Book,
        asks: Asks,
        *,
        schemas: Schemas,
        clock: Clock,
        metrics: Metrics,
        sequence: Callable[[], int],
        wait_seconds: float,
        kept_days: float,
        signs: Signs | None = None,
        resend_seconds: float = RESEND_SECONDS,
    ) -> None:
        """``sequence`` gives the numbers of transmissions; ``signs`` the key to sign with now.

        For ``resend_seconds`` a page that was confirmed is only asked about, each time twice as
        long; what a broker lost is then sent again.
        """
        self._book = book
        self._asks = asks
        self._schemas = schemas
        self._clock = clock
        self._metrics = metrics
        from_nought(metrics, "lupu_book_pages_failed_total", "lupu_book_pages_refused_total")
        self._sequence = sequence
        self._wait_seconds = wait_seconds
        self._kept_days = kept_days
        self._signs = signs
        self._readings: dict[BookFile, Reading] = {}
        self._again: datetime | None = None
        self._left_behind: list[BookFile] = []
        self._not_taken_in: set[str] = set()
        self._documents: dict[str, bytes] = {}
        self._sent = ""
        self._resend_at = 0.0
        self._resend_seconds = resend_seconds
        self._again_seconds = resend_seconds
        self._highest = 0
        self._stopping = threading.Event()

    def start_thread(self, seconds: float) -> None:
        """Take a turn now and every ``seconds``, on a thread of its own."""
        threading.Thread(target=self._run, args=(seconds,), name="book pages", daemon=True).start()

    def stop(self) -> None:
        """Take no more turns."""
        self._stopping.set()

    def turn(self) -> None:
        """Send what was written since the last turn, and what others left behind."""
        self._book.pass_by(self._highest)
        self._begin_again()
        self._left_behind += left_behind(self._book.folder, self._clock, self._not_taken_in)
        for file in (*self._left_behind, *self._book.files):
            if not self._send_all(file):
                break
        else:
            self._end_again()
        prune(self._book.folder, kept_since(self._clock.now(), self._kept_days))

    def _begin_again(self) -> None:
        """Go back to what is to be sent once more, if somebody asks for it."""
        since = asked_again(self._book.folder)
        if since is not None and since != self._again:
            self._again = since
            reopen(self._book.folder, since)
            self._readings.clear()
            _log.warning("book.sent_again", extra={"since": since.isoformat()})

    def _end_again(self) -> None:
        # Not before all of it is there: a start that dies meanwhile leaves it to the next.
        if self._again is not None and self._again == asked_again(self._book.folder):
            (self._book.folder / AGAIN).unlink(missing_ok=True)
            self._again = None

    def _run(self, seconds: float) -> None:
        while not self._stopping.is_set():
            try:
                self.turn()
            except Exception as error:  # noqa: BLE001  a thread that ends would leave this gateway silent for ever
                self._metrics.count("lupu_book_pages_failed_total")
                _log.error("book.pages_failed", extra=broken(error))
            self._stopping.wait(seconds)

    def _send_all(self, file: BookFile) -> bool:
        """Send what a book has; return whether the next book may follow."""
        try:
            reading = self._readings.get(file)
            if reading is None:
                reading = Reading(file, self._book.gateway, self._again)
                self._readings[file] = reading
            return self._send_pages(file, reading)
        except (NotWritten, BookClosed):
            return False

    def _send_pages(self, file: BookFile, reading: Reading) -> bool:
        while reading.again:
            if not self._is_taken(reading.again[0]):
                return False
            self._documents.pop(reading.again.popleft().reference, None)
        while not reading.is_over():
            page = reading.pending
            if page is None:
                page, lines = reading.next_page(self._clock.now())
                self._book.note(file, paged(page, lines))
                reading.begin(page, lines)
            if not self._is_taken(page):
                return False
            self._book.note(file, acknowledged(page.number, self._clock.now()))
            reading.end()
            if page.boot == self._book.boot:
                self._highest = max(self._highest, page.highest)
            self._documents.pop(page.reference, None)
            self._metrics.count("lupu_book_pages_total")
            if page.complete and not file.closed:
                return True
        self._forget(file)
        return True

    def _forget(self, file: BookFile) -> None:
        try:
            file.done()
        except OSError as error:
            facts = {"book": file.path.name, "reason": str(error)[:300]}
            _log.error("book.not_taken_in", extra=facts)
            return
        del self._readings[file]
        for files in (self._left_behind, self._book.files):
            if file in files:
                files.remove(file)

    def _is_taken(self, page: Page) -> bool:
        """Ask whether the inside has a page, or send it: again, but less and less often.

        An inside that is away for a day would else find a thousand copies of one page.
        """
        now, is_sent = self._clock.monotonic(), self._sent == page.reference
        if is_sent and now < self._resend_at:
            message = self._message(page, GET_OUTCOME, _GET_OUTCOME_BODY)
            asked = self._asks.ask(message, Lane.QUERIES, self._wait_seconds)
        else:
            message = self._message(page, BOOK_PAGE, self._document(page))
            asked = self._asks.ask(message, Lane.REQUESTS, self._wait_seconds)
            if asked.published in _SENT:
                again_seconds = self._again_seconds * 2 if is_sent else self._resend_seconds
                self._again_seconds = min(again_seconds, RESEND_SECONDS_MAX)
                self._sent, self._resend_at = page.reference, now + self._again_seconds
        return asked.reply is not None and self._says_taken(asked.reply, message, page)

    def _says_taken(self, reply: Message, message: Message, page: Page) -> bool:
        """Whether the inside has decided on the page; one that it refused never comes there."""
        try:
            row = message_type(reply.type)
            given = self._schemas.values(self._schemas.read(row.element, reply.body))
        except NeverWorks:
            return False
        if reply.id != message.id:
            return False
        if reply.type != "Refused.1":
            return reply.type == _TAKEN
        code = given["Code"]
        if code == _NOT_DECIDED:
            return False
        self._metrics.count("lupu_book_pages_refused_total")
        facts = {"book": f"{page.boot}.{page.part}", "page": page.number, "code": code}
        _log.error("book.page_refused", extra=facts)
        return True

    def _message(self, page: Page, row: MessageType, body: bytes) -> Message:
        book, now = self._book, self._clock.now()
        message = Message(
            type=row.key,
            id=RequestId(f"gateway:{book.gateway}", BOOK_PAGE.name, page.reference),
            transmission=Transmission(book.gateway, book.boot, self._sequence()),
            accepted_at=now,
            body=body,
            reply_to=reply_queue(book.gateway, book.boot),
        )
        return message.passed(book.gateway, now)

    def _document(self, page: Page) -> bytes:
        # Signed once: with another key it would be another page under the same reference.
        if page.reference not in self._documents:
            self._documents[page.reference] = self._signed(page)
        return self._documents[page.reference]

    def _signed(self, page: Page) -> bytes:
        values = {
            "Gateway": page.gateway,
            "Boot": page.boot,
            "Part": page.part,
            "Number": page.number,
            "Before": page.before,
            "MadeAt": _written(page.made_at),
            "Line": page.lines,
        }
        if self._signs is not None:
            signed = self._signs().sign(page.to_sign(), PURPOSE)
            values["Signature"] = base64.b64encode(signed).decode("ascii")
        return self._schemas.write(BOOK_PAGE.element, values)


def _written(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")
