"""Opening a database: SQLite, PostgreSQL or Db2, each with full durability and bounded waits.

SQLite: WAL, synchronous=FULL, the driver's own transaction control off, BEGIN IMMEDIATE for
whatever writes. PostgreSQL: READ COMMITTED with a lock timeout, a snapshot for what only
reads. Db2: cursor stability with a lock timeout. A missing ibm_db switches Db2 off and nothing
else.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from adapters.database.errors import Meaning, away, is_connection_lost, is_syntax, meaning
from adapters.database.succession import Succession
from hub.errors import SettingsError

log = logging.getLogger(__name__)

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
DB2 = "ibm_db_sa"

_READ_ONLY = "lupu_read_only"
# PostgreSQL's machine that is gone without a word, while a commit waits for it say, is noticed
# within half a minute. What it may not have is a statement_timeout: that would end a commit's
# wait for the standby, and call it done.
_NOTICED = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}


class Database:
    """One database and its pool of connections; nothing is opened before the first use."""

    def __init__(
        self, url: sa.URL | str, *, lock_wait_seconds: int = 5, connections_max: int = 10
    ) -> None:
        """Prepare to connect to ``url``; SettingsError where its driver is not installed."""
        self.url = sa.make_url(url)
        self.engine = _engine(self.url, lock_wait_seconds, connections_max)
        self.dialect_name = self.engine.dialect.name
        self._reader = self.engine.execution_options(**_reading(self.dialect_name))

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """Open a transaction; commit on leaving, undo on any error."""
        with translated(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Open a transaction that only reads, and on SQLite waits for no writer.

        On SQLite and PostgreSQL all it reads is of one moment. On Db2 each statement sees what
        is committed by then: what belongs together is read with care for that.
        """
        with translated(), self._reader.connect() as connection:
            yield connection

    def ping(self) -> None:
        """Ask the database for nothing; DatabaseAway where it does not answer."""
        with self.reading() as connection:
            connection.execute(
                sa.text("VALUES 1" if self.dialect_name == DB2 else "SELECT 1")
            ).scalar_one()

    def close(self) -> None:
        """Close every connection of the pool."""
        self.engine.dispose()


@contextmanager
def translated() -> Iterator[None]:
    """Let errors that may pass come out as DatabaseAway, all others as they are."""
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        if meaning(error) is Meaning.AWAY:
            raise away(error) from error
        raise


def first(connection: sa.Connection, statement: sa.Select[Any], count: int) -> sa.Select[Any]:
    """Return the statement bounded to ``count`` rows, as the connection's database says it."""
    if connection.dialect.name == SQLITE:
        return statement.limit(count)
    return statement.fetch(sa.literal_column(str(int(count))))


def _engine(url: sa.URL, lock_wait_seconds: int, connections_max: int) -> sa.Engine:
    arguments: dict[str, Any] = {"pool_size": connections_max, "max_overflow": 0}
    if url.get_backend_name() == SQLITE:
        arguments["connect_args"] = {"timeout": lock_wait_seconds, "check_same_thread": False}
    elif url.get_backend_name() == POSTGRESQL:
        arguments |= {"pool_pre_ping": True}
        arguments["connect_args"] = {
            "options": f"-c lock_timeout={lock_wait_seconds * 1000} -c timezone=UTC",
            "connect_timeout": lock_wait_seconds,
            **_NOTICED,
        }
    try:
        engine = sa.create_engine(
            url, pool_timeout=lock_wait_seconds, hide_parameters=True, **arguments
        )
    except (sa.exc.NoSuchModuleError, ImportError) as error:
        raise SettingsError(_missing(url)) from error
    if url.get_backend_name() == SQLITE:
        _prepare_sqlite(engine)
    elif url.get_backend_name() == DB2:
        _prepare_db2(engine, lock_wait_seconds)
    elif isinstance(url.query.get("host"), tuple):
        Succession(engine)
    return engine


def _reading(dialect: str) -> dict[str, Any]:
    snapshot = {"isolation_level": "REPEATABLE READ"} if dialect == POSTGRESQL else {}
    return {_READ_ONLY: True, **snapshot}


def _missing(url: sa.URL) -> str:
    if url.get_backend_name() == DB2:
        return (
            "Db2 is switched off here: the Python packages ibm-db and ibm-db-sa are not "
            "installed. Install them, or name another database in [database]."
        )
    return f"No driver for {url.drivername} databases is installed."


def _prepare_sqlite(engine: sa.Engine) -> None:
    def connected(connection: Any, _record: object) -> None:
        # With the driver's own transaction control a savepoint would commit.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    def begun(connection: sa.Connection) -> None:
        read_only = connection.get_execution_options().get(_READ_ONLY, False)
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    sa.event.listen(engine, "connect", connected)
    sa.event.listen(engine, "begin", begun)


def _prepare_db2(engine: sa.Engine, lock_wait_seconds: int) -> None:
    # It writes every statement that fails, with names and telephones, to standard error.
    logging.getLogger("ibm_db_sa").disabled = True

    def begun(connection: sa.Connection) -> None:
        record = connection.connection.record_info
        if record is None or "lupu_lock_wait" in record:
            return
        record["lupu_lock_wait"] = True
        try:
            connection.exec_driver_sql(f"SET CURRENT LOCK TIMEOUT {int(lock_wait_seconds)}")
        except sa.exc.DBAPIError as error:
            if not is_syntax(error):
                raise
            log.info("database.lock_timeout_left_to_server")

    sa.event.listen(engine, "begin", begun)
    sa.event.listen(engine, "do_executemany", _one_by_one)
    sa.event.listen(engine, "handle_error", _mark_broken)


def _mark_broken(context: sa.engine.ExceptionContext) -> None:
    # ibm_db_sa knows few of the ways in which a connection ends; a dead one must leave the pool.
    if is_connection_lost(context.original_exception):
        context.is_disconnect = True


def _one_by_one(cursor: Any, statement: str, rows: Any, _context: object) -> bool:
    # ibm_db 3.3.0 ends the process when execute_many is given long Chinese texts.
    cursor.prepare(statement)
    for row in rows:
        cursor.execute(None, row)
    return True
