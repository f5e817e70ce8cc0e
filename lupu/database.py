"""``lupu database``: schema versions of the inside database."""

import click

from adapters.database import Migrations
from lupu import opened, options

NAME = "ticketing-1"


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

    To do so twice does no harm.
    """
    with opened.database(config, name, checked=False) as inside:
        versions = Migrations(inside, opened.lines()).upgrade()
    click.echo(f"schema: {', '.join(versions)}")


@database.command(epilog=options.example("lupu database version --config /etc/lupu/inside.toml"))
@options.configured(NAME)
def version(config: str | None, name: str) -> None:
    """Say which versions the database has and which this program needs."""
    with opened.database(config, name, checked=False) as inside:
        migrations = Migrations(inside, opened.lines())
        click.echo(f"present: {', '.join(migrations.present()) or 'nothing'}")
        click.echo(f"needed:  {', '.join(migrations.wanted())}")


GROUP = database
