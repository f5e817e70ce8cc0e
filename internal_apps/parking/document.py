"""A kept document as people read and correct it: indented, line by line."""

import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from adapters.xml import XmlRefused, indented


class Line(NamedTuple):
    """A line of a comparison: ``mark`` is ``-`` (before), ``+`` (after) or nothing (both)."""

    mark: str
    text: str


def text_of(body: bytes) -> str:
    """Return a document indented; what is no XML as it is, with marks for what is no text."""
    try:
        return indented(body)
    except XmlRefused:
        return body.decode("utf-8", "replace")


def lines_of(body: bytes) -> list[str]:
    """Return the lines of a document, indented."""
    return text_of(body).splitlines()


def harmless(line: str) -> str:
    """Return a stranger's line as it may be shown: no terminal obeys it, and nothing of it is
    hidden, or stands in another order than it is read in by programs.
    """
    return "".join(sign if _is_plain(sign) else f"\\u{ord(sign):04x}" for sign in line)


def _is_plain(sign: str) -> bool:
    return sign.isprintable() or sign == "\t" or unicodedata.category(sign) == "Zs"


def compared(before: Sequence[str], after: Sequence[str]) -> Sequence[Line]:
    """Return the lines of two documents in one."""
    lines: list[Line] = []
    for kind, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            lines += [Line("", line) for line in before[i:j]]
            continue
        lines += [Line("-", line) for line in before[i:j]]
        lines += [Line("+", line) for line in after[k:m]]
    return lines
