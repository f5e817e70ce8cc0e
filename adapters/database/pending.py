"""Rows to be inserted, gathered over a transaction and written many at a time.

A savepoint that is undone takes its own rows along and brings back those of before that were
written inside it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from adapters.database.tables import inbox, reused

Marks = dict[sa.Table, tuple[int, int]]


class RacedError(Exception):
    """Another transaction recorded something of one of the requests that this one handled."""


class Pending:
    """The rows of one transaction that are still to be inserted, table by table."""

    def __init__(self, connection: sa.Connection) -> None:
        """Gather rows for ``connection``."""
        self._connection = connection
        self._rows: dict[sa.Table, list[Mapping[str, Any]]] = {}
        self._written: dict[sa.Table, int] = {}

    def add(self, table: sa.Table, row: Mapping[str, Any]) -> None:
        """Insert ``row`` before the transaction ends; every row of a table has the same keys."""
        self._rows.setdefault(table, []).append(row)

    def write(self) -> None:
        """Insert what is gathered, in the order in which tables were first named."""
        for table, rows in self._rows.items():
            done = self._written.get(table, 0)
            if done < len(rows):
                self._insert(table, rows[done:])
                self._written[table] = len(rows)

    def marks(self) -> Marks:
        """Return how far each table is, for ``undo``."""
        written = self._written
        return {table: (len(rows), written.get(table, 0)) for table, rows in self._rows.items()}

    def undo(self, marks: Marks) -> None:
        """Go back to ``marks``: forget later rows, write again what was written since."""
        for table, rows in self._rows.items():
            count, done = marks.get(table, (0, 0))
            del rows[count:]
            self._written[table] = done

    def _insert(self, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
        try:
            self._connection.execute(table.insert(), rows)
        except sa.exc.IntegrityError as error:
            if table is inbox or table is reused:
                raise RacedError from error
            raise
