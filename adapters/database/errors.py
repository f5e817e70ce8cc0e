"""What a driver's error means, decided by its SQLSTATE and never by its words.

Three meanings: the message's own fault (a constraint is violated, a value does not fit), the
database cannot serve now (DatabaseAway), and everything else, a fault of ours, which also
abandons the transaction. ibm_db gives the SQLSTATE only inside its text.
"""

import enum
import re
import sqlite3

import sqlalchemy.exc

from hub.errors import DatabaseAway

_STATE_IN_TEXT = re.compile(r"SQLSTATE[=\s]\s*([0-9A-Z]{5})")
_COMMUNICATION = re.compile(r"\bSQL(30081|1224|1229|30080|1226)N\b")
_CONSTRAINT_CLASS = "23"
_VALUE_CLASS = "22"
# 08 connection, 40 rolled back (deadlock), 53 resources (disk full), 55 lock not to be had,
# 57 operator or resource, 58 system error, XS the storage of Derby.
_AWAY_CLASSES = frozenset({"08", "40", "53", "55", "57", "58", "XS"})
_SYNTAX_STATES = frozenset({"42601", "42X01", "42704"})

_SQLITE_AWAY = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)
_SQLITE_PRIMARY = 0xFF


class Meaning(enum.Enum):
    """What a database error means for the transaction it happened in."""

    MESSAGE = "this message's own fault; its savepoint is undone"
    AWAY = "the database cannot serve now; the same thing may work later"
    FAULT = "a fault of ours; the transaction is abandoned"


def sqlstate(error: BaseException) -> str:
    """Return the SQLSTATE of a driver's error, empty where there is none."""
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        return state
    match = _STATE_IN_TEXT.search(str(error))
    return match[1] if match else ""


def is_connection_lost(error: BaseException) -> bool:
    """Return whether an error of Db2's driver means that its connection is of no more use."""
    state = sqlstate(error)
    return state[:2] in {"08", "58"} or state == "40003" or bool(_COMMUNICATION.search(str(error)))


def is_syntax(error: sqlalchemy.exc.DBAPIError) -> bool:
    """Return whether the database does not know the statement."""
    return sqlstate(error.orig or error) in _SYNTAX_STATES


def meaning(error: sqlalchemy.exc.SQLAlchemyError) -> Meaning:
    """Return what an error means."""
    if isinstance(error, sqlalchemy.exc.TimeoutError):
        return Meaning.AWAY
    if not isinstance(error, sqlalchemy.exc.DBAPIError) or error.orig is None:
        return Meaning.FAULT
    if isinstance(error, sqlalchemy.exc.IntegrityError):
        return Meaning.MESSAGE
    if error.connection_invalidated:
        return Meaning.AWAY
    if isinstance(error.orig, sqlite3.Error):
        return _of_sqlite(error.orig)
    return _of_state(error)


def _of_sqlite(error: sqlite3.Error) -> Meaning:
    code = getattr(error, "sqlite_errorcode", 0) & _SQLITE_PRIMARY
    if code in _SQLITE_AWAY:
        return Meaning.AWAY
    if code in {sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH}:
        return Meaning.MESSAGE
    return Meaning.FAULT


def _of_state(error: sqlalchemy.exc.DBAPIError) -> Meaning:
    cause = error.orig
    state = sqlstate(cause or error)
    if state[:2] in {_CONSTRAINT_CLASS, _VALUE_CLASS}:
        return Meaning.MESSAGE
    if state[:2] in _AWAY_CLASSES or _COMMUNICATION.search(str(cause)):
        return Meaning.AWAY
    if not state and isinstance(
        error, sqlalchemy.exc.OperationalError | sqlalchemy.exc.InterfaceError
    ):
        return Meaning.AWAY
    return Meaning.FAULT


def away(error: sqlalchemy.exc.SQLAlchemyError) -> DatabaseAway:
    """Return the hub's word for an error that may pass; no statement or value is repeated."""
    cause = getattr(error, "orig", None) or error
    named = sqlstate(cause) or getattr(cause, "sqlite_errorname", "") or type(cause).__name__
    return DatabaseAway(f"The database cannot serve now ({named}).")
