"""The rows of OPERATING.md on kept messages: reason, cause, commands, and how it ends."""

import re
from dataclasses import dataclass

from hub.parking import Place
from tests.structure.source import ROOT

ENDS = ("handled", "gone", "refused")
# Stands in its row for the class of whatever mistake it was.
MISTAKE = "KeyError"

_CHAPTER = "## Why a message is kept"
_PLACES = {
    "### In the quarantine outside": Place.OUTSIDE,
    "### In the quarantine inside": Place.INSIDE,
    "### Parked": Place.PARKED,
}
_CODE = re.compile(r"`([^`]+)`")
_QUOTED = re.compile(r'"([^"]+)"')


@dataclass(frozen=True, slots=True)
class Row:
    """One row: where it is kept, for which kinds, for what cause; what to do, and the end.

    ``words``: what the reason's sentence says, where the row names that. ``commands`` are those
    of Lupu, in their order, as they are written.
    """

    place: Place
    kinds: tuple[str, ...]
    cause: str
    do: str
    ends: str

    @property
    def words(self) -> tuple[str, ...]:
        """The quoted words of the reason."""
        return tuple(_QUOTED.findall(self.cause))

    @property
    def commands(self) -> tuple[str, ...]:
        """The commands."""
        return tuple(code for code in _CODE.findall(self.do) if code.startswith("lupu "))


def kept_rows() -> tuple[Row, ...]:
    """Read every row of the chapter."""
    text = (ROOT / "OPERATING.md").read_text("utf-8")
    chapter = text.partition(f"\n{_CHAPTER}")[2].partition("\n## ")[0]
    rows: list[Row] = []
    place: Place | None = None
    for line in chapter.splitlines():
        if line.startswith("### "):
            place = next(found for start, found in _PLACES.items() if line.startswith(start))
        if line.startswith("| `") and place is not None:
            kinds, cause, do, ends = (cell.strip() for cell in line.strip("|").split(" | "))
            rows.append(Row(place, tuple(_CODE.findall(kinds)), cause, do, ends.strip(" |")))
    return tuple(rows)
