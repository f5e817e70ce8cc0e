"""``lupu certificates list``: days left, who is revoked, what must be renewed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
from cryptography import x509
from rich.text import Text

from certs import forms, storage
from certs.authority import AUTHORITY, RENEW_DAYS, Authority, sides
from certs.record import Entry
from certs.revocation import read_lists
from certs.rotation import Rotation, Stage
from hub.errors import LupuError
from lupu import options, tables

COLUMNS = ("name", "for", "serial", "since", "until", "days left", "state")
FINE, SOON, OUT, PAST = "in force", "RENEW", "ENDED", "replaced"
_COLOURS = {FINE: "green", SOON: "yellow", OUT: "bold red", PAST: "dim"}
_SERIAL_CHARACTERS = 16


class NotFine(LupuError):
    """Something must be renewed."""


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of the list; ``renewed_by`` is the command where it must be renewed."""

    cells: tuple[str, ...]
    state: str
    days_left: int
    renewed_by: str = ""

    def shown(self) -> list[str | Text]:
        """Return the cells as a table has them."""
        colour = _COLOURS.get(self.state, "red")
        days = Text(f"{self.days_left:,}", style=colour, justify="right")
        return [*self.cells, days, Text(self.state, style=colour)]


@click.command("list", epilog=options.example("lupu certificates list --days-left 45"))
@click.option(
    "--days-left", default=RENEW_DAYS, show_default=True, help="What has no more must be renewed."
)
@click.option("--all", "every", is_flag=True, help="What was replaced or has ended too.")
def list_command(folder: Path, days_left: int, *, every: bool) -> None:
    """List every certificate with the days it still has.

    Exit status 1, and a sentence for each, where something must be renewed.
    """
    console = tables.console()
    due: list[_Row] = []
    found = sides(folder)
    if not found:
        raise NotFine(f"There is no authority in {folder}; make one: lupu certificates make")
    for authority in found:
        rows = list(_rows(authority, days_left, every=every))
        shown = [row.shown() for row in rows]
        caption = _caption(authority)
        tables.show(console, COLUMNS, shown, title=authority.side, caption=caption)
        due += [row for row in rows if row.renewed_by]
    if due:
        told = "; ".join(f"{row.cells[0]} ({row.days_left} days): {row.renewed_by}" for row in due)
        raise NotFine(f"to be renewed: {told}")


def _rows(authority: Authority, limit: int, *, every: bool) -> Iterator[_Row]:
    now, side = datetime.now(UTC), authority.side
    for one in authority.trusted():
        yield _row(AUTHORITY, "signs", one, (now, limit), f"lupu certificates rotate {side}")
    for crl in read_lists(authority.crl) if authority.crl.exists() else ():
        cells = ("revoked", f"{crl.count} revoked", f"list {crl.number}")
        dates = (_day(crl.made_at), _day(crl.ends_at))
        by = f"lupu certificates crl {side}"
        yield _judged((*cells, *dates), crl.days_left(now), limit, by)
    yield from _issued(authority, (now, limit), every=every)


def _issued(authority: Authority, at: tuple[datetime, int], *, every: bool) -> Iterator[_Row]:
    now, side = at[0], authority.side
    files = [authority.folder / f"{name}.crt" for name in authority.names()]
    current = {one.serial_number: one for one in map(storage.read_certificate, files)}
    for entry in sorted(authority.record(), key=lambda entry: (entry.name, entry.begins_at)):
        found = current.get(entry.serial)
        if entry.revoked_at is not None:
            if every or not entry.ended(now):
                yield _past(entry, now, f"REVOKED {_day(entry.revoked_at)} {entry.reason}")
        elif found is not None:
            by = f"lupu certificates renew {side} {entry.name}"
            if not (authority.folder / f"{entry.name}.key").exists():
                by = f"ask for a request, lupu certificates issue {side} {entry.name} --csr FILE"
            yield _row(entry.name, entry.purpose, found, at, by)
        elif every:
            yield _past(entry, now, OUT if entry.ended(now) else PAST)


def _row(
    name: str, purpose: str, one: x509.Certificate, at: tuple[datetime, int], by: str
) -> _Row:
    now, limit = at
    dates = (_day(one.not_valid_before_utc), _day(one.not_valid_after_utc))
    shown = name if name != AUTHORITY else forms.common_name(one)
    cells = (shown, purpose, f"{one.serial_number:x}"[:_SERIAL_CHARACTERS], *dates)
    return _judged(cells, (one.not_valid_after_utc - now).days, limit, by)


def _judged(cells: tuple[str, ...], days: int, limit: int, by: str) -> _Row:
    if days > limit:
        return _Row(cells, FINE, days)
    return _Row(cells, OUT if days < 0 else SOON, days, by)


def _past(entry: Entry, now: datetime, state: str) -> _Row:
    dates = (_day(entry.begins_at), _day(entry.ends_at))
    cells = (entry.name, entry.purpose, entry.shown[:_SERIAL_CHARACTERS], *dates)
    return _Row(cells, state.strip(), (entry.ends_at - now).days)


def _caption(authority: Authority) -> str:
    stage = Rotation(authority).stage()
    if stage is Stage.NONE:
        return ""
    step = "reissue" if stage is Stage.TRUSTED else "retire"
    return f"being rotated; next: lupu certificates rotate {authority.side} --step {step}"


def _day(at: datetime) -> str:
    return at.strftime("%Y-%m-%d")
