"""``lupu parked audit``: the trail of what was done to kept messages, and whether it is whole."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import TextIO

import click

from adapters.clock import SystemClock
from adapters.sealing import Sealing, sealing_of
from adapters.sealing.keyring import Keyring
from adapters.sealing.signing import CoseSignatures, Trusted
from hub.errors import LupuError, NotAuthentic
from hub.settings import Configuration
from internal_apps.parking import heads
from internal_apps.parking.audit import AuditTrail
from internal_apps.parking.domain import Head
from lupu import kept_shown, opened, options

# Evidence has the key that heads are signed with.
NAME = "evidence-1"
EVENT = "audit.head"
# A head stays proved though its key has ended; one that is revoked proves nothing.
ENDED_KEPT = timedelta(days=36_500)


class Tampered(LupuError):
    """The audit trail is not whole; every fault is named."""


def _example(rest: str) -> str:
    return options.example(f"lupu parked audit {rest} --config /etc/lupu/inside.toml")


@click.group(epilog=_example("verify"))
def audit() -> None:
    """Read the audit trail, find whether it is whole."""


@audit.command("list", epilog=_example("list --message agent:1001/PlaceBooking/A-17"))
@options.configured(NAME)
@click.option("--message", default="", metavar="MESSAGE", help="About this message only.")
@click.option(
    "--count", type=click.IntRange(1), default=50, show_default=True, help="Lines at most."
)
def list_command(config: str | None, name: str, message: str, count: int) -> None:
    """List who did what to which message, the last first."""
    with opened.database(config, name) as database:
        entries = AuditTrail(database, SystemClock()).entries(count, name=message)
        kept_shown.story(entries, named=True)


@audit.command(epilog=_example("head --signed"))
@options.configured(NAME)
@click.option("--signed", is_flag=True, help="With evidence's signature: it proves itself.")
def head(config: str | None, name: str, *, signed: bool) -> None:
    """Print the end of the trail, to be noted elsewhere.

    That is where nobody who has the database can write. Evidence's worker does so by itself, in
    its log.
    """
    clock = SystemClock()
    with opened.database(config, name) as database:
        found = AuditTrail(database, clock).head()
    if signed:
        signer = sealing_of(options.configuration(config, name), clock, opens=False).signer()
        click.echo(heads.sign(found, clock.now(), signer))
    else:
        click.echo(found)


@audit.command(epilog=_example("verify --log evidence-1.log"))
@options.configured(NAME)
@click.option("--noted", multiple=True, metavar="HEAD", help="What 'audit head' printed before.")
@click.option(
    "--log",
    type=click.File("r", encoding="utf-8"),
    help=f"Evidence's log: every {EVENT} in it was noted; - for standard input.",
)
def verify(config: str | None, name: str, noted: tuple[str, ...], log: TextIO | None) -> None:
    """Read the whole trail: find a changed, removed or inserted entry.

    Whoever could write the whole trail anew, or cut off its end, is found out by a HEAD that was
    noted elsewhere. What is signed is checked against the keyring.
    """
    configuration = options.configuration(config, name)
    found = [_head(text, configuration) for text in noted]
    if log is not None:
        found += _logged(log, configuration)
    with opened.database(config, name) as database:
        verdict = AuditTrail(database, SystemClock()).verify(found)
    for fault in verdict.faults:
        click.echo(fault)
    if verdict.faults:
        raise Tampered("The audit trail is not whole.")
    heads_held = f"{len(found)} head{'s' if len(found) > 1 else ''}"
    held = f"; held to {heads_held} noted elsewhere" if found else ""
    click.echo(f"{verdict.entries} entries, whole; head {verdict.head}{held}")


@audit.command(epilog=_example("export"))
@options.configured(NAME)
def export(config: str | None, name: str) -> None:
    """Print every entry as a line of JSON.

    The first first, and the head as the last line.
    """
    with opened.database(config, name) as database:
        trail = AuditTrail(database, SystemClock())
        last = Head(0, "")
        for entry in trail.exported():
            facts = asdict(entry) | {"at": entry.at.isoformat(timespec="microseconds")}
            click.echo(json.dumps(facts, ensure_ascii=True))
            last = Head(entry.number, entry.hash)
        click.echo(json.dumps({"head": str(last)}))


def _head(text: str, configuration: Configuration) -> Head:
    """Return a noted head; one that is signed, only if evidence signed it."""
    return Head.parse(text) if ":" in text else heads.read(text, _signatures(configuration)).head


def _logged(log: TextIO, configuration: Configuration) -> Iterator[Head]:
    """Return every head in a log; where evidence has keys, what is not signed was put in."""
    signs, found = configuration.has(Sealing), 0
    for line in log:
        event = _event(line)
        if event.get("event") != EVENT:
            continue
        if signs and not event.get("signed"):
            raise NotAuthentic(f"The log has the head {event.get('head')} without a signature.")
        found += 1
        yield _head(str(event["signed"] if signs else event.get("head")), configuration)
    if not found:
        raise NotAuthentic(f"The log has no {EVENT}: it is not that of evidence's worker.")


def _event(line: str) -> dict[str, object]:
    """Return what a line of a log says; whatever collected it may have put words before."""
    try:
        event = json.loads(line[line.index("{") :])
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}


def _signatures(configuration: Configuration) -> CoseSignatures:
    keyring = Keyring.read(configuration.read(Sealing).keyring)
    return CoseSignatures(lambda: keyring, SystemClock().now, Trusted(ended_kept=ENDED_KEPT))
