"""What a handled request costs in the inbox: with its document and answer, and for ever.

Real requests of three lines, recorded by the store itself on SQLite and PostgreSQL, with two
hops and the times of every station; then pruned as the worker does it. Counted are tables and
indexes, after the database has given back what is free (VACUUM). And what it costs a worker's
journal, in bytes and in processor time.
"""

import sqlite3
import tempfile
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from adapters.clock import SystemClock
from adapters.database import Database, InboxStore, Journal, Migrations, Pruning
from adapters.database.tables import ANSWER, BODY, inbox
from adapters.metrics import PrometheusMetrics
from bench import figures
from bench.bookings import wire
from bench.figures import Figure
from bench.used import Peaks
from deploy.local.postgresql import PostgreSQL
from hub.envelope import Message, from_wire
from hub.ports import Answer, InboxEntry, InboxState, Taken

REQUESTS = 5_000
BATCH = 500
ANSWER_BYTES = 1_500
SUBJECT = "K7M2-PX9R-TA4Y"


def measure(_peaks: Peaks) -> None:
    """Fill, measure, prune and measure again, on each database."""
    figures.settings("inbox.bytes", {"requests": REQUESTS, "answer_bytes": ANSWER_BYTES})
    with tempfile.TemporaryDirectory(prefix="lupu-bench-") as folder:
        place = Path(folder)
        _measure_journal(place / "journal")
        _measure("sqlite", f"sqlite:///{place / 'lupu.sqlite'}")
        place.chmod(0o755)
        server = PostgreSQL(place / "postgresql")
        server.start()
        try:
            _measure("postgresql", server.create("bench"))
        finally:
            server.stop()


def _measure(kind: str, url: str) -> None:
    with closing(Database(url)) as database:
        Migrations(database, []).upgrade()
        empty = _bytes(database)
        _fill(database)
        full = _bytes(database)
        _prune(database)
        pruned = _bytes(database)
    for name, size in (("handled", full), ("for_ever", pruned)):
        value = (size - empty) / REQUESTS
        figures.show([Figure(f"inbox.bytes.{name}.{kind}", value, "bytes/request")])


def _measure_journal(folder: Path) -> None:
    journal = Journal(
        folder, "bench-1", SystemClock(), PrometheusMetrics(), kept_hours=1, bytes_max=2**40
    )
    given = [(_message(number), _entry(number)) for number in range(REQUESTS)]
    began = time.process_time()
    for start in range(0, REQUESTS, BATCH):
        some = given[start : start + BATCH]
        journal.ahead(
            [(message, Taken.FIRST) for message, _ in some], [entry for _, entry in some]
        )
    seconds = time.process_time() - began
    size = sum(file.stat().st_size for file in folder.iterdir())
    figures.show(
        [
            Figure("journal.bytes", size / REQUESTS, "bytes/request"),
            Figure("journal.us", seconds * 1e6 / REQUESTS, "us/request"),
        ]
    )


def _fill(database: Database) -> None:
    store = InboxStore(database, SystemClock(), "bench-1")
    for start in range(0, REQUESTS, BATCH):
        with store.unit() as unit:
            for number in range(start, start + BATCH):
                message = _message(number)
                unit.record(message, _entry(number), message.accepted_at)
    with database.begin() as connection:
        connection.execute(inbox.update().values(replied_at=inbox.c.handled_at))


def _entry(number: int) -> InboxEntry:
    answer = Answer("PlaceBookingResponse.1", b"a" * ANSWER_BYTES)
    subject = f"{SUBJECT[:-5]}{number:05}"
    id_ = _message(number).id
    return InboxEntry(id_, "d" * 64, InboxState.HANDLED, answer, "DONE", subject)


def _message(number: int) -> Message:
    message = from_wire(wire(number, "gateway-1"))
    own = message.id._replace(reference=f"SUNNY-2026-{number:09}")
    return message._replace(id=own).passed("hub-1", message.accepted_at)


def _prune(database: Database) -> None:
    ended = timedelta(seconds=-60)
    operations = ["PlaceBooking"]
    kept = {BODY: ended, ANSWER: ended}
    metrics, clock = PrometheusMetrics(), SystemClock()
    pruning = Pruning(database, clock, metrics, kept=kept, operations=operations)
    for _ in range(REQUESTS):
        pruning()


def _bytes(database: Database) -> int:
    if database.dialect_name == "sqlite":
        with closing(sqlite3.connect(str(database.url.database))) as connection:
            connection.execute("VACUUM")
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
            return int(pages * page_bytes)
    with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(sa.text("VACUUM FULL"))
        sizes = "SELECT pg_total_relation_size('inbox') + pg_total_relation_size('inbox_parts')"
        return int(connection.execute(sa.text(sizes)).scalar_one())
