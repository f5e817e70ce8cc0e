"""``lupu ticketing``: the worker that keeps the bookings, and its catalogue."""

from datetime import datetime
from pathlib import Path

import click

from internal_apps.ticketing.loading import EXPO_2010, Sample
from lupu import opened, options

NAME = "ticketing-1"


@click.group()
def ticketing() -> None:
    """Run the worker; load a catalogue.

    \b
    Examples:
      lupu ticketing run --config /etc/lupu/inside.toml
      lupu ticketing load --opening 2027-05-01 --config /etc/lupu/inside.toml
    """  # noqa: D301  click's \b keeps the lines as they are


@ticketing.command(
    epilog=options.example(
        "lupu ticketing load --opening 2027-05-01 --config /etc/lupu/inside.toml"
    )
)
@options.configured(NAME)
@click.option(
    "--file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=EXPO_2010,
    help="The catalogue, TOML; Expo 2010's own if none is named.",
)
@click.option(
    "--opening",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The opening day; every date of the file is moved along with it.",
)
def load(config: str | None, name: str, file: Path, opening: datetime | None) -> None:
    """Load a catalogue into an empty database."""
    sample = Sample(file, None if opening is None else opening.date())
    with opened.database(config, name) as database, database.begin() as connection:
        sample.load(connection)
    click.echo(f"loaded {len(sample.days)} days from {sample.days[0]} to {sample.days[-1]}")


GROUP = ticketing
