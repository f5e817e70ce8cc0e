"""The inside book: part of the inbox transaction, in memory and on every database."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import sqlalchemy as sa

from adapters.database import Database, InboxStore
from adapters.database.tables import inside_book
from adapters.memory.store import MemoryStore
from hub.envelope import Message, Transmission
from hub.ports import Store, Taken
from tests.contract.test_store import (
    NOON,
    World,
    database_kind,
    migrated,
    record,
    waiting_entry,
    world,
)
from tests.unit.hub_world import MovedClock

__all__ = ["database_kind", "migrated", "world"]

CROSSED = "c" * 64
TRACE = f"00-{'4b' * 16}-{'0f' * 8}-01"


def lines(store: Store, message: Message) -> list[tuple[Transmission, str, Taken]]:
    """Return what the book has of a request, oldest first."""
    if isinstance(store, MemoryStore):
        return [
            (taken.transmission, taken.crossed, what)
            for taken, what in store.taken()
            if taken.id == message.id
        ]
    assert isinstance(store, InboxStore)
    with store.database.reading() as connection:
        rows = connection.execute(
            sa.select(inside_book)
            .where(inside_book.c.request_id == str(message.id))
            .order_by(inside_book.c.number)
        ).all()
    for row in rows:
        assert (row.type, row.taken_at) == (message.type[:60], NOON)
    return [
        (Transmission(row.origin, row.boot, row.sequence), row.crossed, Taken(row.what))
        for row in rows
    ]


def test_a_transmission_that_was_doubled_is_two_lines_and_no_error(world: World) -> None:
    """What comes twice, in one transaction or in two, is counted twice."""
    message = world.message()._replace(crossed=CROSSED)
    with world.store.unit() as unit:
        unit.take(message, Taken.FIRST)
        record(unit, message)
        unit.take(message, Taken.REPEAT)
    with world.store.unit() as unit:
        unit.take(message, Taken.REPEAT)
    sent = message.transmission
    wanted = [(sent, CROSSED, what) for what in (Taken.FIRST, Taken.REPEAT, Taken.REPEAT)]
    assert lines(world.store, message) == wanted


def test_each_transmission_is_known_by_its_trace(
    migrated: dict[str, Database], database_kind: str
) -> None:
    """A line has the trace of its transmission, so that what a trace names is found; or none."""
    store = InboxStore(migrated[database_kind], MovedClock(NOON))
    world = World(store, MovedClock(NOON), "Traced")
    first, second = world.message("T-1")._replace(trace=TRACE), world.message("T-2")
    with store.unit() as unit:
        unit.take(first, Taken.FIRST)
        unit.take(second, Taken.FIRST)
    columns = (inside_book.c.request_id, inside_book.c.trace)
    ids = [str(first.id), str(second.id)]
    with store.database.reading() as connection:
        found = connection.execute(
            sa.select(*columns).where(inside_book.c.request_id.in_(ids)).order_by(*columns)
        ).all()
    assert [tuple(row) for row in found] == [(ids[0], "4b" * 16), (ids[1], None)]


def test_the_line_commits_with_the_inbox_mark_or_not_at_all(world: World) -> None:
    """A transaction that fails leaves no line, a savepoint that fails none of its own."""
    first, second = world.message("A-1"), world.message("A-2")
    with suppress(ValueError), world.store.unit() as unit:
        unit.take(first, Taken.FIRST)
        raise ValueError
    with world.store.unit() as unit:
        unit.take(second, Taken.FIRST)
        with suppress(ValueError), unit.savepoint():
            unit.take(second, Taken.REPEAT)
            raise ValueError
    assert lines(world.store, first) == []
    assert lines(world.store, second) == [(second.transmission, "", Taken.FIRST)]


def test_the_longest_and_strangest_transmission_fits(world: World) -> None:
    """What the guard reads of a refused message can always be written down."""
    message = world.message()._replace(
        transmission=Transmission("g" * 40, "b" * 40, 10**18 - 1),
        type="Ü" * 255,
        crossed=CROSSED,
    )
    with world.store.unit() as unit:
        unit.take(message._replace(type="?" * 60), Taken.QUARANTINED)
        unit.take(message, Taken.QUARANTINED)
    expected = (message.transmission, CROSSED, Taken.QUARANTINED)
    assert lines(world.store, message._replace(type="?" * 60)) == [expected] * 2


def test_two_workers_that_take_in_one_transmission_do_not_disturb_each_other(
    migrated: dict[str, Database], database_kind: str
) -> None:
    """Both write their line at the same time, and both commit."""
    database, clock = migrated[database_kind], MovedClock(NOON)
    url = database.url.render_as_string(hide_password=False)
    workers = [Database(url, lock_wait_seconds=20) for _ in range(2)]
    message = World(InboxStore(database, clock), clock, "Racing").message()
    ready = threading.Barrier(len(workers))

    def take(store: InboxStore) -> None:
        ready.wait()
        for _ in range(10):
            with store.unit() as unit:
                unit.take(message, Taken.REPEAT)

    with ThreadPoolExecutor() as threads:
        stores = [InboxStore(worker, clock) for worker in workers]
        for done in [threads.submit(take, store) for store in stores]:
            done.result()
    for worker in workers:
        worker.close()
    assert len(lines(InboxStore(database, clock), message)) == 20


def test_what_waits_keeps_what_crossed(world: World) -> None:
    """The digest survives in the message that is kept while it waits."""
    message = world.message()._replace(crossed=CROSSED)
    with world.store.unit() as unit:
        unit.record(message, waiting_entry(message), NOON)
        unit.wait(message, "crossed", NOON)
    (woken,) = world.store.woken(["crossed"], NOON + timedelta(seconds=1), 10)
    with world.store.unit() as unit:
        unit.entry(message.id)
        record(unit, message)
    assert woken.message.crossed == CROSSED
