"""``lupu database``: schema versions of the inside database."""

import time
from contextlib import suppress

import click

from adapters.database import Migrations
from hub.errors import DatabaseAway
from lupu import opened, options

NAME = "ticketing-1"
TRIES_MAX = 20
PAUSE_SECONDS = 0.5


@click.group()
def database() -> None:
    """Bring the database to the schema that this program needs.

    \b
    Example:
      lupu database upgrade --config /etc/lupu/inside.toml
    """  # noqa: D301  click's \b keeps the lines as they are


@database.command(epilog=options.example("lupu database upgrade --config /etc/lupu/inside.toml"))
@options.configured(NAME)
def upgrade(config: str | None, name: str) -> None:
    """Bring all tables to the newest version.

    To do so twice does no harm. All is done or nothing; workers may go on meanwhile.
    """
    with opened.database(config, name, checked=False) as inside:
        versions = _upgraded(Migrations(inside, opened.lines()))
    click.echo(f"schema: {', '.join(versions)}")


@database.command(epilog=options.example("lupu database version --config /etc/lupu/inside.toml"))
@options.configured(NAME)
def version(config: str | None, name: str) -> None:
    """Say which versions the database has and which this program needs."""
    with opened.database(config, name, checked=False) as inside:
        migrations = Migrations(inside, opened.lines())
        click.echo(f"present: {', '.join(migrations.present()) or 'nothing'}")
        click.echo(f"needed:  {', '.join(migrations.wanted())}")


def _upgraded(migrations: Migrations) -> tuple[str, ...]:
    """Upgrade; where workers have rows or tables that it needs, try again."""
    for _ in range(TRIES_MAX - 1):
        with suppress(DatabaseAway):
            return migrations.upgrade()
        time.sleep(PAUSE_SECONDS)
    return migrations.upgrade()


GROUP = database
