"""Which database, and how patient to be with it."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import sqlalchemy as sa

from hub.errors import SettingsError
from hub.settings import Secret


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """The application's database: ``file`` for SQLite, or ``url`` for PostgreSQL and Db2.

    ``url`` carries no password; that is a file of its own. ``postgresql+psycopg://lupu@host/db``
    or ``ibm_db_sa://lupu@host:50000/EXPO``.
    """

    section: ClassVar[str] = "database"
    file: Path = Path()
    url: str = ""
    password: Secret = Secret("")  # noqa: RUF009
    lock_wait_seconds: int = 5
    connections_max: int = 10

    def check(self) -> None:
        """SettingsError where none or both of ``file`` and ``url`` are named."""
        if bool(self.url) == (self.file != Path()):
            raise SettingsError(
                "[database] needs either file (SQLite) or url (PostgreSQL, Db2), not both."
            )

    def address(self) -> sa.URL:
        """Return where to connect, password included."""
        if not self.url:
            return sa.URL.create("sqlite", database=str(self.file))
        try:
            url = sa.make_url(self.url)
        except sa.exc.ArgumentError:
            raise SettingsError("[database] url is not a database's address.") from None
        password = self.password.reveal()
        return url.set(password=password) if password else url
