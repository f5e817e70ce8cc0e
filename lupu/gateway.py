"""``lupu gateway``: the process, and what its books are asked for."""

from datetime import UTC, datetime, timedelta

import click

from dmz_gateway.books.files import ask_again
from dmz_gateway.settings import Gateway
from lupu import options

NAME = "gateway-1"
EXAMPLE = "lupu gateway books-again --hours 3 --config /etc/lupu/outside.toml --name gateway-1"


@click.group()
def gateway() -> None:
    """Run the gateway; have it send its books once more.

    \b
    Examples:
      lupu gateway run --config /etc/lupu/outside.toml --name gateway-1
      lupu gateway books-again --hours 3 --config /etc/lupu/outside.toml
    """  # noqa: D301  click's \b keeps the lines as they are


@gateway.command("books-again", epilog=options.example(EXAMPLE))
@options.configured(NAME)
@click.option("--hours", type=click.FloatRange(0), required=True, help="How far to go back.")
def books_again(config: str | None, name: str, *, hours: float) -> None:
    """Have it send the pages of its books once more.

    For an inside whose database was restored and whose evidence kept no journal. The running
    process begins within seconds; what the inside knows is not doubled by it.
    """
    settings = options.configuration(config, name).read(Gateway)
    ask_again(settings.books_of(name), datetime.now(UTC) - timedelta(hours=hours))
    click.echo(f"{name} sends the pages of the last {hours:g} hours once more")


GROUP = gateway
