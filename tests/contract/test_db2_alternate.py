"""IBM's driver reads the file that is shipped for Db2 and takes the server that is there.

The servers are Derby's: what Db2 itself does in a takeover is not tried.
"""

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

import deploy
from adapters.database import Database, DatabaseSettings
from deploy.local.ports import LOOPBACK, free_port
from hub.errors import SettingsError
from hub.settings import Secret, environment
from tests.servers.databases import Databases

SHIPPED = Path(*deploy.__path__) / "databases" / "db2dsdriver.cfg"
# Before anything is connected, in a process of its own: the driver reads the file once.
PING = """
import sys
from adapters.database import Database, DatabaseSettings
from hub.settings import Secret
account, password = sys.argv[1:]
settings = DatabaseSettings(url=f"ibm_db_sa://{account}@/EXPO", password=Secret(password))
settings.check()
Database(settings.address()).ping()
"""


def written_for(url: sa.URL, folder: Path) -> Path:
    """Write the shipped file with a first server that is gone, and ours as the alternate one."""
    name = str(url.database).partition(";")[0]
    text = SHIPPED.read_text("utf-8")
    for given, ours in (
        ('name="EXPO"', f'name="{name}"'),
        ('"db-1" port="50001"', f'"{LOOPBACK}" port="{free_port()}"'),
        ('"db-2" port="50001"', f'"{LOOPBACK}" port="{url.port}"'),
        # Derby knows neither TLS without more, nor the driver's own choice of sign-in.
        ('name="SecurityTransportMode" value="SSL"', 'name="Authentication" value="SERVER"'),
    ):
        assert given in text
        text = text.replace(given, ours)
    lines = [line for line in text.splitlines() if "SSLServerCertificate" not in line]
    (folder / "db2dsdriver.cfg").write_text("\n".join(lines), "utf-8")
    return folder / "db2dsdriver.cfg"


def test_the_alternate_server_of_the_shipped_file_is_taken(
    database_servers: Databases, tmp_path: Path
) -> None:
    """The first is gone; the address names neither, only the alias that both stand behind."""
    url = sa.make_url(database_servers.url("db2"))
    file = written_for(url, tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", PING, str(url.username), str(url.password)],
        env=environment() | {"DB2DSDRIVER_CFG_PATH": str(file)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_shipped_file_has_no_remark() -> None:
    """IBM's driver 12.1 finds no alias in a file that has one."""
    assert "<!--" not in SHIPPED.read_text("utf-8")


def test_an_address_without_a_host_is_an_alias() -> None:
    """Its servers stand in the driver's file, and nowhere else."""
    settings = DatabaseSettings(url="ibm_db_sa://lupu@/EXPO", password=Secret("geheim"))
    settings.check()
    database = Database(settings.address())
    named, _ = database.engine.dialect.create_connect_args(settings.address())
    assert named == ("EXPO", "lupu", "geheim", "", "")
    with pytest.raises(SettingsError, match="db2dsdriver"):
        DatabaseSettings(url="ibm_db_sa://lupu@/EXPO", hosts=("db-1:50001",)).check()
