"""Which server of PostgreSQL was made primary last, where several stand in for one another.

A primary that was put out, and that somebody starts again, takes connections as if nothing had
been. It confirms nothing, but it would be believed what it says of bookings. Each promotion
begins a timeline with a higher number, the first eight digits in the name of each file of its
log (PostgreSQL's manual, "Continuous Archiving", "Timelines").
"""

import logging
from typing import Any

import sqlalchemy as sa

log = logging.getLogger(__name__)

_TIMELINE = "SELECT substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8)"


class Succession:
    """Connects to the server that was promoted last, of those that take writes."""

    def __init__(self, engine: sa.Engine) -> None:
        self._newest = 0
        sa.event.listen(engine, "do_connect", self._connect)

    def _connect(
        self, dialect: sa.Dialect, _record: object, _arguments: object, given: dict[str, Any]
    ) -> Any:
        """Return a connection; the driver's own error where none of the servers is the newest.

        All are asked once; from then on only where an older one answers.
        """
        if self._newest:
            connection = dialect.connect(**given)
            timeline = _timeline(connection)
            if timeline >= self._newest:
                self._newest = timeline
                return connection
            self._left(connection, timeline)
        return self._asked(dialect, given)

    def _asked(self, dialect: sa.Dialect, given: dict[str, Any]) -> Any:
        failed = dialect.loaded_dbapi.OperationalError
        found, error = None, failed("Only a server answers that is the primary no more.")
        for host, port in zip(given["host"].split(","), given["port"].split(","), strict=True):
            try:
                connection = dialect.connect(**{**given, "host": host, "port": port})
            except failed as told:
                error = told
                continue
            timeline = _timeline(connection)
            if timeline < self._newest:
                self._left(connection, timeline)
                continue
            if found is not None:
                found.close()
            self._newest, found = timeline, connection
        if found is None:
            raise error
        return found

    def _left(self, connection: Any, timeline: int) -> None:
        said = {"host": f"{connection.info.host}:{connection.info.port}", "timeline": timeline}
        log.error("database.old_primary", extra={**said, "newest": self._newest})
        connection.close()


def _timeline(connection: Any) -> int:
    (digits,) = connection.execute(_TIMELINE).fetchone()
    connection.rollback()
    return int(digits, 16)
