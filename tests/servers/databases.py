"""The three databases that the suites run on, each by the SQLAlchemy URL of a fresh database."""

import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path

from deploy.local.postgresql import PostgreSQL
from tests.servers.derby import Derby

KINDS = ("sqlite", "postgresql", "db2")


class Databases:
    """Starts each server when it is first asked for; ``url`` is a new, empty database."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self._servers = contextlib.ExitStack()
        self._postgresql: PostgreSQL | None = None
        self._derby: Derby | None = None

    def url(self, kind: str) -> str:
        """Return the URL of a new, empty database of ``kind`` (one of ``KINDS``)."""
        number = next(self._numbers)
        if kind == "sqlite":
            return f"sqlite:///{self._folder / f'test-{number}.sqlite'}"
        if kind == "postgresql":
            return self._started_postgresql().create(f"test_{number}")
        return self._started_derby().create(f"TEST{number}")

    def stop(self) -> None:
        """End the servers that were started."""
        self._servers.close()

    def _started_postgresql(self) -> PostgreSQL:
        if self._postgresql is None:
            self._postgresql = PostgreSQL(self._folder / "postgresql")
            self._servers.callback(self._postgresql.stop)
            self._postgresql.start()
        return self._postgresql

    def _started_derby(self) -> Derby:
        if self._derby is None:
            self._derby = Derby(self._folder / "derby")
            self._servers.callback(self._derby.stop)
            self._derby.start()
        return self._derby


@contextlib.contextmanager
def databases(folder: Path) -> Iterator[Databases]:
    """Offer databases, and end their servers afterwards."""
    offered = Databases(folder)
    try:
        yield offered
    finally:
        offered.stop()
