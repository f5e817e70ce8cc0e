"""What goes wrong in a database comes out as what it means, on every one of them."""

import builtins
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from adapters.database import Database, DatabaseSettings, InboxStore, SqlUnit
from adapters.database.errors import Meaning, meaning
from hub.envelope import Message, RequestId, Transmission
from hub.errors import DatabaseAway, SettingsError
from hub.ports import Answer, InboxEntry, InboxState
from internal_apps.ticketing.tables import quota
from tests.servers.databases import KINDS, Databases
from tests.unit.hub_world import MovedClock

NOW = datetime(2010, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def rooms(database_servers: Databases) -> Iterator[dict[str, Database]]:
    """Offer a database of each kind with two rows that can be fought over."""
    opened: dict[str, Database] = {}
    for kind in KINDS:
        database = opened[kind] = Database(database_servers.url(kind), lock_wait_seconds=1)
        with database.begin() as connection:
            connection.exec_driver_sql(
                "CREATE TABLE room (number INTEGER NOT NULL PRIMARY KEY, guests INTEGER NOT NULL, "
                "name VARCHAR(8))"
            )
            connection.exec_driver_sql("INSERT INTO room VALUES (0, 0, 'a'), (1, 0, 'a')")
    yield opened
    for database in opened.values():
        database.close()


@pytest.fixture(params=KINDS)
def room(request: pytest.FixtureRequest, rooms: dict[str, Database]) -> Database:
    """Offer each kind in turn."""
    return rooms[request.param]


def add_guest(connection: sa.Connection, number: int) -> None:
    """Change a row, and so lock it."""
    connection.exec_driver_sql(f"UPDATE room SET guests = guests + 1 WHERE number = {number}")  # noqa: S608


def test_a_constraint_violation_stays_one(room: Database) -> None:
    """It is the message's own fault and is seen as what it is."""
    with pytest.raises(sa.exc.IntegrityError) as caught, room.begin() as connection:
        connection.exec_driver_sql("INSERT INTO room VALUES (0, 0, 'twice')")
    assert meaning(caught.value) is Meaning.MESSAGE


def test_a_constraint_violation_in_a_savepoint_leaves_the_rest(room: Database) -> None:
    """Its savepoint is undone, the transaction goes on and commits."""
    with room.begin() as connection:
        unit = SqlUnit(connection, NOW)
        with unit.savepoint():
            connection.exec_driver_sql("INSERT INTO room VALUES (50, 0, 'stays')")
        with pytest.raises(sa.exc.IntegrityError), unit.savepoint():
            connection.exec_driver_sql("INSERT INTO room VALUES (50, 0, 'twice')")
        connection.exec_driver_sql("INSERT INTO room VALUES (51, 0, 'stays')")
        unit.finish()
    with room.begin() as connection:
        count = connection.exec_driver_sql("SELECT COUNT(*) FROM room WHERE number >= 50")
        assert count.scalar_one() == 2
        connection.exec_driver_sql("DELETE FROM room WHERE number >= 50")


def guests(room: Database) -> list[int]:
    """Return how many guests each room has."""
    with room.begin() as connection:
        rows = connection.exec_driver_sql("SELECT guests FROM room ORDER BY number")
        return list(rows.scalars())


def test_what_a_savepoint_wrote_is_undone_with_it(room: Database) -> None:
    """A refusal takes its own effects back, and not those of others before it."""
    before = guests(room)
    with room.begin() as connection:
        unit = SqlUnit(connection, NOW)
        add_guest(connection, 0)
        with suppress(ValueError), unit.savepoint():
            add_guest(connection, 1)
            raise ValueError
        unit.finish()
    assert guests(room) == [before[0] + 1, before[1]]


def go_away_and_go_on(room: Database) -> None:
    """Write, then lose the database in a savepoint, and act as if nothing had happened."""
    with room.begin() as connection:
        unit = SqlUnit(connection, NOW)
        add_guest(connection, 0)
        with suppress(DatabaseAway, sa.exc.TimeoutError), unit.savepoint():
            raise sa.exc.TimeoutError
        unit.finish()


def test_a_database_that_goes_away_in_a_savepoint_abandons_the_transaction(room: Database) -> None:
    """That is no fault of the message: all of the batch is tried again, even if it is caught."""
    before = guests(room)
    with pytest.raises(DatabaseAway):
        go_away_and_go_on(room)
    assert guests(room) == before


def spoil(room: Database) -> None:
    """Insert a row, then err, and act as if nothing had happened."""
    with room.begin() as connection:
        unit = SqlUnit(connection, NOW)
        connection.exec_driver_sql("INSERT INTO room VALUES (60, 0, 'gone')")
        with suppress(sa.exc.DBAPIError), unit.savepoint():
            connection.exec_driver_sql("SELECT * FROM no_such_room")
        unit.finish()


def test_a_fault_of_ours_abandons_the_transaction(room: Database) -> None:
    """After any other error nothing of the batch is committed, even if it is caught."""
    with pytest.raises(sa.exc.DBAPIError) as caught:
        spoil(room)
    assert meaning(caught.value) is Meaning.FAULT
    with room.begin() as connection:
        count = connection.exec_driver_sql("SELECT COUNT(*) FROM room WHERE number = 60")
        assert count.scalar_one() == 0


def test_who_waits_too_long_for_a_lock_is_told_to_try_again(room: Database) -> None:
    """A lock that another holds is no fault of the message."""
    with room.begin() as holder:
        add_guest(holder, 0)
        with pytest.raises(DatabaseAway), room.begin() as waiter:
            add_guest(waiter, 0)


@pytest.mark.parametrize("kind", ["postgresql", "db2"])
def test_of_two_who_block_each_other_one_is_told_to_try_again(
    rooms: dict[str, Database], kind: str
) -> None:
    """A deadlock ends, and one of the two goes through."""
    room, both, ended = rooms[kind], threading.Barrier(2, timeout=10), []

    def cross(numbers: tuple[int, int]) -> None:
        try:
            with room.begin() as connection:
                add_guest(connection, numbers[0])
                both.wait()
                add_guest(connection, numbers[1])
        except DatabaseAway:
            ended.append("try again")
        else:
            ended.append("done")

    threads = [threading.Thread(target=cross, args=(pair,)) for pair in ((0, 1), (1, 0))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert "try again" in ended
    assert len(ended) == 2


def test_a_database_that_is_not_there_is_away(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nobody listens, or the folder is gone."""
    gone = tmp_path_factory.mktemp("gone") / "missing" / "a.sqlite"
    urls = (
        f"sqlite:///{gone}",
        "postgresql+psycopg://lupu@127.0.0.1:1/none",
        "ibm_db_sa://app:app@127.0.0.1:1/NONE",
    )
    for url in urls:
        database = Database(url)
        with pytest.raises(DatabaseAway):
            database.ping()
        database.close()


def test_a_connection_that_was_cut_is_replaced(room: Database) -> None:
    """One failure says away; the next use has a new connection."""
    if room.dialect_name == "sqlite":
        room.ping()
        return
    with room.engine.connect() as connection:
        driver: Any = connection.connection.dbapi_connection
    driver.close()
    for _ in range(2):
        try:
            room.ping()
        except DatabaseAway:
            continue
    room.ping()


def test_a_request_recorded_by_another_meanwhile_is_to_be_tried_again(
    ticketing_database: Database,
) -> None:
    """Of two that handle one request, the second commits nothing."""
    request = RequestId("agent:1", "PlaceBooking", "RACE")
    message = Message("PlaceBooking.1", request, Transmission("g", "b", 1), NOW, b"<a/>")
    answer = Answer("PlaceBookingResponse.1", b"<b/>")
    entry = InboxEntry(request, "d", InboxState.HANDLED, answer, "DONE")
    store = InboxStore(ticketing_database, MovedClock(NOW))
    with store.unit() as unit:
        if unit.entry(request) is None:
            unit.record(message, entry, NOW)
    with suppress(DatabaseAway), store.unit() as unit:
        # This one looked before the other had committed, and so found nothing.
        unit.record(message, entry, NOW)
        unit.connection.execute(quota.update().values(source="never"))
        with pytest.raises(DatabaseAway):
            unit.write()
    with ticketing_database.begin() as connection:
        spoilt = sa.select(sa.func.count()).select_from(quota).where(quota.c.source == "never")
        assert connection.execute(spoilt).scalar_one() == 0


def test_without_its_driver_db2_is_switched_off_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A missing ibm-db is one sentence; the other databases go on."""
    real = builtins.__import__

    def without(name: str, *args: Any, **more: Any) -> Any:
        if name.startswith("ibm_db"):
            raise ModuleNotFoundError(f"No module named '{name}'")
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SettingsError, match="Db2 is switched off here"):
        Database("ibm_db_sa://app:app@127.0.0.1:1/NONE")
    Database("sqlite:///never-opened.sqlite").close()


def test_settings_want_one_database() -> None:
    """A file or an address, not both; the address carries no password of its own."""
    with pytest.raises(SettingsError, match="either file"):
        DatabaseSettings().check()
    url = "postgresql+psycopg://lupu@db.example/lupu"
    assert DatabaseSettings(url=url).address().host == "db.example"
    with pytest.raises(SettingsError, match="address"):
        DatabaseSettings(url="no address").address()


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("23505", Meaning.MESSAGE),
        ("22001", Meaning.MESSAGE),
        ("40001", Meaning.AWAY),
        ("57033", Meaning.AWAY),
        ("55P03", Meaning.AWAY),
        ("53100", Meaning.AWAY),
        ("08001", Meaning.AWAY),
        ("08506", Meaning.AWAY),
        ("58009", Meaning.AWAY),
        ("42601", Meaning.FAULT),
        ("25P02", Meaning.FAULT),
    ],
)
def test_the_meaning_follows_from_the_sqlstate(state: str, expected: Meaning) -> None:
    """PostgreSQL carries it as an attribute, Db2 only within its text; Derby's is in it too."""
    text = f'[IBM][CLI Driver] SQL0969N ... tokens "x".  SQLSTATE={state} SQLCODE=-20001'
    for cause in (Exception(text), _with_state(state)):
        error = sa.exc.DBAPIError("SELECT 1", None, cause)
        assert meaning(error) is expected


def _with_state(state: str) -> Exception:
    error = Exception("no state in here")
    error.__dict__.update(SimpleNamespace(sqlstate=state).__dict__)
    return error
