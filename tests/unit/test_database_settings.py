"""Which database: one server, or several that stand in for one another."""

from pathlib import Path

import pytest

from adapters.database import Database, DatabaseSettings
from hub.errors import SettingsError


def test_servers_that_stand_in_for_one_another_are_dialled_in_turn(tmp_path: Path) -> None:
    """Whichever takes writes is used, over TLS that proves its name, and only by PostgreSQL."""
    url, hosts = "postgresql+psycopg://lupu@/lupu", ("db-1:5432", "db-2:5433")
    settings = DatabaseSettings(url=url, hosts=hosts, authority=tmp_path / "authority.crt")
    settings.check()
    _, dialled = Database(settings.address()).engine.dialect.create_connect_args(
        settings.address()
    )
    del dialled["context"]
    assert dialled == {
        "dbname": "lupu",
        "user": "lupu",
        "host": "db-1,db-2",
        "port": "5432,5433",
        "target_session_attrs": "read-write",
        "sslmode": "verify-full",
        "sslrootcert": str(tmp_path / "authority.crt"),
    }
    for wrong in (
        DatabaseSettings(url="postgresql+psycopg://lupu@db/lupu", hosts=hosts),
        DatabaseSettings(url=url, hosts=("db-1",)),
        DatabaseSettings(url="ibm_db_sa://lupu@/EXPO", hosts=hosts),
        DatabaseSettings(file=tmp_path / "lupu.sqlite", authority=tmp_path),
    ):
        with pytest.raises(SettingsError, match="hosts"):
            wrong.check()
