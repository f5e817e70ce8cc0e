"""Every fault that is thrown at the database and at disks."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from functools import partial
from random import Random

import psycopg

from tests.chaos.faults import DOWN_SECONDS, lasting
from tests.chaos.plan import Fault
from tests.chaos.world import Disk, World

DATABASE = "database"
FULL_SECONDS = (2.0, 8.0)


def on_storage(world: World) -> Iterator[Fault]:
    """Yield what can be done to the database, to its disk and to that of the gateways' books."""
    locked = _locked_sqlite if world.postgresql is None else _locked_postgresql
    yield Fault("database locked", DATABASE, partial(locked, world.database))
    yield Fault("database's disk full", DATABASE, partial(_full, world, world.database_disk))
    yield Fault("books' disk full", "books", partial(_full, world, world.gateways_disk))
    if world.postgresql is not None:
        yield Fault("database killed", DATABASE, partial(_kill, world))


def _locked_sqlite(file: str, dice: Random) -> None:
    with closing(sqlite3.connect(file, isolation_level=None, timeout=30)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        time.sleep(lasting(dice))


def _locked_postgresql(database: str, dice: Random) -> None:
    with closing(psycopg.connect(database)) as writer:
        writer.execute("LOCK TABLE inbox, bookings IN ACCESS EXCLUSIVE MODE")
        time.sleep(lasting(dice))


def _full(world: World, disk: Disk, dice: Random) -> None:
    disk.fill()
    try:
        time.sleep(dice.uniform(*FULL_SECONDS))
    finally:
        disk.free()
    if world.postgresql is not None and disk is world.database_disk:
        _up_again(world)


def _kill(world: World, dice: Random) -> None:
    assert world.postgresql is not None
    world.postgresql.stop()
    time.sleep(dice.uniform(*DOWN_SECONDS))
    world.start_postgresql()


def _up_again(world: World) -> None:
    """Start PostgreSQL again where the full disk has ended it, as its unit does."""
    with suppress(psycopg.OperationalError), closing(psycopg.connect(world.database)):
        return
    assert world.postgresql is not None
    world.postgresql.stop()
    world.start_postgresql()
