"""Which database, and how patient to be with it."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import sqlalchemy as sa

from adapters.database.engine import POSTGRESQL, Database
from hub.errors import SettingsError
from hub.settings import Secret

_HOST = re.compile(r"[A-Za-z0-9._-]+:[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """The application's database: ``file`` for SQLite, or ``url`` for PostgreSQL and Db2.

    ``url`` carries no password; that is a file of its own. ``postgresql+psycopg://lupu@host/db``
    or ``ibm_db_sa://lupu@host:50000/EXPO``.

    ``hosts``, each with its port: the servers of PostgreSQL that stand in for one another, in
    place of the one in ``url``; whichever takes writes is used. ``authority``: their connections
    are TLS, to who shows a certificate of it for the name dialled. Those of Db2 stand in its
    driver's own file, which an address without a host names: ``ibm_db_sa://lupu@/EXPO``.
    """

    section: ClassVar[str] = "database"
    file: Path = Path()
    url: str = ""
    password: Secret = Secret("")  # noqa: RUF009
    hosts: tuple[str, ...] = ()
    authority: Path = Path()
    lock_wait_seconds: int = 5
    connections_max: int = 10

    def check(self) -> None:
        """SettingsError where none or both of ``file`` and ``url`` are named, or hosts of none."""
        if bool(self.url) == (self.file != Path()):
            raise SettingsError(
                "[database] needs either file (SQLite) or url (PostgreSQL, Db2), not both."
            )
        url = self._parsed()
        if not self.hosts and self.authority == Path():
            return
        if url is None or url.get_backend_name() != POSTGRESQL:
            raise SettingsError(
                "[database] hosts and authority are for PostgreSQL; Db2's stand in its "
                "driver's own file, db2dsdriver.cfg."
            )
        if self.hosts and url.host:
            raise SettingsError("[database] name servers in hosts or one in url, not both.")
        if any(not _HOST.fullmatch(host) for host in self.hosts):
            raise SettingsError("[database] each of hosts is a name with its port: db-1:5432.")

    def address(self) -> sa.URL:
        """Return where to connect, password included."""
        url = self._parsed()
        if url is None:
            return sa.URL.create("sqlite", database=str(self.file))
        if self.hosts:
            only = {"host": self.hosts, "target_session_attrs": "read-write"}
            url = url.update_query_dict(only)
        if self.authority != Path():
            proved = {"sslmode": "verify-full", "sslrootcert": str(self.authority)}
            url = url.update_query_dict(proved)
        password = self.password.reveal()
        return url.set(password=password) if password else url

    def opened(self) -> Database:
        """Return the database; it is connected to when it is first used."""
        return Database(
            self.address(),
            lock_wait_seconds=self.lock_wait_seconds,
            connections_max=self.connections_max,
        )

    def _parsed(self) -> sa.URL | None:
        if not self.url:
            return None
        try:
            return sa.make_url(self.url)
        except sa.exc.ArgumentError:
            raise SettingsError("[database] url is not a database's address.") from None
