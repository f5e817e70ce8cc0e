"""``lupu parked``: messages that failed by themselves and wait for a person."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from adapters.clock import SystemClock
from adapters.database import InboxStore, ParkedMessages
from lupu import opened, options

NAME = "ticketing-1"


@click.group()
def parked() -> None:
    """Look at messages that failed by themselves, and have them handled again.

    \b
    Examples:
      lupu parked list --config inside.toml
      lupu parked show agent:1001/PlaceBooking/A-17 --config inside.toml
      lupu parked retry agent:1001/PlaceBooking/A-17 --config inside.toml
    """  # noqa: D301  click's \b keeps the lines as they are


@parked.command("list", epilog=options.example("lupu parked list --config /etc/lupu/inside.toml"))
@options.configured(NAME)
def list_command(config: str | None, name: str) -> None:
    """List what is parked, the oldest first, with its reason."""
    with _parked(config, name) as messages:
        for entry in messages.all():
            at = entry.parked_at.isoformat(timespec="seconds")
            click.echo(f"{at}  {entry.request_id}  {entry.reason}")


@parked.command(
    epilog=options.example(
        "lupu parked show agent:1001/PlaceBooking/A-17 --config /etc/lupu/inside.toml"
    )
)
@options.configured(NAME)
@click.argument("request")
def show(config: str | None, name: str, request: str) -> None:
    """Show the original document of REQUEST; it may hold personal data."""
    with _parked(config, name) as messages:
        click.echo(messages.message(request).body)


@parked.command(
    epilog=options.example(
        "lupu parked retry agent:1001/PlaceBooking/A-17 --config /etc/lupu/inside.toml"
    )
)
@options.configured(NAME)
@click.argument("request")
def retry(config: str | None, name: str, request: str) -> None:
    """Have REQUEST handled again; if it fails again it is parked again."""
    with _parked(config, name) as messages:
        messages.release(request)
    click.echo(f"{request} will be handled again")


@contextmanager
def _parked(config: str | None, name: str) -> Iterator[ParkedMessages]:
    with opened.database(config, name) as database:
        yield ParkedMessages(InboxStore(database, SystemClock()))


GROUP = parked
