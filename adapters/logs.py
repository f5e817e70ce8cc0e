"""Logs: one JSON object a line on standard output, written through the standard ``logging``.

Code says ``logging.getLogger(__name__).info("inbox.handled", extra={"request": str(id)})``:
an event's name and its facts, never a sentence with values in it, never personal data.
"""

import json
import logging
import os
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from datetime import UTC, datetime
from typing import TextIO

# These speak of every frame or request at a level that would drown our own events.
_QUIET = ("zeep", "sqlalchemy.engine", "alembic", "werkzeug")
# Say an error for each dial that fails; we are given the same reason, and say it once.
_MUTE = ("pika", "opentelemetry")

# What every record has; all else are the event's facts.
_OF_EVERY_RECORD = frozenset(
    [*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "color_message"]
)
GATHER_SECONDS = 0.02
LINES_MAX = 10_000

_encode = json.JSONEncoder(ensure_ascii=False, default=str).encode


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON: event, level, logger, the facts, the time in UTC."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, object] = {
            "event": record.getMessage(),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        facts = vars(record)
        line |= {name: facts[name] for name in facts if name not in _OF_EVERY_RECORD}
        line["time"] = _time(record.created)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return _encode(line)


class GatheredLines(logging.Handler):
    """Writes lines many at a time, on a thread of its own; a warning at once, and all before it.

    A thread that writes lets go of the interpreter, and of the handler's lock, in the middle of
    its request: with dozens of them a line each made them wait for one another twice over. A
    process that is killed takes the lines of its last GATHER_SECONDS with it.
    """

    def __init__(self, stream: TextIO) -> None:
        """Write to ``stream``."""
        super().__init__()
        self._stream = stream
        self._begin()
        os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        # What had gathered before a fork is the parent's to write.
        self._lines: deque[str] = deque()
        self._gathered = threading.Event()
        self._writing = threading.RLock()  # a signal may arrive, and log, while it is held
        self._thread: threading.Thread | None = None

    def createLock(self) -> None:  # noqa: N802  logging calls it so
        """Have no lock: a deque needs none."""
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line; while the stream takes none, wait for it rather than keep ever more."""
        try:
            self._lines.append(self.format(record) + "\n")
        except (TypeError, ValueError):  # a line that cannot be written stops nobody
            self.handleError(record)
            return
        if record.levelno >= logging.WARNING or len(self._lines) > LINES_MAX:
            self.flush()
            return
        if self._thread is None:
            self._start()
        if not self._gathered.is_set():
            self._gathered.set()

    def flush(self) -> None:
        """Write what has gathered; lost is what a full disk or a closed stream does not take."""
        with self._writing:
            lines = [self._lines.popleft() for _ in range(len(self._lines))]
            if lines:
                with suppress(OSError, ValueError):
                    self._stream.write("".join(lines))
                    self._stream.flush()

    def _start(self) -> None:
        with self._writing:
            if self._thread is None:
                self._thread = threading.Thread(target=self._write, name="log", daemon=True)
                self._thread.start()

    def _write(self) -> None:
        while True:
            self._gathered.wait()
            time.sleep(GATHER_SECONDS)
            self._gathered.clear()
            self.flush()


def _time(seconds: float) -> str:
    at = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")
    return at.replace("+00:00", "Z")


def configure(level: str, stream: TextIO | None = None) -> None:
    """Send every log record from ``level`` up to ``stream`` (standard output)."""
    # What no line shows is not looked up for each: who called, on which thread and process.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001  as the manual advises
    handler = GatheredLines(stream or sys.stdout)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    for old in root.handlers[:]:
        old.flush()
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name in _MUTE:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
