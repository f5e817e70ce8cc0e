"""Logs: one JSON object a line on standard output, written through the standard ``logging``.

Code says ``logging.getLogger(__name__).info("inbox.handled", extra={"request": str(id)})``:
an event's name and its facts, never a sentence with values in it, never personal data.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

# These speak of every frame or request at a level that would drown our own events.
_QUIET = ("pika", "zeep", "sqlalchemy.engine", "alembic", "werkzeug")

# What every record has; all else are the event's facts.
_OF_EVERY_RECORD = frozenset(
    [*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "color_message"]
)
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


def _time(seconds: float) -> str:
    at = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")
    return at.replace("+00:00", "Z")


def configure(level: str, stream: TextIO | None = None) -> None:
    """Send every log record from ``level`` up to ``stream`` (standard output)."""
    # What no line shows is not looked up for each: who called, on which thread and process.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001  as the manual advises
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
