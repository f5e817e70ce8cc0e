"""``lupu evidence``: the books of both sides, compared, and the proof to hand on."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from adapters.clock import SystemClock
from adapters.database import Database
from adapters.sealing import Sealing, sealing_of
from adapters.sealing.keys import Use, public_pem
from adapters.sealing.signing import verify as verify_signature
from hub.errors import LupuError, NeverWorks, SettingsError
from internal_apps.evidence import exported, store
from internal_apps.evidence.entries import APPLICATIONS, Period
from internal_apps.evidence.reading import compared, count, read
from internal_apps.evidence.report import Report
from internal_apps.evidence.settings import Evidence
from internal_apps.parking.audit import AuditTrail
from lupu import evidence_tables, opened, options, tables
from lupu.files import write_new

NAME = "evidence-1"
CONFIG = "--config /etc/lupu/inside.toml"
_AGO = re.compile(r"([0-9]{1,6})([mhd])")
# At about 3 kB each.
EXPORTED_MAX = 500_000
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


Reads = Callable[[Database, Period, Evidence], Report]


class NotFine(LupuError):
    """Something is not as it must be, or was not compared."""


class TooMuch(NeverWorks):
    """More than one report can hold, for it is made in memory."""


class NoSuchGateway(NeverWorks):
    """No page of this gateway has ever come."""


class When(click.ParamType[datetime]):
    """A time: ISO 8601, in UTC where no zone is given, or so long ago: 30m, 24h, 7d."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Read it."""
        text = str(value)
        ago = _AGO.fullmatch(text)
        try:
            if ago:
                return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
            at = datetime.fromisoformat(text)
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        except ValueError:
            self.fail(f"'{text}' is neither a time nor so long ago: 24h, 2010-05-01.", param, ctx)
        except OverflowError:
            self.fail(f"'{text}' is before the first year.", param, ctx)


def _period(command: options.Command) -> options.Command:
    """Add the options that say what is looked at."""
    for add in reversed(
        (
            click.option(
                "--since",
                type=When(),
                default="24h",
                show_default=True,
                help="From: so long ago (30m, 24h, 7d), or a time (2010-05-01T08:00+08:00; "
                "in UTC where no zone is given).",
            ),
            click.option("--until", type=When(), default="0m", help="To, said alike; else now."),
            click.option("--route", default="", help="A message (PlaceBooking) or application."),
            click.option("--origin", default="", help="One gateway."),
        )
    ):
        command = add(command)
    return command


@click.group()
def evidence() -> None:
    """Keep the books, compare both sides, hand on the proof.

    \b
    Examples:
      lupu evidence verify --since 24h --config /etc/lupu/inside.toml
      lupu evidence export may.report --since 2010-05-01 --until 2010-06-01 --config inside.toml
      lupu evidence check may.report --key evidence-1.pem
    """  # noqa: D301  click's \b keeps the lines as they are


@evidence.command(
    epilog=options.example(f"lupu evidence verify --since 24h --route ticketing {CONFIG}")
)
@options.configured(NAME)
@_period
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Rows shown.")
@click.option("--json", "as_json", is_flag=True, help="Everything, for programs.")
def verify(
    config: str | None,
    name: str,
    *,
    since: datetime,
    until: datetime,
    route: str,
    origin: str,
    limit: int,
    as_json: bool,
) -> None:
    """Compare what was sent with what was taken in.

    What is wrong is named by its id.
    """
    found = _report(config, name, Period(since, until, route, origin), _compared)
    if as_json:
        click.echo(json.dumps(found.summary(), indent=2))
    else:
        evidence_tables.show(found, tables.console(), limit)
    if not found.fine:
        raise NotFine(found.sentence())


@evidence.command(epilog=options.example(f"lupu evidence export may.report --since 31d {CONFIG}"))
@options.configured(NAME)
@_period
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def export(
    config: str | None,
    name: str,
    *,
    file: Path,
    since: datetime,
    until: datetime,
    route: str,
    origin: str,
) -> None:
    """Write a signed report to FILE.

    It has every entry that it is made from. It names the end of the audit trail too, to which
    'lupu parked audit verify' can be held.
    """
    found = _report(config, name, Period(since, until, route, origin), _with_entries)
    signer = sealing_of(options.configuration(config, name), SystemClock(), opens=False).signer()
    with opened.database(config, name) as database:
        head = str(AuditTrail(database, SystemClock()).head())
    write_new(file, signer.sign(exported.written(found, name, head), exported.PURPOSE))
    click.echo(f"{file}: {found.sent:,} sent. {found.sentence()}")


