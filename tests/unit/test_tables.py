"""Tables on a terminal of eighty columns, on a wide one, and into a pipe."""

import io

import pytest
from rich.console import Console

from lupu import tables

COLUMNS = ("kept for", "message", "request", "reason")
LONG = "agent:1001/PlaceBooking/A-REFERENCE-OF-FORTY-CHARACTERS-IN-ALL-1"
REASON = "NotAllowed: it was accepted in the future, at 2010-06-01T14:00:00.000000Z, they say"
ROWS = (("2 h", "b3818c6c02256b1b0241c44561f77c16", LONG, REASON), ("3 h", "short", "", "[/x]"))


def _printed(width: int, *, title: str = "", terminal: bool = True) -> str:
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=terminal, color_system=None)
    tables.show(console, COLUMNS, ROWS, title=title)
    return file.getvalue()


@pytest.mark.parametrize("title", ["", "What is worth a look"])
def test_nothing_is_cut_where_columns_have_no_room(title: str) -> None:
    """Each row becomes a block: every word whole, no line too long, nothing empty named."""
    said = _printed(80, title=title)
    for word in (*REASON.split(), LONG, *COLUMNS, "[/x]", title):
        assert word in said
    assert "…" not in said
    assert max(map(len, said.splitlines())) <= 80
    assert said.count("request") == 1


def test_where_there_is_room_a_row_is_a_line() -> None:
    """On a wide terminal and in a pipe each can be searched and counted by lines."""
    for said in (_printed(250), _printed(tables.PIPE_CHARACTERS, terminal=False)):
        lines = said.splitlines()
        assert len(lines) == 3
        assert all(word in lines[1] for word in ROWS[0])


def test_what_is_known_of_one_thing_is_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    """What is not known has no line."""
    tables.facts(Console(width=80), [("request", "r"), ("type", ""), ("size", "7 bytes")])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [["request", "r"], ["size", "7", "bytes"]]
