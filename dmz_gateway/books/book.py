"""Writing ahead: nothing is sent before it stands, on the disk, in the gateway's book."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from dmz_gateway.books.files import BookClosed, BookFile, prepare
from hub.counting import from_nought
from hub.envelope import Message, Wire
from hub.errors import TryAgain
from hub.evidence import NOTHING, Begun, Closed, Ended, Sent, closed
from hub.ports import Clock, Metrics, Published

_log = logging.getLogger(__name__)


class NotWritten(TryAgain):
    """The disk did not take the line; what it was about must not be sent."""


class _Group:
    """Lines that reach the disk together, and what became of them."""

    __slots__ = ("failed", "texts", "written")

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.written = threading.Event()
        self.failed = False


class Book:
    """The book of this start of a gateway.

    Lines that come while others are being written form a group, and the first of them writes
    them all: one flush of the disk for many requests, and no thread in between.
    """

    def __init__(
        self,
        folder: Path,
        gateway: str,
        boot: str,
        *,
        clock: Clock,
        metrics: Metrics,
        bytes_max: int,
    ) -> None:
        """Begin the first part, if the disk takes it; SettingsError where there can be no folder.

        If it does not, nothing is written, so nothing is sent, until it does.
        """
        prepare(folder)
        self.folder = folder
        self.gateway = gateway
        self.boot = boot
        self._clock = clock
        self._metrics = metrics
        from_nought(metrics, "lupu_book_not_written_total")
        self._bytes_max = bytes_max
        self._gathering = threading.Lock()
        self._group = _Group()
        self._passed = 0
        self._endings: deque[str] = deque()
        self._writing = threading.Lock()
        self._is_full = False
        self._is_closed = False
        self.files: list[BookFile] = []
        # What was last is not looked up in ``files``: the inside may have all of it already.
        self._open: BookFile | None = None
        self._parts = 0
        self._ended_with = NOTHING
        try:
            self._open = self._begin()
        except OSError as error:
            self._on_trouble(error)

    def ahead(self, message: Message, wire: Wire) -> Callable[[Published], None]:
        """Write down what is about to be published; return what to tell how that ended.

        NotWritten where it could not be written down: then it must not be sent.
        """
        sequence = message.transmission.sequence
        digest = sha256(wire.body).hexdigest()
        self.write(Sent(sequence, message.accepted_at, wire.message_id, wire.type, digest))
        return lambda published: self.ended(Ended(sequence, self._clock.now(), published))

    def write(self, sent: Sent) -> None:
        """Write a line and wait for the disk; NotWritten if it fails."""
        text = sent.text()
        with self._gathering:
            if sent.sequence <= self._passed:
                raise NotWritten("The pages have passed its number.")
            group = self._group
            group.texts.append(text)
            is_first = len(group.texts) == 1
        if is_first:
            with self._writing:
                self._write()
        else:
            group.written.wait()
        if group.failed:
            raise NotWritten("The gateway's book cannot be written.")

    def ended(self, ended: Ended) -> None:
        """Write down how it ended, with the next lines or at ``flush``; never waits."""
        self._endings.append(ended.text())

    def flush(self) -> None:
        """Write what is gathered."""
        with self._writing:
            self._write()

    def pass_by(self, sequence: int) -> None:
        """Write what is gathered, and from now on nothing that has a number up to this one.

        So the next page has all of them, and what is on none was not sent by this gateway. Who
        numbered a request and has not written it since the page before is slow beyond measure.
        """
        with self._gathering:
            self._passed = sequence
        self.flush()

    def note(self, file: BookFile, text: str) -> None:
        """Write down what concerns a page; NotWritten if it fails."""
        try:
            file.append([text])
        except OSError as error:
            self._on_trouble(error)
            raise NotWritten("The gateway's book cannot be written.") from error

    def close(self) -> None:
        """Say that this start has ended in good order; nothing may follow."""
        self.flush()
        with self._writing:
            try:
                last = self._open or self._open_part()
                last.append([closed(self._clock.now(), Closed.ENDED)])
            except OSError as error:
                self._on_trouble(error)
            self._is_closed = True
            for file in self.files:
                file.close()

    def _begin(self) -> BookFile:
        part = self._parts + 1
        first = Begun(self.gateway, self.boot, part, self._clock.now(), self._ended_with)
        file = BookFile.begin(self.folder, first)
        self._parts = part
        self.files.append(file)
        return file

    def _write(self) -> None:
        with self._gathering:
            group, self._group = self._group, _Group()
        endings = [self._endings.popleft() for _ in range(len(self._endings))]
        group.failed = True
        try:
            if endings or group.texts:
                self._open_part().append([*endings, *group.texts])
                self._on_written()
            group.failed = False
        except OSError as error:
            self._on_trouble(error)
        finally:
            if group.failed:
                # How something ended is still true later.
                self._endings.extendleft(reversed(endings))
            group.written.set()

    def _open_part(self) -> BookFile:
        if self._is_closed:
            raise BookClosed
        if self._open is not None and self._open.size >= self._bytes_max:
            self._ended_with = self._open.append([closed(self._clock.now(), Closed.NEXT)])
            self._open = None
        if self._open is None:
            self._open = self._begin()
        return self._open

    def _on_trouble(self, error: OSError) -> None:
        if isinstance(error, BookClosed):
            return
        self._metrics.count("lupu_book_not_written_total")
        if not self._is_full:
            self._is_full = True
            _log.error("book.not_written", extra={"reason": error.strerror})

    def _on_written(self) -> None:
        if self._is_full:
            self._is_full = False
            _log.info("book.written_again")
