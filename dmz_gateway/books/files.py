"""Files of a gateway's books: append-only, locked while their process lives, never rewritten."""

import errno
import fcntl
import logging
import os
import re
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from hub.errors import SettingsError
from hub.evidence import NOTHING, Begun, Closed, chained, closed, read_book
from hub.ports import Clock

_log = logging.getLogger(__name__)

SUFFIX = ".book"
DONE_SUFFIX = ".done"
BROKEN_SUFFIX = ".broken"
# Not a book yet: it has no first line, or no lock.
NEW_SUFFIX = ".new"
# Says since when all is to be sent once more: the inside's database was restored.
AGAIN = "again"
FOLDER_MODE = 0o700
FILE_MODE = 0o600
_PART_DIGITS = 6
_NAME = re.compile(r"[A-Za-z0-9._-]{1,40}\.[0-9]{6,18}\.book")


class BookClosed(OSError):
    """Its file was let go of: this start has ended, or the inside has all of it."""

    def __init__(self) -> None:
        super().__init__(errno.EBADF, "the book is closed")


class BookFile:
    """One part of one start's book, open to append; safe from any thread."""

    def __init__(self, path: Path, handle: int, size: int, chain: str) -> None:
        """Own ``handle``, which is locked; the file is good up to ``size`` and ``chain``."""
        self.path = path
        self.chain = chain
        self.closed = False
        self.boot, part = path.stem.rsplit(".", 1)
        self.part = int(part)
        self._handle = handle
        self._is_open = True
        self._size = size
        self._lock = threading.Lock()

    @classmethod
    def begin(cls, folder: Path, first: Begun) -> Self:
        """Make a part's file, with its first line.

        It gets its name last: nobody may find it before it is locked.
        """
        path = folder / f"{first.boot}.{first.part:0{_PART_DIGITS}}{SUFFIX}"
        new = path.with_suffix(NEW_SUFFIX)
        handle = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, FILE_MODE)
        file = cls(path, handle, 0, NOTHING)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            file.append([first.text()])
            new.rename(path)
            sync_folder(folder)
        except OSError:
            file.close()
            new.unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            raise
        return file

    @property
    def size(self) -> int:
        """How many bytes are written, all of them on the disk."""
        return self._size

    def append(self, texts: Iterable[str]) -> str:
        """Add lines and wait for the disk; return the chain of the last.

        OSError, and nothing of them is there, if it fails.
        """
        with self._lock:
            self._check_open()
            written = list(chained(self.chain, texts))
            if not written:
                return self.chain
            data = "".join(f"{line}\n" for line in written).encode("ascii")
            try:
                _write_all(self._handle, data, self._size)
                os.fdatasync(self._handle)
            except OSError:
                os.ftruncate(self._handle, self._size)
                raise
            self._size += len(data)
            self.closed = self.closed or any(line.startswith("X ") for line in written)
            self.chain = written[-1].rpartition(" ")[2]
            return self.chain

    def read(self, start: int, bytes_max: int | None = None) -> bytes:
        """Return what is written from an offset on, all of it on the disk; nobody writes then."""
        with self._lock:
            self._check_open()
            rest = self._size - start
            return os.pread(self._handle, min(rest, bytes_max or rest), start)

    def close(self) -> None:
        """Let go of the file and its lock, once; nothing is written or read any more."""
        with self._lock:
            if self._is_open:
                self._is_open = False
                os.close(self._handle)

    def done(self) -> None:
        """Say that the inside has all of it; it is pruned later. One that is gone is done too."""
        with suppress(FileNotFoundError):
            self.path.rename(self.path.with_suffix(DONE_SUFFIX))
        self.close()

    def _check_open(self) -> None:
        # The number of a closed file may be another's by now.
        if not self._is_open:
            raise BookClosed


