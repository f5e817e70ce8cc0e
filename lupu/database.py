"""``lupu database``: schema versions of the inside database."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

import internal_apps
from adapters.database import Database, DatabaseSettings, Migrations
from lupu import options

NAME = "ticketing-1"


@click.group()
def database() -> None:
    """Bring the database to the schema that this program needs.

    \b
    Example:
      lupu database upgrade --config /etc/lupu/inside.toml
    """  # noqa: D301  click's \b keeps the lines as they are


@database.command()
@options.configured(NAME)
def upgrade(config: str | None, name: str) -> None:
    """Bring every application's tables to the newest version; twice does no harm."""
    with _migrations(config, name) as migrations:
        click.echo(f"schema: {', '.join(migrations.upgrade())}")


@database.command()
@options.configured(NAME)
def version(config: str | None, name: str) -> None:
    """Say which versions the database has and which this program needs."""
    with _migrations(config, name) as migrations:
        click.echo(f"present: {', '.join(migrations.present()) or 'nothing'}")
        click.echo(f"needed:  {', '.join(migrations.wanted())}")


@contextmanager
def _migrations(config: str | None, name: str) -> Iterator[Migrations]:
    settings = options.configuration(config, name).read(DatabaseSettings)
    opened = Database(settings.address())
    try:
        yield Migrations(opened, lines())
    finally:
        opened.close()


def lines() -> list[Path]:
    """Return the folder of migrations of every application that has one."""
    return sorted(Path(*internal_apps.__path__).glob("*/versions"))
