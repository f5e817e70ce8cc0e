"""Evidence on a terminal: totals by route, what is worth a look, what is wrong with books."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from internal_apps.evidence.compare import OF_SENT, WRONG, Item, Verdict
from internal_apps.evidence.report import Report

WIDTH_OF_A_PIPE = 200
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
# What there always is a column for; others only where there are any.
_ALWAYS = (Verdict.RECEIVED, Verdict.IN_FLIGHT, Verdict.QUARANTINED, Verdict.DOUBLED, *WRONG)
# What is wrong comes first, then what waits, then what is only told.
_ORDER = (
    *(*WRONG, Verdict.QUARANTINED, Verdict.STOPPED),
    *(Verdict.CORRECTED, Verdict.DOUBLED),
)


def console() -> Console:
    """Return where to print; a pipe gets plain text, wide enough for the tables."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=WIDTH_OF_A_PIPE)


def show(report: Report, console: Console, items_max: int) -> None:
    """Print a report."""
    period = report.entries.period
    asked = period.route or "every route"
    where = f" of {period.origin}" if period.origin else ""
    head = f"{asked}{where}, sent from {_time(period.since)} to {_time(period.until)}"
    console.print(_totals(report, head))
    if report.worth_a_look:
        console.print(_items(report.worth_a_look, items_max))
    if report.findings:
        console.print(_findings(report))
    for one in report.silent:
        since = f" {one.origin}, since {_time(one.heard_at)}"
        console.print(Text.assemble(("silent", "bold red"), since))
    console.print(Text(report.sentence(), style="bold green" if report.fine else "bold red"))


def _table(title: str) -> Table:
    return Table(title=Text(title), box=box.ROUNDED, header_style="bold", title_style="bold")


def _totals(report: Report, head: str) -> Table:
    compared = report.comparison
    table = _table(head)
    shown = [v for v in Verdict if v in _ALWAYS or compared.count(v)]
    table.add_column("message")
    table.add_column("sent", justify="right")
    for verdict in shown:
        table.add_column(verdict.value, justify="right")
    for type_, total in sorted(compared.totals.items()):
        table.add_row(Text(type_ or "not known"), *_counts(total, shown))
    if len(compared.totals) != 1:
        table.add_section()
        together: Counter[Verdict] = Counter()
        for total in compared.totals.values():
            together += total
        table.add_row("all", *_counts(together, shown), style="bold")
    return table


def _counts(total: Counter[Verdict], shown: Sequence[Verdict]) -> Iterator[Text]:
    yield Text(f"{sum(total[verdict] for verdict in OF_SENT):,}")
    for verdict in shown:
        count = total[verdict]
        colour = _COLOURS.get(verdict, "") if count else "bright_black"
        yield Text(f"{count:,}", style=colour)


def _items(items: Sequence[Item], items_max: int) -> Table:
    table = _table("What is worth a look")
    for name in ("what", "transmission", "request", "sent", "taken in", "more"):
        table.add_column(name, overflow="fold")
    ranks = {verdict: rank for rank, verdict in enumerate(_ORDER)}
    ordered = sorted(items, key=lambda item: (ranks.get(item.verdict, len(ranks)), item.key))
    for item in ordered[:items_max]:
        table.add_row(
            Text(item.verdict.value, style=_COLOURS.get(item.verdict, "")),
            Text(str(item.key)),
            Text(item.request),
            _time(item.sent_at),
            _time(item.taken_at),
            Text(_more(item)),
        )
    if len(ordered) > items_max:
        table.caption = f"{len(ordered) - items_max:,} more: --limit, --json"
    return table


def _more(item: Item) -> str:
    if item.repeated_at is None:
        return item.detail
    return f"repeated since, taken in {_time(item.repeated_at)}: nothing is left to do for it"


def _findings(report: Report) -> Table:
    table = _table("What is wrong with books")
    for name in ("found", "what", "gateway", "book", "page", "more"):
        table.add_column(name, overflow="fold")
    for one in report.findings:
        table.add_row(
            _time(one.found_at),
            Text(one.kind, style="bold red"),
            Text(one.origin),
            Text(f"{one.boot}.{one.part}"),
            str(one.page),
            Text(one.detail),
        )
    return table


def _time(at: datetime | None) -> str:
    return "" if at is None else at.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "Z"
