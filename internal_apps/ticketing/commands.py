"""Chores of ticketing on the command line: agents, and loading a catalogue."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from adapters.clock import SystemClock
from adapters.database import Database, DatabaseSettings
from hub.settings import CONFIG_VARIABLE, Configuration, config_path
from internal_apps.ticketing.agents import SIGNATURE, TLS, Agents, NewAgent
from internal_apps.ticketing.loading import EXPO_2010, Sample

NAME = "ticketing-1"
SECRET_FILE_MODE = 0o600
DAY_SECONDS = 86_400

Command = TypeVar("Command", bound=Callable[..., Any])


def _configured(command: Command) -> Command:
    help_config = f"The zone's configuration, TOML.  [environment: {CONFIG_VARIABLE}]"
    config = click.option("--config", "-c", metavar="FILE", help=help_config)
    name = click.option("--name", "-n", metavar="COMPONENT", default=NAME, show_default=True)
    return config(name(command))


_secret_file = click.option(
    "--secret-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the password to this new file, readable by its owner only, and do not print it.",
)


@click.group()
def agents() -> None:
    """Add agents, renew their passwords, block them; gateways know within seconds.

    \b
    Examples:
      lupu agents add 1001 --name-en 'Harbour Travel' --name-zh 海港旅行社 --channel AGENCY
      lupu agents rotate 1001 --keep-days 7 --secret-file 1001.secret
      lupu agents block 1001
    """  # noqa: D301  click's \b keeps the lines as they are


@agents.command()
@_configured
@click.argument("number")
@click.option("--name-en", required=True, help="The agent's name in English.")
@click.option("--name-zh", required=True, help="The agent's name in Chinese.")
@click.option("--channel", default="AGENCY", show_default=True, help="The channel it sells in.")
@click.option("--group/--no-group", "group_allowed", help="May it sell group tickets?")
@click.option("--digest/--no-digest", "digest_allowed", help="May it sign in by digest?")
@click.option("--sha1/--no-sha1", "sha1_allowed", help="May it still sign with SHA-1?")
@click.option("--rate", "requests_per_second", default=10, show_default=True, help="A second.")
@_secret_file
def add(config: str | None, name: str, secret_file: Path | None, **given: Any) -> None:
    """Add agent NUMBER and tell its generated password, once.

    \b
    Example:
      lupu agents add 1001 --name-en 'Harbour Travel' --name-zh 海港旅行社 --group
    """  # noqa: D301  click's \b keeps the lines as they are
    with _agents(config, name) as known:
        _tell(known.add(NewAgent(**given)), secret_file)


@agents.command()
@_configured
@click.argument("number")
@click.option("--keep-days", default=0.0, show_default=True, help="How long old ones still work.")
@_secret_file
def rotate(
    config: str | None, name: str, number: str, keep_days: float, secret_file: Path | None
) -> None:
    """Give agent NUMBER a new password."""
    with _agents(config, name) as known:
        _tell(known.rotate(number, int(keep_days * DAY_SECONDS)), secret_file)


@agents.command()
@_configured
@click.argument("number")
def block(config: str | None, name: str, number: str) -> None:
    """Let agent NUMBER in no more."""
    with _agents(config, name) as known:
        known.block(number)


@agents.command()
@_configured
@click.argument("number")
def unblock(config: str | None, name: str, number: str) -> None:
    """Let agent NUMBER in again."""
    with _agents(config, name) as known:
        known.unblock(number)


_purpose = click.option(
    "--for",
    "purpose",
    type=click.Choice(["connecting", "signing"]),
    default="connecting",
    show_default=True,
)
_PURPOSES = {"connecting": TLS, "signing": SIGNATURE}


@agents.command()
@_configured
@click.argument("number")
@click.argument("fingerprint")
@_purpose
def trust(config: str | None, name: str, number: str, fingerprint: str, purpose: str) -> None:
    """Let agent NUMBER use the certificate whose SHA-256 is FINGERPRINT."""
    with _agents(config, name) as known:
        known.trust(number, _PURPOSES[purpose], fingerprint)


@agents.command()
@_configured
@click.argument("number")
@click.argument("fingerprint")
@_purpose
def distrust(config: str | None, name: str, number: str, fingerprint: str, purpose: str) -> None:
    """Let a certificate of agent NUMBER be used no more."""
    with _agents(config, name) as known:
        known.distrust(number, _PURPOSES[purpose], fingerprint)


@agents.command(name="list")
@_configured
def show(config: str | None, name: str) -> None:
    """Show every agent."""
    with _agents(config, name) as known:
        for row in known.all():
            may = [
                word
                for word, allowed in (
                    ("group", row.group_allowed),
                    ("digest", row.digest_allowed),
                    ("sha1", row.sha1_allowed),
                )
                if allowed
            ]
            click.echo(
                f"{row.number:<12} {row.status:<8} {row.channel:<12} "
                f"{row.requests_per_second:>4}/s  {row.name_en}  {row.name_zh}  {' '.join(may)}"
            )


@click.group()
def catalogue() -> None:
    """Load what is sold.

    \b
    Example:
      lupu catalogue load --opening 2027-05-01
    """  # noqa: D301  click's \b keeps the lines as they are


@catalogue.command()
@_configured
@click.option(
    "--file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=EXPO_2010,
    help="Rules to load; without it, those of Expo 2010.",
)
@click.option(
    "--opening",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Move every date so that the first day is this one.",
)
def load(config: str | None, name: str, file: Path, opening: datetime | None) -> None:
    """Load ticket types, prices, days and places into an empty catalogue."""
    first: date | None = None if opening is None else opening.replace(tzinfo=UTC).date()
    sample = Sample(file, first)
    with _database(config, name) as database, database.begin() as connection:
        sample.load(connection)
    click.echo(f"loaded: {sample.days[0]} to {sample.days[-1]}")


COMMANDS = (agents, catalogue)


@contextmanager
def _agents(config: str | None, name: str) -> Iterator[Agents]:
    with _database(config, name) as database:
        yield Agents(database, SystemClock())


@contextmanager
def _database(config: str | None, name: str) -> Iterator[Database]:
    settings = Configuration(config_path(config), name).read(DatabaseSettings)
    database = Database(settings.address(), lock_wait_seconds=settings.lock_wait_seconds)
    try:
        yield database
    finally:
        database.close()


def _tell(secret: str, secret_file: Path | None) -> None:
    if secret_file is None:
        click.echo(f"password (told once): {secret}")
        return
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with os.fdopen(os.open(secret_file, flags, SECRET_FILE_MODE), "w") as file:
        file.write(secret + "\n")
    click.echo(f"password written to {secret_file}")
