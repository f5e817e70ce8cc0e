"""``lupu ticketing``: the worker that keeps the bookings, and its catalogue."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from hub.errors import NeverWorks
from hub.ports import InboxState
from internal_apps.ticketing.history import Step, history
from internal_apps.ticketing.loading import EXPO_2010, Sample
from lupu import opened, options

NAME = "ticketing-1"


class NoSuchBooking(NeverWorks):
    """There is no booking of this reference."""


@click.group()
def ticketing() -> None:
    """Run the worker; load a catalogue; follow a booking.

    \b
    Examples:
      lupu ticketing run --config /etc/lupu/inside.toml
      lupu ticketing load --opening 2027-05-01 --config /etc/lupu/inside.toml
      lupu ticketing way K7M2-PX9R-TA4Y --config /etc/lupu/inside.toml
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


@ticketing.command(
    epilog=options.example(
        "lupu ticketing way K7M2-PX9R-TA4Y --json --config /etc/lupu/inside.toml"
    )
)
@options.configured(NAME)
@click.argument("reference")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def way(config: str | None, name: str, reference: str, as_json: bool) -> None:  # noqa: FBT001
    """Show every message about the booking REFERENCE.

    Each with its way across, with times.
    """
    with opened.database(config, name) as database:
        found = history(database, reference)
    if found is None:
        raise NoSuchBooking(f"There is no booking {reference}.")
    steps = [_facts(step) for step in found.steps]
    if as_json:
        click.echo(json.dumps(steps, ensure_ascii=False))
        return
    for step in steps:
        click.echo(f"{step['request']}  {step['outcome'] or step['state'].lower()}")
        for place, at in step["way"]:
            click.echo(f"  {place:<12}  {at}")
        if step["signed_by"]:
            click.echo(f"  signed with the certificate {step['signed_by']}")
        for transmission, at in step["reused"]:
            click.echo(f"  reference used again with other values, refused: {transmission}  {at}")


def _facts(step: Step) -> dict[str, Any]:
    last = "handled" if step.state == InboxState.HANDLED.value else "looked at"
    way = [(hop.place, hop.at) for hop in step.hops] + [(last, step.handled_at)]
    return {
        "request": str(step.request_id),
        "outcome": step.outcome_code,
        "state": step.state,
        "way": [(place, at.isoformat(timespec="microseconds")) for place, at in way],
        "signed_by": step.signed_by,
        "reused": [
            (one.transmission, one.refused_at.isoformat(timespec="microseconds"))
            for one in step.reused
        ],
    }


GROUP = ticketing