@evidence.command(epilog=options.example("lupu evidence check may.report --key evidence-1.pem"))
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--key",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="The public key of who made it, PEM; 'lupu evidence public' prints it.",
)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Rows shown.")
def check(file: Path, key: Path, limit: int) -> None:
    """Check the report FILE with only the public key.

    Its signature first, then its sums.
    """
    payload = verify_signature(file.read_bytes(), exported.PURPOSE, _public(key))
    found, made_by = exported.again(payload), exported.made_by(payload)
    evidence_tables.show(found, tables.console(), limit)
    at = found.entries.view.now.isoformat(timespec="seconds")
    click.echo(f"signed by {made_by}, made {at}")
    click.echo(f"proved: {exported.PROVED}")
    click.echo(f"believed of {made_by}: {exported.BELIEVED}")
    if head := exported.audit_head(payload):
        click.echo(f"the audit trail ended with {head}")
    if not found.fine:
        raise NotFine(found.sentence())


@evidence.command(epilog=options.example(f"lupu evidence public {CONFIG} > evidence-1.pem"))
@options.configured(NAME)
def public(config: str | None, name: str) -> None:
    """Print the public key with which NAME's reports are checked."""
    configuration = options.configuration(config, name)
    sealed = sealing_of(configuration, SystemClock(), opens=False)
    found = sealed.keyring().newest(name, Use.SIGN, datetime.now(UTC))
    if found is None:
        raise SettingsError(f"[{Sealing.section}] the keyring has no key of {name} to sign with.")
    click.echo(public_pem(Use.SIGN, found.public), nl=False)


@evidence.command(epilog=options.example(f"lupu evidence retire gateway-3 {CONFIG}"))
@options.configured(NAME)
@click.argument("gateway")
def retire(config: str | None, name: str, gateway: str) -> None:
    """Expect no pages of GATEWAY any more.

    One that comes all the same ends that.
    """
    with opened.database(config, name) as database, database.begin() as connection:
        if not store.retire(connection, gateway, datetime.now(UTC)):
            raise NoSuchGateway(f"No page of {gateway} has ever come.")
    click.echo(f"{gateway} is not expected to be heard any more")


def _report(config: str | None, name: str, period: Period, read_all: Reads) -> Report:
    _check_period(period)
    settings = options.configuration(config, name).read(Evidence)
    with opened.database(config, name) as database:
        found = read_all(database, period, settings)
    known = {one.origin for one in found.entries.gateways}
    if period.origin and period.origin not in known and found.is_empty and not found.is_wrong:
        raise click.BadParameter(
            f"No page of {period.origin} has ever come, and nothing came in its name.",
            param_hint="--origin",
        )
    return found


def _compared(database: Database, period: Period, settings: Evidence) -> Report:
    """Compare, however much there is."""
    entries, comparison = compared(database, period, datetime.now(UTC), settings.bound_seconds)
    return Report.of(entries, settings.silent_seconds, comparison)


def _with_entries(database: Database, period: Period, settings: Evidence) -> Report:
    """Compare and keep all that it is made from; TooMuch where that would not fit."""
    if (many := count(database, period)) > EXPORTED_MAX:
        raise TooMuch(
            f"{many:,} transmissions are more than one report can hold ({EXPORTED_MAX:,}): "
            "take a shorter time, one --route or one --origin. 'verify' compares any number."
        )
    entries = read(database, period, datetime.now(UTC), settings.bound_seconds)
    return Report.of(entries, settings.silent_seconds)


def _check_period(period: Period) -> None:
    """UsageError where nothing could be found, whatever was sent: it would look fine."""
    if period.since >= period.until:
        raise click.UsageError("--since must be before --until.")
    if period.types is not None and not period.types:
        known = ", ".join(sorted({*APPLICATIONS.values(), *(_plain(key) for key in APPLICATIONS)}))
        raise click.BadParameter(f"'{period.route}' is none of: {known}.", param_hint="--route")


def _plain(key: str) -> str:
    return key.partition(".")[0]


def _public(path: Path) -> bytes:
    try:
        key = load_pem_public_key(path.read_bytes())
        return key.public_bytes_raw()  # type: ignore[union-attr]
    except (ValueError, AttributeError) as error:
        raise SettingsError(f"{path} is no Ed25519 public key in PEM.") from error


GROUP = evidence
