"""What the database holds, read by statements of our own; shares no code with the product."""

import sqlite3
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import psycopg

POSTGRESQL = "postgresql"


@dataclass(frozen=True, slots=True)
class Booked:
    """A booking's row; ``lines`` are (ticket type, day, quantity)."""

    reference: str
    sender: str
    placed_as: str
    version: int
    state: str
    name: str
    lines: tuple[tuple[str, str, int], ...]


@dataclass
class Rows:
    """All that is compared."""

    bookings: list[Booked] = field(default_factory=list)
    outcomes: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    taken: int = 0
    drawn: int = 0


def read(database: str) -> Rows:
    """Read the database: a file of SQLite, or a connection string of PostgreSQL."""
    connection: Any
    if database.startswith(POSTGRESQL):
        connection = psycopg.connect(database)
    else:
        connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    with closing(connection):
        return _read(connection)


def _read(connection: Any) -> Rows:
    def all_of(query: str) -> list[tuple[Any, ...]]:
        return list(connection.execute(query).fetchall())

    lines = defaultdict(list)
    for reference, *line in all_of(
        "SELECT reference, ticket_type, visit_day, quantity FROM booking_lines "
        "ORDER BY reference, line"
    ):
        lines[reference].append((str(line[0]), str(line[1]), int(line[2])))
    rows = Rows()
    rows.bookings = [
        Booked(reference, sender, placed_as, version, state, name, tuple(lines[reference]))
        for reference, sender, placed_as, version, state, name in all_of(
            "SELECT reference, sender, placed_as, version, state, contact_name FROM bookings"
        )
    ]
    for request, state, code in all_of("SELECT request_id, state, outcome_code FROM inbox"):
        rows.outcomes.setdefault(request, []).append((state, code))
    ((taken,),) = all_of("SELECT COALESCE(SUM(taken), 0) FROM quota")
    ((drawn,),) = all_of("SELECT COALESCE(SUM(quantity), 0) FROM booking_draws")
    rows.taken, rows.drawn = int(taken), int(drawn)
    return rows
