"""What a worker took in and decided, in files beside the database, for the day it is restored.

Written ahead: a line stands before the transaction that it is about is committed, so that nothing
committed is missing; of what never was committed, handling it (again) is what its queue does too.
The files are not flushed for each transaction, but about every second: the database is.

::

    {"at": TIME, "took": WHAT, "message": TEXT}              a transmission; whole if it is a first
    {"at": TIME, "id": REQUEST, "code": CODE, "type": TYPE, "answer": TEXT}   a request's outcome
"""

import heapq
import json
import logging
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from adapters.database.parts import (
    bytes_to_text,
    message_to_text,
    text_to_bytes,
    text_to_message,
)
from hub.counting import from_nought
from hub.due import Due
from hub.envelope import Message
from hub.errors import MalformedEnvelope
from hub.ports import Answer, Clock, InboxEntry, Metrics, Taken

_log = logging.getLogger(__name__)

SUFFIX = ".journal"
FILE_SECONDS = 3_600.0
TIDY_SECONDS = 1.0
# These are handled; of the others, which are told what is known, it is written that they came.
HANDLED = frozenset({Taken.FIRST, Taken.PARKED})
_NAME_TIME = "%Y%m%dT%H%M%S"


class Took(NamedTuple):
    """A transmission that was taken in, and as what."""

    at: datetime
    what: Taken
    message: Message


class Decided(NamedTuple):
    """What became of a request."""

    at: datetime
    request: str
    code: str
    answer: Answer


class Journal:
    """One worker's files: a new one each hour, the oldest removed in time or beyond a size."""

    def __init__(
        self,
        folder: Path,
        component: str,
        clock: Clock,
        metrics: Metrics,
        *,
        kept_hours: float,
        bytes_max: int,
    ) -> None:
        """Write into ``folder``, which is made; nothing is opened before something is written."""
        self._folder, self._component = folder, component
        self._clock, self._metrics = clock, metrics
        self._kept, self._bytes_max = timedelta(hours=kept_hours), bytes_max
        self._handle = -1
        self._is_next_due, self._is_tidy_due = Due(clock, FILE_SECONDS), Due(clock, TIDY_SECONDS)
        self._broken = False
        from_nought(metrics, "lupu_journal_not_written_total")

    def ahead(self, taken: Sequence[tuple[Message, Taken]], decided: Sequence[InboxEntry]) -> None:
        """Write what is about to be committed. A disk that does not take it stops nobody."""
        at = self._clock.now().isoformat()
        lines = [_took(at, message, what) for message, what in taken]
        lines += [_decided(at, entry, entry.answer) for entry in decided if entry.answer]
        if not lines:
            return
        try:
            self._open_next()
            data = "".join(f"{json.dumps(line, separators=(',', ':'))}\n" for line in lines)
            _write_all(self._handle, data.encode("ascii"))
        except OSError as error:
            self._close()
            self._metrics.count("lupu_journal_not_written_total", len(lines))
            if not self._broken:
                _log.error("journal.not_written", extra={"reason": str(error)[:300]})
            self._broken = True
            return
        if self._broken:
            _log.info("journal.written_again")
            self._broken = False

    def tidy(self) -> None:
        """Flush what was written; remove what has been kept for long enough."""
        if self._handle < 0 or not self._is_tidy_due():
            return
        os.fdatasync(self._handle)
        *files, _ = sorted(self._folder.glob(f"{self._component}.*{SUFFIX}"))
        oldest = (self._clock.now() - self._kept).timestamp()
        size = sum(file.stat().st_size for file in files)
        for file in files:
            found = file.stat()
            if found.st_mtime >= oldest and size <= self._bytes_max:
                break
            if found.st_mtime >= oldest:
                _log.warning("journal.cut", extra={"file": file.name})
            size -= found.st_size
            file.unlink()

    def _open_next(self) -> None:
        is_next_due = self._is_next_due()
        if self._handle >= 0 and not is_next_due:
            return
        self._close()
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        begun = self._clock.now().strftime(_NAME_TIME)
        name = f"{self._component}.{begun}.{secrets.token_hex(4)}{SUFFIX}"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL
        self._handle = os.open(self._folder / name, flags, 0o600)

    def _close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
        self._handle = -1


def _took(at: str, message: Message, what: Taken) -> dict[str, str]:
    if what not in HANDLED:
        message = message._replace(body=b"", proof=b"")
    return {"at": at, "took": what.value, "message": message_to_text(message)}


def _decided(at: str, entry: InboxEntry, answer: Answer) -> dict[str, str]:
    said = {"type": answer.type, "answer": bytes_to_text(answer.body)}
    return {"at": at, "id": str(entry.id), "code": entry.outcome_code, **said}


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


@dataclass(slots=True)
class Journals:
    """The files of any number of workers, read in the order in which it all happened.

    ``unreadable``: lines that are none; the last of a worker that died may be one.
    """

    files: Sequence[Path]
    since: datetime | None = None
    unreadable: int = 0

    @classmethod
    def below(cls, folder: Path, since: datetime | None = None) -> "Journals":
        """Find all below a folder; what was written before ``since`` is passed over."""
        return cls(sorted(folder.rglob(f"*{SUFFIX}")), since)

    def lines(self) -> Iterator[Took | Decided]:
        """Yield all lines by time; those of one worker as it wrote them."""
        workers = groupby(self.files, lambda file: file.name.partition(".")[0])
        streams = [self._of(list(files)) for _, files in workers]
        return heapq.merge(*streams, key=lambda line: line.at)

    def begins(self) -> dict[str, datetime]:
        """Return since when each worker's files are here."""
        first: dict[str, datetime] = {}
        for file in self.files:
            worker = file.name.partition(".")[0]
            line = next(iter(self._of([file])), None)
            if line is not None:
                first[worker] = min(line.at, first.get(worker, line.at))
        return first

    def _of(self, files: Iterable[Path]) -> Iterator[Took | Decided]:
        for file in files:
            with file.open("r", encoding="ascii", errors="replace") as lines:
                for text in lines:
                    line = self._read(text)
                    if line is not None and (self.since is None or line.at >= self.since):
                        yield line

    def _read(self, text: str) -> Took | Decided | None:
        try:
            given = json.loads(text)
            at = datetime.fromisoformat(given["at"])
            if "took" in given:
                return Took(at, Taken(given["took"]), text_to_message(given["message"]))
            answer = Answer(given["type"], text_to_bytes(given["answer"]))
            return Decided(at, given["id"], given["code"], answer)
        except (ValueError, KeyError, TypeError, MalformedEnvelope):
            self.unreadable += 1
            return None
