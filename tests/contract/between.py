"""What another does in the middle of a transaction, as far as the database lets it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from adapters.database import Database

# On SQLite the other cannot write in between: it waits until the first has committed.
BETWEEN_SECONDS_MAX = 1.0


@contextmanager
def before_it_commits(
    database: Database, table: str, other: Callable[[], object]
) -> Iterator[None]:
    """Let ``other`` happen, as far as it can, just before new rows of ``table`` are committed."""
    thread = threading.Thread(target=other)

    def executing(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(f"INSERT INTO {table} ") and thread.ident is None:
            sa.event.listen(database.engine, "commit", committing, once=True)

    def committing(_connection: Any) -> None:
        thread.start()
        thread.join(BETWEEN_SECONDS_MAX)

    with _listening(database, "before_cursor_execute", executing):
        yield
    assert thread.ident is not None, "nothing was inserted"
    thread.join()


@contextmanager
def after_it_reads(database: Database, table: str, other: Callable[[], object]) -> Iterator[None]:
    """Let ``other`` happen, as far as it can, when a statement has just first read ``table``."""
    thread = threading.Thread(target=other)

    def executed(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        reads = statement.startswith("SELECT") and f"FROM {table} " in _plain(statement)
        if reads and thread.ident is None:
            thread.start()
            thread.join(BETWEEN_SECONDS_MAX)

    with _listening(database, "after_cursor_execute", executed):
        yield
    assert thread.ident is not None, "nothing was read"
    thread.join()


@contextmanager
def _listening(database: Database, event: str, listener: Callable[..., None]) -> Iterator[None]:
    sa.event.listen(database.engine, event, listener)
    try:
        yield
    finally:
        sa.event.remove(database.engine, event, listener)


def _plain(statement: str) -> str:
    return " ".join(statement.split())
