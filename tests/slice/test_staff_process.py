"""The staff's web as a process that cannot begin: it says why, in one sentence."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.database import Database, Migrations
from certs.authority import Authority, Purpose
from internal_apps.staff.__main__ import LINES
from lupu.exits import Exit

LOOPBACK = "127.0.0.1"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Offer a configuration that is right but for its port, and a database of its schema."""
    database = Database(f"sqlite:///{tmp_path / 'lupu.sqlite'}")
    Migrations(database, LINES).upgrade()
    database.close()
    authority = Authority.make(tmp_path, "inside")
    own = authority.issue("staff-1", Purpose.CLIENT)
    path = tmp_path / "inside.toml"
    path.write_text(
        f"""
        [inside_broker]
        host = "{LOOPBACK}"
        port = 1
        authority = "{authority.certificate}"
        certificate = "{own.certificate}"
        key = "{own.key}"
        [database]
        file = "{tmp_path / "lupu.sqlite"}"
        """,
        "utf-8",
    )
    return path


@pytest.mark.parametrize("host", [LOOPBACK, "::1"])
def test_a_taken_port_ends_it_with_a_sentence_that_names_it(config: Path, host: str) -> None:
    """Before it serves anybody, and with the status of settings."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as other:
        port = other.getsockname()[1]
        with config.open("a", encoding="utf-8") as more:
            more.write(f'\n[staff]\nhost = "{host}"\nport = {port}\n')
        done = subprocess.run(
            [sys.executable, "-m", "lupu", "staff", "run", "--config", str(config)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == Exit.SETTINGS
    assert f"[staff] port {port} on {host} cannot be listened on" in done.stderr
    assert "Traceback" not in done.stderr