def prepare(folder: Path) -> None:
    """Make the folder, for this account alone; SettingsError where it cannot be used."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
        folder.chmod(FOLDER_MODE)
    except OSError as error:
        raise SettingsError(
            f"[gateway] books: {folder} cannot be used: {error.strerror}."
        ) from error


def left_behind(folder: Path, clock: Clock, said: set[str] | None = None) -> Sequence[BookFile]:
    """Return the books of starts that have ended, closed, the oldest first; theirs is the lock.

    A line that was not written whole is cut off; a file that was changed is kept beside it. One
    that cannot be taken in holds up no other; its name is put into ``said``, and it is said once.
    """
    found = []
    said = set() if said is None else said
    for path in folder.glob(f"*{SUFFIX}"):
        try:
            taken = _taken_over(path, clock.now())
        except (OSError, ValueError) as error:
            if path.name not in said:
                said.add(path.name)
                facts = {"book": path.name, "reason": str(error)[:300]}
                _log.error("book.not_taken_in", extra=facts)
            continue
        said.discard(path.name)
        if taken is not None:
            found.append(taken)
    return [file for _, file in sorted(found, key=lambda entry: (entry[0], entry[1].part))]


def ask_again(folder: Path, since: datetime) -> None:
    """Have the gateway of these books send once more what it has brought since a time."""
    new = folder / f"{AGAIN}{NEW_SUFFIX}"
    new.write_text(since.isoformat(), "ascii")
    new.replace(folder / AGAIN)


def asked_again(folder: Path) -> datetime | None:
    """Return since when all is to be sent once more; None where nobody asked."""
    try:
        return datetime.fromisoformat((folder / AGAIN).read_text("ascii"))
    except (OSError, ValueError):
        return None


def reopen(folder: Path, since: datetime) -> None:
    """Let books that the inside had since a time be found again as if it had not."""
    for path in folder.glob(f"*{DONE_SUFFIX}"):
        if path.stat().st_mtime >= since.timestamp():
            path.rename(path.with_suffix(SUFFIX))


def prune(folder: Path, before: datetime) -> None:
    """Delete books that the inside has had since before a time, and what never became one."""
    for suffix in (DONE_SUFFIX, NEW_SUFFIX):
        for path in folder.glob(f"*{suffix}"):
            if path.stat().st_mtime < before.timestamp():
                path.unlink()


def kept_since(now: datetime, days: float) -> datetime:
    """Return since when books that the inside has are kept."""
    return now - timedelta(days=days)


def sync_folder(folder: Path) -> None:
    """Have the disk know the names in a folder."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _taken_over(path: Path, now: datetime) -> tuple[datetime, BookFile] | None:
    """Return when a book began, and the book; None where its process lives or it has no line."""
    if not _NAME.fullmatch(path.name):
        raise ValueError("It has not the name of a book.")
    taken = None
    handle = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        taken = _repaired(path, handle, now)
    except BlockingIOError:
        return None
    finally:
        if taken is None:
            os.close(handle)
    return taken


def _repaired(path: Path, handle: int, now: datetime) -> tuple[datetime, BookFile] | None:
    data = os.pread(handle, os.fstat(handle).st_size, 0)
    read = read_book(data)
    size = read.ends[-1] if read.ends else 0
    if read.trouble is not None:
        facts = {"book": path.name, "line": len(read.lines) + 1, "reason": read.trouble.value}
        _log.error("book.repaired", extra=facts)
        if b"\n" in data[size:]:
            path.with_suffix(BROKEN_SUFFIX).write_bytes(data)
        os.ftruncate(handle, size)
    if not read.lines:
        # Not even its first line was written whole, so nothing was sent.
        path.unlink(missing_ok=True)
        return None
    begun_at = Begun.of(read.lines[0]).at
    file = BookFile(path, handle, size, read.lines[-1].chain)
    file.closed = any(line.kind == "X" for line in read.lines)
    if not file.closed:
        file.append([closed(now, read.trouble or Closed.KILLED)])
    return begun_at, file


def _write_all(handle: int, data: bytes, at: int) -> None:
    view = memoryview(data)
    while view:
        count = os.pwrite(handle, view, at)
        view, at = view[count:], at + count
