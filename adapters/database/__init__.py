"""A relational database behind the hub's ports: SQLite, PostgreSQL or Db2."""

from adapters.database.engine import Database, first, translated
from adapters.database.journal import Decided, Journal, Journals, Took
from adapters.database.migrations import Migrations
from adapters.database.parked import SqlParked
from adapters.database.proofs import KeptProof, kept_proofs
from adapters.database.pruning import Pruning, forget_stored, requests_about
from adapters.database.reused import Reused, reused_references
from adapters.database.settings import DatabaseSettings
from adapters.database.store import InboxStore
from adapters.database.traffic import Halted, begin, end, list_halted, read_targets
from adapters.database.unit import SqlUnit
from adapters.database.watching import RowsWatch

__all__ = [
    "Database",
    "DatabaseSettings",
    "Decided",
    "Halted",
    "InboxStore",
    "Journal",
    "Journals",
    "KeptProof",
    "Migrations",
    "Pruning",
    "Reused",
    "RowsWatch",
    "SqlParked",
    "SqlUnit",
    "Took",
    "begin",
    "end",
    "first",
    "forget_stored",
    "kept_proofs",
    "list_halted",
    "read_targets",
    "requests_about",
    "reused_references",
    "translated",
]
