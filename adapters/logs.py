"""Logs: one JSON object a line on standard output, written through the standard ``logging``.

Code says ``logging.getLogger(__name__).info("inbox.handled", extra={"request": str(id)})``:
an event's name and its facts, never a sentence with values in it, never personal data.
"""

import logging
import sys
from typing import TextIO

import structlog

_SHARED: list[structlog.typing.Processor] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
]

# These speak of every frame or request at a level that would drown our own events.
_QUIET = ("pika", "zeep", "sqlalchemy.engine", "alembic", "werkzeug")


def configure(level: str, stream: TextIO | None = None) -> None:
    """Send every log record from ``level`` up to ``stream`` (standard output)."""
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
            ],
        )
    )
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
