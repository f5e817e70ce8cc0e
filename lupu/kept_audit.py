"""``lupu parked audit``: the trail of what was done to kept messages, and whether it is whole."""

import json
from dataclasses import asdict

import click

from adapters.clock import SystemClock
from hub.errors import LupuError
from internal_apps.parking.audit import AuditTrail
from internal_apps.parking.domain import Head
from lupu import kept_shown, opened, options

NAME = "ticketing-1"


class Tampered(LupuError):
    """The audit trail is not whole; every fault is named."""


def _example(rest: str) -> str:
    return options.example(f"lupu parked audit {rest} --config /etc/lupu/inside.toml")


@click.group(epilog=_example("verify"))
def audit() -> None:
    """Read the audit trail of kept messages, and find out whether it was tampered with."""


@audit.command("list", epilog=_example("list --message agent:1001/PlaceBooking/A-17"))
@options.configured(NAME)
@click.option("--message", default="", metavar="MESSAGE", help="About this message only.")
@click.option(
    "--count", type=click.IntRange(1), default=50, show_default=True, help="Lines at most."
)
def list_command(config: str | None, name: str, message: str, count: int) -> None:
    """List who did what to which message, the last first."""
    with opened.database(config, name) as database:
        kept_shown.story(AuditTrail(database, SystemClock()).entries(count, name=message))


@audit.command(epilog=_example("head"))
@options.configured(NAME)
def head(config: str | None, name: str) -> None:
    """Print the end of the trail, to be noted where nobody who has the database can write."""
    with opened.database(config, name) as database:
        click.echo(AuditTrail(database, SystemClock()).head())


@audit.command(epilog=_example("verify --noted 17:" + "5f2c9d41a7b3e806" * 4))
@options.configured(NAME)
@click.option("--noted", multiple=True, metavar="HEAD", help="What 'audit head' printed before.")
def verify(config: str | None, name: str, noted: tuple[str, ...]) -> None:
    """Read the whole trail: find a changed, removed or inserted entry.

    Whoever could write the whole trail anew is found out by a HEAD that was noted elsewhere.
    """
    heads = [Head.parse(text) for text in noted]
    with opened.database(config, name) as database:
        verdict = AuditTrail(database, SystemClock()).verify(heads)
    for fault in verdict.faults:
        click.echo(fault)
    if verdict.faults:
        raise Tampered("The audit trail is not whole.")
    click.echo(f"{verdict.entries} entries, whole; head {verdict.head}")


@audit.command(epilog=_example("export"))
@options.configured(NAME)
def export(config: str | None, name: str) -> None:
    """Print every entry as a line of JSON, the first first, the head as the last line."""
    with opened.database(config, name) as database:
        trail = AuditTrail(database, SystemClock())
        last = Head(0, "")
        for entry in trail.exported():
            facts = asdict(entry) | {"at": entry.at.isoformat(timespec="microseconds")}
            click.echo(json.dumps(facts, ensure_ascii=True))
            last = Head(entry.number, entry.hash)
        click.echo(json.dumps({"head": str(last)}))
