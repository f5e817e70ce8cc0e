"""Schema versions: an empty database becomes the newest, any other than ours is refused."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from adapters.database import Database, InboxStore, Migrations
from adapters.database.migrations import BRIDGE
from adapters.database.tables import inbox, inbox_parts, outbox
from adapters.database.tables import metadata as bridge
from hub.errors import SettingsError
from internal_apps.ticketing.application import MIGRATIONS
from internal_apps.ticketing.tables import metadata as ticketing
from tests.unit.hub_world import MovedClock

NOON = datetime(2010, 5, 1, 4, 0, tzinfo=UTC)
NEWEST = "bridge_0010"

NEWER = f'''"""A version of the future."""
revision = "bridge_9999"
down_revision = "{NEWEST}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Do nothing."""
'''
ADDS = NEWER.replace("depends_on = None", "depends_on = None\nadditive = True")
ANOTHER = '''"""Another application's first version."""
revision = "invoicing_0001"
down_revision = None
branch_labels = ("invoicing",)
depends_on = None


def upgrade() -> None:
    """Do nothing."""
'''

ENTRY = {
    "request_id": "agent:1001/PlaceBooking/A-1",
    "type": "PlaceBooking.1",
    "digest": "d",
    "state": "HANDLED",
    "outcome_code": "DONE",
    "answer_type": "PlaceBookingResponse.1",
    "subject": "K7M2",
    "accepted_at": NOON,
    "taken_at": NOON,
    "handled_at": NOON,
    "origin": "gateway-1",
    "boot": "b",
    "sequence": 1,
    "hops": "",
    "sign_in": "password",
    "operator": "",
}
PART = {"request_id": ENTRY["request_id"], "kind": "ANSWER", "number": 0, "text": "<b/>"}


def _insert(connection: sa.Connection, table: sa.Table, row: dict[str, object]) -> None:
    """Insert a row with the columns that an older version had."""
    old = sa.table(table.name, *(sa.column(name, table.c[name].type) for name in row))
    connection.execute(old.insert().values(row))


def test_an_empty_database_is_brought_to_the_newest_version(database_url: str) -> None:
    """A process refuses to start before, and starts after; twice does no harm."""
    database = Database(database_url)
    migrations = Migrations(database, [MIGRATIONS])
    assert migrations.present() == ()
    with pytest.raises(SettingsError, match="lupu database upgrade"):
        migrations.check()
    wanted = (NEWEST, "ticketing_0004")
    assert migrations.upgrade() == migrations.upgrade() == migrations.wanted() == wanted
    migrations.check()
    assert migrations.present() == wanted
    database.close()


def test_the_migrations_make_the_tables_that_the_code_knows(database_url: str) -> None:
    """Every column can be read and written under the name the code has for it."""
    database = Database(database_url)
    Migrations(database, [MIGRATIONS]).upgrade()
    with database.begin() as connection:
        for table in (*bridge.sorted_tables, *ticketing.sorted_tables):
            assert connection.execute(sa.select(table).where(sa.false())).all() == []
    if database.dialect_name == "ibm_db_sa":
        # Db2's catalogue is not there to be asked: Derby has another.
        database.close()
        return
    with database.begin() as connection:
        asked = sa.inspect(connection)
        for table in (*bridge.sorted_tables, *ticketing.sorted_tables):
            made = {
                column["name"]: (column["nullable"], getattr(column["type"], "length", None))
                for column in asked.get_columns(table.name)
            }
            assert made == {
                column.name: (column.nullable, getattr(column.type, "length", None))
                for column in table.columns
            }, table.name
            indexes = {str(index["name"]) for index in asked.get_indexes(table.name)}
            assert {str(index.name) for index in table.indexes} <= indexes, table.name
    database.close()


def test_a_database_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    """An old program neither runs on it nor touches it."""
    (tmp_path / "bridge_9999_newer.py").write_text(NEWER)
    database = Database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    assert Migrations(database, [tmp_path]).upgrade() == ("bridge_9999",)
    old = Migrations(database, [])
    with pytest.raises(SettingsError, match="bridge_9999"):
        old.check()
    with pytest.raises(SettingsError, match="newer program"):
        old.upgrade()
    database.close()


def test_an_older_program_runs_on_a_schema_that_only_has_more(
    database_url: str, tmp_path: Path
) -> None:
    """Workers of before restart during an upgrade and after a rollback; none brings it back."""
    (tmp_path / "bridge_9999_newer.py").write_text(ADDS)
    database = Database(database_url)
    assert Migrations(database, [tmp_path]).upgrade() == ("bridge_9999",)
    Migrations(database, [tmp_path]).check()
    old = Migrations(database, [])
    old.check()
    with pytest.raises(SettingsError, match="newer program"):
        old.upgrade()
    assert old.present() == ("bridge_9999",)
    database.close()


def test_one_version_that_takes_away_ends_the_older_programs(tmp_path: Path) -> None:
    """However much later versions only add: the program before that one is refused."""
    (tmp_path / "bridge_9998_takes.py").write_text(NEWER.replace("9999", "9998"))
    added = ADDS.replace(f'down_revision = "{NEWEST}"', 'down_revision = "bridge_9998"')
    (tmp_path / "bridge_9999_adds.py").write_text(added)
    database = Database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    Migrations(database, [tmp_path]).upgrade()
    with pytest.raises(SettingsError, match="bridge_9999, on which this program"):
        Migrations(database, []).check()
    (tmp_path / "bridge_9999_adds.py").unlink()
    Migrations(database, [tmp_path]).check()
    database.close()


def test_applications_share_a_database_each_with_its_line(tmp_path: Path) -> None:
    """One program's check does not stumble over another's tables."""
    (tmp_path / "invoicing_0001_first.py").write_text(ANOTHER)
    database = Database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    ticketing_program = Migrations(database, [MIGRATIONS])
    both = Migrations(database, [MIGRATIONS, tmp_path])
    both.upgrade()
    ticketing_program.check()
    ticketing_program.upgrade()
    assert both.present() == (NEWEST, "invoicing_0001", "ticketing_0004")
    database.close()


def test_what_an_older_program_stored_is_still_there(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each version is reached from the one before, with rows in its tables."""
    database = Database(database_url)
    shutil.copy(BRIDGE / "bridge_0001_first.py", tmp_path)
    with monkeypatch.context() as older:
        older.setattr("adapters.database.migrations.BRIDGE", tmp_path)
        assert Migrations(database, []).upgrade() == ("bridge_0001",)
    sent = {"owner": "T", "stored_at": NOON, "sent_at": None, "rest_key": "", "text": "{}"}
    with database.begin() as connection:
        _insert(connection, outbox, sent)
        _insert(connection, inbox, ENTRY)
        _insert(connection, inbox_parts, PART)
    assert Migrations(database, []).upgrade() == (NEWEST,)
    with database.begin() as connection:
        (row,) = connection.execute(sa.select(outbox)).all()
        (part,) = connection.execute(sa.select(inbox_parts)).all()
    assert (part.text, part.stored_at) == ("<b/>", NOON)
    assert {name: getattr(row, name) for name in sent} == sent
    assert row.request_id is None
    store = InboxStore(database, MovedClock(NOON), "T")
    store.mark_sent([row.number], NOON)
    assert store.unsent(10) == []
    database.close()
