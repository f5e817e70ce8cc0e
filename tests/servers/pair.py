"""Two PostgreSQL servers, one of them the standby, set up as OPERATING.md says.

Each method is a step of the runbook, typed as it is there: over the server's own socket, as the
account that PostgreSQL runs as.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import deploy
from adapters.database.engine import Database
from adapters.database.settings import DatabaseSettings
from certs.authority import Authority, Issued, Purpose
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.postgresql import PostgreSQL
from hub.settings import Secret
from tests.contract.transports import until

SHIPPED = Path(*deploy.__path__) / "databases"
OWNER = "postgres"
ACCOUNT = "lupu"
STANDBY = "lupu_standby"
PASSWORD = "geheim-2010"
FOLLOWS_SECONDS_MAX = 60.0
READ_BY_REWIND = (
    "pg_ls_dir(text, boolean, boolean)",
    "pg_stat_file(text, boolean)",
    "pg_read_binary_file(text)",
    "pg_read_binary_file(text, bigint, bigint, boolean)",
)


class Server(PostgreSQL):
    """One of the two, with the settings that are shipped."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        """Everything of it is below ``folder``; ``authority`` vouches for it."""
        folder.mkdir(parents=True)
        folder.chmod(0o711)
        self._settings = folder / "postgresql.conf"
        super().__init__(
            *(folder, free_port()), sockets=str(folder), owner=OWNER, settings=self._settings
        )
        self._configure(authority.issued("database"))
        shutil.copy(authority.certificate, folder / "authority.crt")
        shutil.chown(folder, OWNER, OWNER)

    @property
    def host(self) -> str:
        """The server's name and port."""
        return f"{LOOPBACK}:{self.port}"

    def _configure(self, issued: Issued) -> None:
        """Write what Debian has in /etc/postgresql; nothing of it is in the data."""
        for name in ("pg_hba.conf", "lupu.conf"):
            shutil.copy(SHIPPED / name, self.folder / name)
        for file, name in ((issued.certificate, "own.crt"), (issued.key, "own.key")):
            shutil.copy(file, self.folder / name)
            shutil.chown(self.folder / name, OWNER, OWNER)
            (self.folder / name).chmod(0o600)
        self._settings.write_text(
            f"include 'lupu.conf'\nhba_file = '{self.folder}/pg_hba.conf'\n"
            f"ssl_cert_file = '{self.folder}/own.crt'\nssl_key_file = '{self.folder}/own.key'\n"
            "shared_buffers = '32MB'\nmax_wal_size = '256MB'\nwal_keep_size = '128MB'\n"
        )

    def say(self, *statements: str, database: str = OWNER) -> str:
        """Have psql run statements on the server itself; return what it prints."""
        commands = (word for statement in statements for word in ("-c", statement))
        return self.run("psql", *self._own, "-qAtX", "-d", database, *commands)

    def prepare(self) -> None:
        """Make the accounts and the database."""
        rewind = [f"GRANT EXECUTE ON FUNCTION {one} TO {STANDBY}" for one in READ_BY_REWIND]
        self.say(
            f"CREATE ROLE {ACCOUNT} LOGIN PASSWORD '{PASSWORD}'",
            f"CREATE ROLE {STANDBY} LOGIN REPLICATION PASSWORD '{PASSWORD}'",
            *rewind,
            f"CREATE DATABASE {ACCOUNT} OWNER {ACCOUNT}",
        )

    def copy(self, primary: "Server") -> None:
        """Become the primary's standby by a copy of all it has; start."""
        shutil.rmtree(self.data, ignore_errors=True)
        reached = primary.reached("replication")
        self.run("pg_basebackup", "-d", reached, "-D", str(self.data), "-R", "-c", "fast")
        self.start()

    def rewind(self, primary: "Server") -> None:
        """Become the primary's standby, once put out, by what has changed since; start."""
        source = ("--source-server", primary.reached(OWNER), "--write-recovery-conf")
        own = ("-D", str(self.data), f"--config-file={self._settings}")
        self.run("pg_rewind", *own, *source)
        self.start()

    def reached(self, database: str) -> str:
        """Return how the other reaches this one."""
        return (
            f"host={LOOPBACK} port={self.port} user={STANDBY} password={PASSWORD} "
            f"dbname={database} application_name={STANDBY} "
            f"sslmode=verify-full sslrootcert={self.folder}/authority.crt"
        )

    def waits_for_standby(self) -> None:
        """From now on confirm nothing that the standby has not on its disk."""
        self._names_standby(STANDBY)
        is_in = "SELECT state, sync_state FROM pg_stat_replication"
        assert until(lambda: self.say(is_in) == "streaming|sync", FOLLOWS_SECONDS_MAX)

    def waits_for_nobody(self) -> None:
        """Confirm what is on this server's own disk."""
        self._names_standby("")

    def promote(self) -> None:
        """Become the primary."""
        # Without the checkpoint pg_rewind would find no difference for a while, and do nothing.
        self.say("SELECT pg_promote()", "CHECKPOINT")

    def _names_standby(self, name: str) -> None:
        named = f"ALTER SYSTEM SET synchronous_standby_names = '{name}'"
        self.say(named, "SELECT pg_reload_conf()")

    @property
    def _own(self) -> tuple[str, ...]:
        return ("-h", str(self.folder), "-p", str(self.port), "-U", OWNER)


class Pair:
    """A primary and its standby; which is which may change."""

    def __init__(self, folder: Path) -> None:
        """Set both up, the second as the first one's standby."""
        authority = Authority.make(folder / "certificates", "database")
        authority.ensure("database", Purpose.SERVER)
        self.authority = authority.certificate
        self.first, self.second = (Server(folder / name, authority) for name in ("db-1", "db-2"))

    def start(self) -> None:
        """Start the first as the primary, the second as its standby."""
        self.first.start()
        self.first.prepare()
        self.second.copy(self.first)
        self.first.waits_for_standby()

    def stop(self) -> None:
        """End both."""
        for server in (self.first, self.second):
            server.stop()

    def settings(self, folder: Path) -> dict[str, Any]:
        """Return the section ``[database]`` of who uses them."""
        secret = folder / "database-password"
        secret.write_text(PASSWORD, "utf-8")
        secret.chmod(0o600)
        return {
            "url": f"postgresql+psycopg://{ACCOUNT}@/{ACCOUNT}",
            "hosts": [self.first.host, self.second.host],
            "authority": str(self.authority),
            "password": str(secret),
        }

    def opened(self) -> Database:
        """Return the database as an application of the product opens it."""
        url, hosts = (
            f"postgresql+psycopg://{ACCOUNT}@/{ACCOUNT}",
            (self.first.host, self.second.host),
        )
        return DatabaseSettings(
            url=url, hosts=hosts, authority=self.authority, password=Secret(PASSWORD)
        ).opened()

    def rows(self) -> str:
        """Return how a reader of its own reaches whichever is the primary."""
        return (
            f"host={LOOPBACK},{LOOPBACK} port={self.first.port},{self.second.port} "
            f"user={ACCOUNT} password={PASSWORD} dbname={ACCOUNT} "
            "sslmode=require target_session_attrs=read-write"
        )


@contextmanager
def pair() -> Iterator[Pair]:
    """Run two servers until the block ends, in a folder whose path is short."""
    with TemporaryDirectory(prefix="lupu-pair-") as short:
        folder = Path(short)
        folder.chmod(0o711)
        made = Pair(folder)
        try:
            made.start()
            yield made
        finally:
            made.stop()
