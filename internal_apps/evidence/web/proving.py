"""Both sides compared, for a period and a route: what is wrong, since when, what to do."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, render_template, request

from internal_apps.evidence.compare import OF_SENT, WRONG, Comparison, Item, Verdict
from internal_apps.evidence.entries import APPLICATIONS, Heard, Period
from internal_apps.evidence.reading import compared, count
from internal_apps.evidence.report import Report
from internal_apps.evidence.web import words
from internal_apps.evidence.web.desk import SEE, Desk

HOURS = {"1": 1, "24": 24, "168": 168, "744": 744}
DEFAULT = "24"
# Before it nothing can have been sent; calendars need not go back to the first year.
FIRST_DAY = date(2000, 1, 1)
SHANGHAI = ZoneInfo("Asia/Shanghai")
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
    """What is worth a look, of one verdict, and since when; ``count`` may be more than are shown.

    ``repeated``: how many of those that were lost have come in all the same.
    """

    verdict: Verdict
    count: int
    items: Sequence[Item]
    is_wrong: bool
    since: datetime | None
    repeated: int


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway and whether it should have been heard by now."""

    heard: Heard
    is_silent: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody chose, as the page shows it again; what makes no sense is the last day."""

    hours: str
    day: str
    route: str
    today: str
    period: Period


def add_proving(blueprint: Blueprint, desk: Desk) -> None:
    """Add the page to the blueprint, and what it shows as a file."""

    @blueprint.get("/evidence")
    @desk.shell.requires(SEE)
    def proof() -> Any:
        now = desk.clock.now()
        asked = _asked(now)
        report = _report(desk, asked.period, now)
        return render_template(
            "evidence/proof.html",
            report=report,
            groups=() if report is None else _groups(report.worth_a_look),
            rows=() if report is None else _rows(report.comparison),
            gateways=() if report is None else _gateways(report),
            columns=COLUMNS,
            all_hours=words.HOURS,
            routes=_routes(),
            asked=asked,
            command=_export(asked.period),
        )

    @blueprint.get("/evidence/evidence.json")
    @desk.shell.requires(SEE)
    def file() -> Any:
        now = desk.clock.now()
        report = _report(desk, _asked(now).period, now)
        if report is None:
            abort(413)
        # The key that signs reports stays with the worker that keeps the books.
        said = json.dumps({"signed": False, **report.summary()}, indent=2, ensure_ascii=False)
        headers = {"Content-Disposition": 'attachment; filename="evidence.json"'}
        return Response(said, mimetype="application/json", headers=headers)


def _export(period: Period) -> str:
    """Return the command that makes a signed report of what the page shows."""
    since, until = (
        f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for at in (period.since, period.until)
    )
    route = f" --route {period.route}" if period.route else ""
    return f"lupu evidence export evidence.report --since {since} --until {until}{route}"


def _asked(now: datetime) -> Asked:
    hours, route = request.args.get("hours", ""), request.args.get("route", "")
    hours = hours if hours in HOURS else DEFAULT
    route = route if route in _routes() else ""
    today = now.astimezone(SHANGHAI).date()
    day = _day(request.args.get("day", ""), today)
    since, until = (now - timedelta(hours=HOURS[hours]), now) if day is None else _of(day)
    shown, period = "" if day is None else day.isoformat(), Period(since, min(until, now), route)
    return Asked(hours, shown, route, today.isoformat(), period)


def _day(text: str, today: date) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST_DAY <= day <= today else None


def _of(day: date) -> tuple[datetime, datetime]:
    since = datetime.combine(day, time(), SHANGHAI)
    return since, since + timedelta(days=1)


def _routes() -> list[str]:
    return sorted({*(key.partition(".")[0] for key in APPLICATIONS), *APPLICATIONS.values()})


def _report(desk: Desk, period: Period, now: datetime) -> Report | None:
    """Return the report; None where it would take too long for a page."""
    if count(desk.database, period) > ENTRIES_MAX:
        return None
    entries, comparison = compared(desk.database, period, now, desk.settings.bound_seconds)
    return Report.of(entries, desk.settings.silent_seconds, comparison)


def _groups(items: Sequence[Item]) -> list[Group]:
    found: dict[Verdict, list[Item]] = {}
    for item in items:
        found.setdefault(item.verdict, []).append(item)
    return [_group(verdict, found[verdict]) for verdict in ORDER if verdict in found]


def _group(verdict: Verdict, items: Sequence[Item]) -> Group:
    times = [at for item in items for at in (item.sent_at or item.taken_at,) if at is not None]
    repeated = sum(item.repeated_at is not None for item in items)
    shown, since = items[:ITEMS_MAX], min(times, default=None)
    return Group(verdict, len(items), shown, verdict in WRONG, since, repeated)


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
