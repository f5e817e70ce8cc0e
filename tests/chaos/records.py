"""The record of a run: lines of JSON that are only ever added to."""

import json
import threading
from pathlib import Path
from typing import Any

TOLD = "told.jsonl"
FAULTS = "faults.jsonl"


class Record:
    """One file of lines; many threads may write."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()

    def write(self, **line: Any) -> None:
        """Add a line; it is out of this process when this returns."""
        text = json.dumps(line, ensure_ascii=False) + "\n"
        with self._lock:
            self._file.write(text)
            self._file.flush()

    def close(self) -> None:
        """End it."""
        with self._lock:
            self._file.close()


def read(path: Path) -> list[dict[str, Any]]:
    """Return every line of a record."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
