"""``lupu agents``: the agencies that may book; every change reaches the gateways by itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from adapters.certificates import CertificateFacts
from adapters.clock import SystemClock
from internal_apps.ticketing.agents import SIGNATURE, TLS, Agents, NewAgent
from lupu import opened, options

NAME = "ticketing-1"
KEEP_HOURS_MAX = 8_784  # a year
PURPOSES = click.Choice([TLS, SIGNATURE], case_sensitive=False)


@click.group()
def agents() -> None:
    """Add, rotate and block the agencies that may book.

    \b
    Examples:
      lupu agents add 1001 --name-en "Sunny Travel" --name-zh 阳光旅行社 --config inside.toml
      lupu agents trust 1001 1001.crt --config inside.toml
      lupu agents rotate 1001 --keep-hours 24 --config inside.toml
      lupu agents block 1001 --config inside.toml
    """  # noqa: D301  click's \b keeps the lines as they are


@agents.command(
    epilog=options.example(
        'lupu agents add 1001 --name-en "Sunny Travel" --name-zh 阳光旅行社 --config inside.toml'
    )
)
@options.configured(NAME)
@click.argument("number")
@click.option("--name-en", required=True, help="The agency's name in English.")
@click.option("--name-zh", required=True, help="The agency's name in Chinese.")
@click.option("--channel", default="AGENCY", show_default=True, help="Whose quotas it sells from.")
@click.option("--group", is_flag=True, help="It may place group bookings.")
@click.option("--digest", is_flag=True, help="It signs in by digest: its secret goes to gateways.")
@click.option("--sha1", is_flag=True, help="It signs with SHA-1, as old stacks do.")
@click.option(
    "--per-second", default=10, show_default=True, help="Requests a second that are let through."
)
def add(config: str | None, name: str, number: str, **given: object) -> None:
    """Add the agency NUMBER; prints its password, once."""
    new = NewAgent(
        number,
        str(given["name_en"]),
        str(given["name_zh"]),
        str(given["channel"]),
        group_allowed=bool(given["group"]),
        digest_allowed=bool(given["digest"]),
        sha1_allowed=bool(given["sha1"]),
        requests_per_second=int(str(given["per_second"])),
    )
    with _agents(config, name) as known:
        click.echo(f"added {number}, password {known.add(new)}")


@agents.command(
    epilog=options.example(
        "lupu agents rotate 1001 --keep-hours 24 --config /etc/lupu/inside.toml"
    )
)
@options.configured(NAME)
@click.argument("number")
@click.option(
    "--keep-hours",
    type=click.FloatRange(0, KEEP_HOURS_MAX),
    default=0.0,
    show_default=True,
    help="How long the old password works on.",
)
def rotate(config: str | None, name: str, number: str, keep_hours: float) -> None:
    """Give the agency NUMBER a new password; prints it, once."""
    with _agents(config, name) as known:
        password = known.rotate(number, int(keep_hours * 3_600))
    click.echo(f"rotated {number}, password {password}")


@agents.command(epilog=options.example("lupu agents block 1001 --config /etc/lupu/inside.toml"))
@options.configured(NAME)
@click.argument("number")
def block(config: str | None, name: str, number: str) -> None:
    """Let the agency NUMBER in no more.

    What was accepted before is still carried out.
    """
    with _agents(config, name) as known:
        known.block(number)
    click.echo(f"blocked {number}")


@agents.command(epilog=options.example("lupu agents unblock 1001 --config /etc/lupu/inside.toml"))
@options.configured(NAME)
@click.argument("number")
def unblock(config: str | None, name: str, number: str) -> None:
    """Let the agency NUMBER in again."""
    with _agents(config, name) as known:
        known.unblock(number)
    click.echo(f"unblocked {number}")


@agents.command(epilog=options.example("lupu agents rate 1001 50 --config /etc/lupu/inside.toml"))
@options.configured(NAME)
@click.argument("number")
@click.argument("per_second", type=int)
def rate(config: str | None, name: str, number: str, per_second: int) -> None:
    """Let PER_SECOND requests of NUMBER through each gateway."""
    with _agents(config, name) as known:
        known.rate(number, per_second)
    click.echo(f"{number} may send {per_second} a second")


@agents.command(
    epilog=options.example(
        "lupu agents trust 1001 1001.crt --purpose SIGNATURE --config /etc/lupu/inside.toml"
    )
)
@options.configured(NAME)
@click.argument("number")
@click.argument("certificate")
@click.option("--purpose", type=PURPOSES, default=TLS, show_default=True, help="For what.")
def trust(config: str | None, name: str, number: str, certificate: str, purpose: str) -> None:
    """Let the agency NUMBER use CERTIFICATE.

    That is a PEM file or a SHA-256 fingerprint.
    """
    with _agents(config, name) as known:
        known.trust(number, purpose, _fingerprint(certificate))
    click.echo(f"{number} may use {_fingerprint(certificate)} for {purpose}")


@agents.command(
    epilog=options.example(
        "lupu agents distrust 1001 1001.crt --purpose SIGNATURE --config /etc/lupu/inside.toml"
    )
)
@options.configured(NAME)
@click.argument("number")
@click.argument("certificate")
@click.option("--purpose", type=PURPOSES, default=TLS, show_default=True, help="For what.")
@click.option("--revoked", is_flag=True, help="Its key is in other hands: nothing of it counts.")
def distrust(
    config: str | None, name: str, number: str, certificate: str, purpose: str, *, revoked: bool
) -> None:
    """Let the agency NUMBER use CERTIFICATE no more.

    What was accepted before is still carried out, but for a certificate that is --revoked: what
    was signed with it and has not come inside yet goes to the quarantine.
    """
    with _agents(config, name) as known:
        known.distrust(number, purpose, _fingerprint(certificate), revoked=revoked)
    click.echo(f"{number} may no longer use {_fingerprint(certificate)} for {purpose}")


@agents.command(
    "only-signs",
    epilog=options.example("lupu agents only-signs 1001 --config /etc/lupu/inside.toml"),
)
@options.configured(NAME)
@click.argument("number")
def only_signs(config: str | None, name: str, number: str) -> None:
    """Let the agency NUMBER in by its signature alone.

    Its passwords and TLS certificates go.
    """
    with _agents(config, name) as known:
        known.only_signs(number)
    click.echo(f"{number} is let in by its signature alone")


@agents.command("list", epilog=options.example("lupu agents list --config /etc/lupu/inside.toml"))
@options.configured(NAME)
def list_command(config: str | None, name: str) -> None:
    """List every agency."""
    with _agents(config, name) as known:
        for row in known.all():
            click.echo(f"{row.number:<16} {row.status:<8} {row.channel:<12} {row.name_en}")


@contextmanager
def _agents(config: str | None, name: str) -> Iterator[Agents]:
    with opened.database(config, name) as database:
        yield Agents(database, SystemClock())


def _fingerprint(certificate: str) -> str:
    path = Path(certificate)
    return CertificateFacts.read(path).fingerprint if path.exists() else certificate


GROUP = agents
