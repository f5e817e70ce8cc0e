"""Tables on a terminal: a row is a line where all fit, else a block of its own; nothing is cut."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

# Into a pipe or a file every row is one line.
PIPE_CHARACTERS = 1_000

Rows = Sequence[Sequence[str | Text]]


def console() -> Console:
    """Return where to print."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=PIPE_CHARACTERS)


def fits(console: Console, table: Table) -> bool:
    """Return whether no line of a table needs to be folded."""
    options = console.options.update_width(PIPE_CHARACTERS)
    return console.measure(table, options=options).maximum <= console.width


def rounded(title: str) -> Table:
    """Return a table with a frame and a title."""
    return Table(title=Text(title), box=box.ROUNDED, header_style="bold", title_style="bold")


def show(
    console: Console, columns: Sequence[str], rows: Rows, *, title: str = "", caption: str = ""
) -> None:
    """Print rows; those with a title have a frame around them where they are lines."""
    table = rounded(title) if title else Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(_plain(cell) for cell in row))
    table.caption = caption or None
    if fits(console, table):
        console.print(table)
        return
    if title:
        console.print(Text(f"{title}\n", style="bold"))
    for number, row in enumerate(rows):
        if number:
            console.print()
        console.print(_block(columns, row))
    if caption:
        console.print(f"\n{caption}", style="dim")
    if title:
        console.print()


def facts(console: Console, given: Sequence[tuple[str, str]]) -> None:
    """Print what is known of one thing, a line each."""
    names, values = zip(*given, strict=True)
    console.print(_block(names, values))


def _block(columns: Sequence[str], row: Sequence[str | Text]) -> Table:
    """Return a row as lines of column and value; what is empty is left out."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True, min_width=max(map(len, columns)))
    table.add_column(overflow="fold")
    for column, cell in zip(columns, row, strict=True):
        text = _plain(cell)
        if text:
            table.add_row(column, text)
    return table


def _plain(cell: str | Text) -> Text:
    # What strangers wrote is no markup.
    return cell if isinstance(cell, Text) else Text(cell)
