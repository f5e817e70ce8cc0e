"""Schema versions: an empty database becomes the newest, any other than ours is refused."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from adapters.database import Database, Migrations
from adapters.database.tables import metadata as bridge
from hub.errors import SettingsError
from internal_apps.ticketing.application import MIGRATIONS
from internal_apps.ticketing.tables import metadata as ticketing

NEWER = '''"""A version of the future."""
revision = "bridge_0002"
down_revision = "bridge_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Do nothing."""
'''
ANOTHER = '''"""Another application's first version."""
revision = "invoicing_0001"
down_revision = None
branch_labels = ("invoicing",)
depends_on = None


def upgrade() -> None:
    """Do nothing."""
'''


def test_an_empty_database_is_brought_to_the_newest_version(database_url: str) -> None:
    """A process refuses to start before, and starts after; twice does no harm."""
    database = Database(database_url)
    migrations = Migrations(database, [MIGRATIONS])
    assert migrations.present() == ()
    with pytest.raises(SettingsError, match="lupu database upgrade"):
        migrations.check()
    wanted = ("bridge_0001", "ticketing_0001")
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
    (tmp_path / "bridge_0002_newer.py").write_text(NEWER)
    database = Database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    assert Migrations(database, [tmp_path]).upgrade() == ("bridge_0002",)
    old = Migrations(database, [])
    with pytest.raises(SettingsError, match="bridge_0002"):
        old.check()
    with pytest.raises(SettingsError, match="newer program"):
        old.upgrade()
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
    assert both.present() == ("bridge_0001", "invoicing_0001", "ticketing_0001")
    database.close()
