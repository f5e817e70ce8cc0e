"""The lines of messages that wait for one another, in the database."""

import sqlalchemy as sa

from adapters.database.engine import first
from adapters.database.pending import Pending
from adapters.database.tables import standing
from hub.envelope import RequestId

_NUMBER = sa.select(standing.c.number).where(standing.c.request_id == sa.bindparam("key"))


class SqlLine:
    """Implements ``hub.line.Line``.

    Whether anybody stands in line is asked once a transaction: it is asked for every message,
    and the answer is nearly always no.
    """

    def __init__(self, connection: sa.Connection, pending: Pending) -> None:
        """Work in the transaction that ``connection`` has open."""
        self._connection = connection
        self._pending = pending
        self._is_empty: bool | None = None

    def is_empty(self) -> bool:
        """Return whether nobody stands in any line."""
        if self._is_empty is None:
            anyone = first(self._connection, sa.select(standing.c.number), 1)
            self._is_empty = self._connection.execute(anyone).first() is None
        return self._is_empty

    def ahead(self, request_id: RequestId, line: str) -> str:
        """Return the nearest request before this one in a line; empty where there is none."""
        self._pending.write()
        key = str(request_id)
        others = (
            sa.select(standing.c.request_id)
            .where(standing.c.line == line, standing.c.request_id != key)
            .order_by(standing.c.number.desc())
        )
        own = self._connection.execute(_NUMBER, {"key": key}).scalar()
        if own is not None:
            others = others.where(standing.c.number < own)
        return str(self._connection.execute(first(self._connection, others, 1)).scalar() or "")

    def join(self, request_id: RequestId, line: str) -> None:
        """Give a request the last place of a line; one that has a place keeps it."""
        self._pending.write()
        key = str(request_id)
        if self._connection.execute(_NUMBER, {"key": key}).scalar() is None:
            self._connection.execute(standing.insert().values(request_id=key, line=line))
        self._is_empty = False

    def leave(self, key: str) -> None:
        """Take a request out of its line, if it stands in one."""
        if not self.is_empty():
            self._connection.execute(standing.delete().where(standing.c.request_id == key))
