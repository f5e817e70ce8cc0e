"""Writing ahead: nothing is sent before it stands, on the disk, in the gateway's book."""

import errno
import logging
import threading
from collections import deque
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from dmz_gateway.books.files import BookFile, prepare
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
        """Begin the first part; SettingsError where the folder cannot be used."""
        prepare(folder)
        self.folder = folder
        self.gateway = gateway
        self.boot = boot
        self._clock = clock
        self._metrics = metrics
        self._bytes_max = bytes_max
        self._gathering = threading.Lock()
        self._group = _Group()
        self._endings: deque[str] = deque()
        self._writing = threading.Lock()
        self._is_full = False
        self._is_closed = False
        self.files: list[BookFile] = [self._begin(1, NOTHING)]

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

    def note(self, file: BookFile, text: str) -> None:
        """Write down what concerns a page; NotWritten if it fails."""
        try:
            file.append([text])
        except OSError as error:
            self._on_full(error)
            raise NotWritten("The gateway's book cannot be written.") from error

    def close(self) -> None:
        """Say that this start has ended in good order; nothing may follow."""
        self.flush()
        with self._writing:
            self._is_closed = True
            try:
                self.files[-1].append([closed(self._clock.now(), Closed.ENDED)])
            except OSError as error:
                self._on_full(error)
            for file in self.files:
                file.close()

    def _begin(self, part: int, after: str) -> BookFile:
        first = Begun(self.gateway, self.boot, part, self._clock.now(), after)
        return BookFile.begin(self.folder, first)

    def _write(self) -> None:
        with self._gathering:
            group, self._group = self._group, _Group()
        endings = [self._endings.popleft() for _ in range(len(self._endings))]
        try:
            if endings or group.texts:
                self._open_part().append([*endings, *group.texts])
                self._on_written()
        except OSError as error:
            group.failed = True
            self._on_full(error)
            # How something ended is still true later.
            self._endings.extendleft(reversed(endings))
        finally:
            group.written.set()

    def _open_part(self) -> BookFile:
        if self._is_closed:
            raise OSError(errno.EBADF, "the book is closed")
        last = self.files[-1]
        if last.size >= self._bytes_max and not last.closed:
            last.append([closed(self._clock.now(), Closed.NEXT)])
        if last.closed:
            last = self._begin(last.part + 1, last.chain)
            self.files.append(last)
        return last

    def _on_full(self, error: OSError) -> None:
        self._metrics.count("lupu_book_not_written_total")
        if not self._is_full:
            self._is_full = True
            _log.error("book.not_written", extra={"reason": error.strerror})

    def _on_written(self) -> None:
        if self._is_full:
            self._is_full = False
            _log.info("book.written_again")
