"""The inside database, opened for one command."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import internal_apps
from adapters.database import Database, DatabaseSettings, Migrations
from hub.checks import Check
from lupu import options


@contextmanager
def database(config: str | None, name: str, *, checked: bool = True) -> Iterator[Database]:
    """Open the configured database; SettingsError where its schema is not this program's."""
    settings = options.configuration(config, name).read(DatabaseSettings)
    opened = Database(settings.address(), lock_wait_seconds=settings.lock_wait_seconds)
    try:
        if checked:
            Migrations(opened, lines()).check()
        yield opened
    finally:
        opened.close()


def lines() -> list[Path]:
    """Return the folder of migrations of every application that has one."""
    return sorted(Path(*internal_apps.__path__).glob("*/versions"))


def checks(config: str | None, name: str) -> list[Check]:
    """Return whether the database answers and has this program's schema."""

    def versions() -> str:
        with database(config, name, checked=False) as opened:
            opened.ping()
            migrations = Migrations(opened, lines())
            migrations.check()
            return f"{opened.dialect_name}, schema {', '.join(migrations.present())}"

    return [Check.ask("database", versions)]
