"""Evidence on a terminal: totals by route, what is worth a look, what is wrong with books."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from internal_apps.evidence.compare import OF_SENT, WRONG, Item, Verdict
from internal_apps.evidence.report import Report
from lupu import tables

_COLOURS = {
    Verdict.LOST: "bold red",
    Verdict.ALTERED: "bold red",
    Verdict.INJECTED: "bold red",
    Verdict.UNBOOKED: "bold red",
    Verdict.DOUBLED: "yellow",
    Verdict.QUARANTINED: "yellow",
    Verdict.STOPPED: "yellow",
    Verdict.CORRECTED: "yellow",
    Verdict.IN_FLIGHT: "cyan",
    Verdict.AWAITED: "cyan",
}
ALL = "all"
# What there always is a column for; others only where there are any.
_ALWAYS = (Verdict.RECEIVED, Verdict.IN_FLIGHT, Verdict.QUARANTINED, Verdict.DOUBLED, *WRONG)
# What is wrong comes first, then what waits, then what is only told.
_ORDER = (
    *(*WRONG, Verdict.QUARANTINED, Verdict.STOPPED),
    *(Verdict.CORRECTED, Verdict.DOUBLED),
)


def show(report: Report, console: Console, items_max: int) -> None:
    """Print a report."""
    period = report.entries.period
    asked = period.route or "every route"
    where = f" of {period.origin}" if period.origin else ""
    head = f"{asked}{where}, sent from {_time(period.since)} to {_time(period.until)}"
    totals = _totals(report, head)
    console.print(totals if tables.fits(console, totals) else _narrow(report, head))
    if report.worth_a_look:
        _items(report.worth_a_look, console, items_max)
    if report.findings:
        _findings(report, console)
    for one in report.silent:
        since = f" {one.origin}, since {_time(one.heard_at)}"
        console.print(Text.assemble(("silent", "bold red"), since))
    console.print(Text(report.sentence(), style="bold green" if report.fine else "bold red"))


def _totals(report: Report, head: str) -> Table:
    compared = report.comparison
    table = tables.rounded(head)
    shown = [v for v in Verdict if v in _ALWAYS or compared.count(v)]
    table.add_column("message")
    table.add_column("sent", justify="right")
    for verdict in shown:
        table.add_column(verdict.value, justify="right")
    for name, total in _rows(report):
        _add(table, name, *_counts(total, shown))
    return table


def _narrow(report: Report, head: str) -> Table:
    """Return the totals for a terminal on which not every verdict has room for a column."""
    table = tables.rounded(head)
    for name, side in (("message", "left"), ("sent", "right"), ("received", "right")):
        table.add_column(name, justify=side)  # type: ignore[arg-type]
    table.add_column("else", overflow="fold")
    for name, total in _rows(report):
        rest = [
            Text(f"{total[verdict]:,} {verdict.value}", style=_COLOURS.get(verdict, ""))
            for verdict in sorted(total, key=_rank)
            if total[verdict] and verdict is not Verdict.RECEIVED
        ]
        counts = _counts(total, (Verdict.RECEIVED,))
        _add(table, name, *counts, Text(", ").join(rest))
    return table


def _add(table: Table, name: str, *cells: Text) -> None:
    """Add a line; that of all stands apart."""
    if name == ALL:
        table.add_section()
    table.add_row(Text(name), *cells, style="bold" if name == ALL else "")


def _rows(report: Report) -> Iterator[tuple[str, Counter[Verdict]]]:
    """Yield what each message comes to, and all of them together."""
    totals = report.comparison.totals
    together: Counter[Verdict] = Counter()
    for type_, total in sorted(totals.items()):
        together += total
        yield type_ or "not known", total
    if len(totals) != 1:
        yield ALL, together


def _counts(total: Counter[Verdict], shown: Sequence[Verdict]) -> Iterator[Text]:
    yield Text(f"{sum(total[verdict] for verdict in OF_SENT):,}")
    for verdict in shown:
        count = total[verdict]
        colour = _COLOURS.get(verdict, "") if count else "bright_black"
        yield Text(f"{count:,}", style=colour)


def _rank(verdict: Verdict) -> int:
    return _ORDER.index(verdict) if verdict in _ORDER else len(_ORDER)


def _items(items: Sequence[Item], console: Console, items_max: int) -> None:
    ordered = sorted(items, key=lambda item: (_rank(item.verdict), item.key))
    rows = [
        (
            Text(item.verdict.value, style=_COLOURS.get(item.verdict, "")),
            *(str(item.key), item.request, _time(item.sent_at), _time(item.taken_at)),
            _more(item),
        )
        for item in ordered[:items_max]
    ]
    columns = ("what", "transmission", "request", "sent", "taken in", "more")
    hidden = len(ordered) - len(rows)
    caption = f"{hidden:,} more: --limit, --json" if hidden else ""
    tables.show(console, columns, rows, title="What is worth a look", caption=caption)


def _more(item: Item) -> str:
    if item.repeated_at is None:
        return item.detail
    return f"repeated since, taken in {_time(item.repeated_at)}: nothing is left to do for it"


def _findings(report: Report, console: Console) -> None:
    rows = [
        (
            *(_time(one.found_at), Text(one.kind, style="bold red"), one.origin),
            *(f"{one.boot}.{one.part}", str(one.page), one.detail),
        )
        for one in report.findings
    ]
    columns = ("found", "what", "gateway", "book", "page", "more")
    tables.show(console, columns, rows, title="What is wrong with books")


def _time(at: datetime | None) -> str:
    return "" if at is None else at.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "Z"
