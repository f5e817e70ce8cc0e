"""Both sides compared, for a period and a route: what is wrong, since when, what to do."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, render_template, request

from internal_apps.evidence.compare import OF_SENT, WRONG, Comparison, Item, Verdict
from internal_apps.evidence.reading import APPLICATIONS, Period, count, read
from internal_apps.evidence.report import Report
from internal_apps.evidence.store import Heard
from internal_apps.evidence.web import words
from internal_apps.evidence.web.desk import SEE, Desk

HOURS = {"1": 1, "24": 24, "168": 168, "744": 744}
DEFAULT = "24"
ENTRIES_MAX = 100_000
ITEMS_MAX = 200
# What is wrong first, then what waits for somebody, then what is only told.
ORDER = (
    *WRONG,
    *(Verdict.QUARANTINED, Verdict.STOPPED, Verdict.CORRECTED, Verdict.IN_FLIGHT),
    *(Verdict.AWAITED, Verdict.DOUBLED, Verdict.ARRIVED, Verdict.ABSENT),
)
COLUMNS = (
    *(Verdict.RECEIVED, Verdict.IN_FLIGHT, Verdict.QUARANTINED, Verdict.LOST),
    *(Verdict.ALTERED, Verdict.INJECTED, Verdict.DOUBLED),
)
# The others are said in one column: nothing is to be done about them.
REST = tuple(verdict for verdict in OF_SENT if verdict not in COLUMNS)


@dataclass(frozen=True, slots=True)
class Row:
    """A message's line of the totals; ``counts`` as in COLUMNS, then all the rest together."""

    name: str
    sent: int
    counts: Sequence[tuple[Verdict | None, int]]


@dataclass(frozen=True, slots=True)
class Group:
    """What is worth a look, of one verdict; ``count`` may be more than are shown."""

    verdict: Verdict
    count: int
    items: Sequence[Item]
    is_wrong: bool


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway and whether it should have been heard by now."""

    heard: Heard
    is_silent: bool


def add_proving(blueprint: Blueprint, desk: Desk) -> None:
    """Add the page to the blueprint."""

    @blueprint.get("/evidence")
    @desk.shell.requires(SEE)
    def proof() -> Any:
        now = desk.clock.now()
        hours, route = request.args.get("hours", ""), request.args.get("route", "")
        hours = hours if hours in HOURS else DEFAULT
        route = route if route in _routes() else ""
        period = Period(now - timedelta(hours=HOURS[hours]), now, route)
        report = _report(desk, period, now)
        return render_template(
            "evidence/proof.html",
            report=report,
            groups=() if report is None else _groups(report.worth_a_look),
            rows=() if report is None else _rows(report.comparison),
            gateways=() if report is None else _gateways(report),
            columns=COLUMNS,
            hours=hours,
            all_hours=words.HOURS,
            route=route,
            routes=_routes(),
            period=period,
        )


def _routes() -> list[str]:
    return sorted({*(key.partition(".")[0] for key in APPLICATIONS), *APPLICATIONS.values()})


def _report(desk: Desk, period: Period, now: datetime) -> Report | None:
    """Return the report; None where it would be too large for a page."""
    if count(desk.database, period) > ENTRIES_MAX:
        return None
    entries = read(desk.database, period, now, desk.settings.bound_seconds)
    return Report.of(entries, desk.settings.silent_seconds)


def _groups(items: Sequence[Item]) -> list[Group]:
    found: dict[Verdict, list[Item]] = {}
    for item in items:
        found.setdefault(item.verdict, []).append(item)
    return [
        Group(verdict, len(found[verdict]), found[verdict][:ITEMS_MAX], verdict in WRONG)
        for verdict in ORDER
        if verdict in found
    ]


def _rows(comparison: Comparison) -> list[Row]:
    rows = [_row(name, total) for name, total in sorted(comparison.totals.items())]
    together: Counter[Verdict] = Counter()
    for total in comparison.totals.values():
        together += total
    return [*rows, _row("", together)] if len(rows) > 1 else rows


def _row(name: str, total: Counter[Verdict]) -> Row:
    counts: list[tuple[Verdict | None, int]] = [(verdict, total[verdict]) for verdict in COLUMNS]
    counts.append((None, sum(total[verdict] for verdict in REST)))
    return Row(name.partition(".")[0], sum(total[verdict] for verdict in OF_SENT), counts)


def _gateways(report: Report) -> list[Gateway]:
    names = {one.origin for one in report.silent}
    return [Gateway(one, one.origin in names) for one in report.entries.gateways]
