"""What the demo shows: its progress, the bookings as a table, addresses and sign-ins."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from deploy.local.agency import Asked

WIDTH_MIN = 120
# What no column of references and codes goes below.
NARROW_MIN = 16
FEN_PER_YUAN = 100

Way = Sequence[tuple[str, datetime]]
_NO_WAY = {
    "ListOffers": "answered by the gateway from what is published",
    "GetBooking": "a query: read inside, kept nowhere",
}
_STATES = {
    "HELD": "yellow",
    "CONFIRMED": "green",
    "CANCELLED": "bright_black",
    "EXPIRED": "bright_black",
}


def console() -> Console:
    """Return where to print; a pipe gets plain text, wide enough for the table."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=WIDTH_MIN + 20)


@contextmanager
def step(shown: Console, what: str) -> Iterator[None]:
    """Print what is being done, and how long it took."""
    started = time.monotonic()
    with shown.status(what):
        yield
    shown.print(f"  [green]✓[/] {what} [bright_black]{time.monotonic() - started:.1f} s[/]")


def bookings(
    shown: Console, asked: Sequence[Asked], ways: Mapping[str, Way], agency: str
) -> Table:
    """Return the table of what the agency asked and was answered.

    A narrow terminal has no room for the amounts and how long each answer took.
    """
    is_wide = shown.width >= WIDTH_MIN
    table = Table(
        title=f"What {agency} asked, and the answers",
        caption="The way: milliseconds since the gateway accepted the request; "
        "'handled' is the commit in the database.",
        box=box.ROUNDED,
        header_style="bold",
        title_style="bold",
        caption_style="bright_black",
    )
    for name in ("asked", "answer", "booking"):
        table.add_column(name, overflow="fold", min_width=NARROW_MIN)
    for name in ("yuan", "ms") if is_wide else ():
        table.add_column(name, justify="right")
    table.add_column("the message's way across")
    seen: set[str] = set()
    for one in asked:
        table.add_row(
            Text.assemble((one.ask, "bold"), "\n", (one.remark, "bright_black")),
            _answer(one),
            str(one.booking.get("BookingReference", "")),
            *((_yuan(one.booking), f"{one.milliseconds:.0f}") if is_wide else ()),
            _way_of(one, ways, seen),
        )
    return table


def sign_ins(lines: Sequence[tuple[str, str]]) -> Panel:
    """Return the addresses and sign-ins."""
    table = Table.grid(padding=(0, 2))
    for name, value in lines:
        table.add_row(Text(name, "bold"), value)
    return Panel(table, title="It stays up until Ctrl-C", box=box.ROUNDED, expand=False)


def _answer(one: Asked) -> Text:
    if one.refused:
        return Text(one.answer, "red")
    state = str(one.booking.get("State", ""))
    return Text.assemble((one.answer, "green"), " ", (state, _STATES.get(state, "default")))


def _yuan(booking: Mapping[str, object]) -> str:
    fen = booking.get("TotalFen")
    return f"{fen / FEN_PER_YUAN:,.2f}" if isinstance(fen, int) else ""


def _way_of(one: Asked, ways: Mapping[str, Way], seen: set[str]) -> Text:
    request = f"{one.ask}/{one.reference}"
    way = () if one.refused else ways.get(request, ())
    if not way:
        return Text(_NO_WAY.get(one.ask, "refused, and nothing was changed"), "bright_black")
    if request in seen:
        return Text("answered from the stored outcome", "bright_black")
    seen.add(request)
    return _way(way)


def _way(way: Way) -> Text:
    start = way[0][1]
    shown = Text(way[0][0])
    for place, at in way[1:]:
        milliseconds = (at - start).total_seconds() * 1_000
        shown.append(" → ", "bright_black")
        shown.append(place)
        shown.append(f" {milliseconds:.1f}", "cyan")
    return shown
