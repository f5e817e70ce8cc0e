"""What is right and wrong about a page of a gateway's book."""

import enum
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hub.evidence import NOTHING, Begun, Closed, Ended, Line, NotALine, Page, Sent, read_line


class Kind(enum.StrEnum):
    """What can be wrong with a page or a book; each has its row in OPERATING.md."""

    PAGE_MISSING = "PAGE_MISSING"
    PAGE_OUT_OF_ORDER = "PAGE_OUT_OF_ORDER"
    PAGE_NOT_ITS_FOLLOWER = "PAGE_NOT_ITS_FOLLOWER"
    PAGE_REWRITTEN = "PAGE_REWRITTEN"
    PAGE_AFTER_END = "PAGE_AFTER_END"
    LINE_CHANGED = "LINE_CHANGED"
    LINE_FOREIGN = "LINE_FOREIGN"
    PART_MISSING = "PART_MISSING"
    BOOK_BROKEN = "BOOK_BROKEN"
    BOOK_UNFINISHED = "BOOK_UNFINISHED"
    SIGNATURE_WRONG = "SIGNATURE_WRONG"
    UNSIGNED = "UNSIGNED"


class Finding(NamedTuple):
    """Something wrong, in a sentence."""

    kind: Kind
    detail: str


@dataclass(frozen=True, slots=True)
class Known:
    """How far a part of a book is known: its last page, the chain of its last line."""

    pages: int = 0
    page_digest: str = NOTHING
    chain: str = NOTHING
    closed: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """A page taken apart. ``sent`` with how each ended where that is on the page too."""

    findings: Sequence[Finding]
    sent: Sequence[tuple[Sent, Ended | None]]
    ended: Sequence[Ended]
    chain: str
    closed: str


NEW = Known()
Entry = Begun | Sent | Ended | None
_ENTRIES: Mapping[str, Callable[[Line], Entry]] = {"B": Begun.of, "S": Sent.of, "E": Ended.of}


def check(page: Page, known: Known, part_before: Known | None) -> Checked:
    """Hold a page to the one before it, and its lines to one another.

    ``part_before`` is the part that must have ended before this one began, if it is known.
    """
    findings = list(_order(page, known))
    chain: str | None = known.chain if page.number == known.pages + 1 else None
    lines: list[Line] = []
    entries: list[Entry] = []
    for at, written in enumerate(page.lines, 1):
        try:
            line = read_line(written, chain)
            entry = _ENTRIES[line.kind](line) if line.kind in _ENTRIES else None
        except NotALine as error:
            findings.append(Finding(Kind.LINE_CHANGED, f"line {at} of the page: {error}"))
            chain = written.rpartition(" ")[2]
            continue
        chain = line.chain
        lines.append(line)
        entries.append(entry)
    findings += _beginning(page, entries, part_before)
    sent, ended = _together(entries)
    closed = next((line.fields[1] for line in lines if line.kind == "X"), known.closed)
    if closed == Closed.BROKEN:
        detail = "a line on the gateway's disk was not what had been written"
        findings.append(Finding(Kind.BOOK_BROKEN, detail))
    return Checked(findings, sent, ended, chain or known.chain, closed)


def _order(page: Page, known: Known) -> Iterator[Finding]:
    due = known.pages + 1
    if known.closed:
        yield Finding(Kind.PAGE_AFTER_END, f"the book had ended with page {known.pages}")
    if page.number > due:
        yield Finding(Kind.PAGE_MISSING, f"pages {due} to {page.number - 1} have not come")
    elif page.number < due:
        yield Finding(Kind.PAGE_OUT_OF_ORDER, f"page {known.pages} was here before it")
    elif page.before != known.page_digest:
        yield Finding(Kind.PAGE_NOT_ITS_FOLLOWER, f"page {known.pages} is another here")


def _beginning(page: Page, entries: Sequence[Entry], before: Known | None) -> Iterator[Finding]:
    begins = [entry for entry in entries if isinstance(entry, Begun)]
    if page.number != 1:
        if begins:
            yield Finding(Kind.LINE_FOREIGN, "the book begins a second time")
        return
    first = begins[0] if begins else None
    if first is None or (first.gateway, first.boot, first.part) != page[:3]:
        yield Finding(Kind.LINE_FOREIGN, "the book does not begin with its own name")
    elif page.part > 1 and before is None:
        yield Finding(Kind.PART_MISSING, f"nothing of part {page.part - 1} has come")
    elif before is not None and not _follows(first, before):
        yield Finding(Kind.PART_MISSING, f"part {page.part - 1} has not come to its end")


def _follows(first: Begun, before: Known) -> bool:
    return before.closed == Closed.NEXT and before.chain == first.after


def _together(
    entries: Sequence[Entry],
) -> tuple[list[tuple[Sent, Ended | None]], list[Ended]]:
    ended = {one.sequence: one for one in entries if isinstance(one, Ended)}
    sent = [(one, ended.pop(one.sequence, None)) for one in entries if isinstance(one, Sent)]
    return sent, list(ended.values())


def is_complete(page: Page, checked: Checked) -> bool:
    """Whether all that its gateway had written by then stands on this page or one before it.

    Then it has every number up to the highest on the complete page before it. Two threads may
    write two numbers in the other order; but before the next page a gateway lets go of those that
    it has passed (``Book.pass_by``). No clocks are compared.
    """
    return page.complete and checked.closed != Closed.NEXT
