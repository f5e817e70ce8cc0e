"""The books of what was sent: their lines, and the pages on which they cross.

A gateway writes a line for each request before it is published and another when it is known how
that ended. Each line ends with a SHA-256 over itself and all before it, so that one that is torn,
altered or taken out is found. The lines cross in pages, numbered, each naming the one before it.

::

    B lupu-book-1 GATEWAY BOOT PART TIME AFTER   a book begins; AFTER: how the part before ended
    S SEQUENCE TIME REQUEST TYPE DIGEST          about to be published; SHA-256 of its body
    E SEQUENCE TIME ENDING                       how that ended, by the broker's word
    P PAGE TIME LINES DIGEST                     about to be sent: a page of all up to LINES
    A PAGE TIME                                  acknowledged inside
    X TIME WHY                                   nothing of this part comes any more
"""

import enum
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from hub.errors import MalformedEnvelope
from hub.headers import read_time, write_time
from hub.ports import Published

FORMAT = "lupu-book-1"
PURPOSE = "book page"
NOTHING = "0" * 64
LINES_MAX = 400

_NAME = r"[A-Za-z0-9._-]{1,40}"
_NUMBER = r"[0-9]{1,18}"
_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}\+00:00"
_DIGEST = r"[0-9a-f]{64}"
_WORD = r"[a-z-]{1,12}"
_REQUEST = r"[a-z]{1,16}:[A-Za-z0-9._-]{1,32}/[A-Za-z]{1,40}/[A-Za-z0-9._:-]{1,64}"
_TYPE = r"[A-Za-z]{1,40}\.[0-9]{1,9}"
_FORMS = {
    "B": f"{FORMAT} {_NAME} {_NAME} {_NUMBER} {_TIME} {_DIGEST}",
    "S": f"{_NUMBER} {_TIME} {_REQUEST} {_TYPE} {_DIGEST}",
    "E": f"{_NUMBER} {_TIME} {_WORD}",
    "P": f"{_NUMBER} {_TIME} {_NUMBER} {_DIGEST}",
    "A": f"{_NUMBER} {_TIME}",
    "X": f"{_TIME} {_WORD}",
}
_LINE = re.compile(
    "(?P<text>" + "|".join(f"{kind} {form}" for kind, form in _FORMS.items()) + ")"
    f" (?P<chain>{_DIGEST})"
)


class Closed(enum.StrEnum):
    """Why nothing of a book's part comes any more.

    ENDED in good order; NEXT: the next part goes on; KILLED: its process went without a word;
    TORN: so too, and the last line was not written whole; BROKEN: a line is not what was written.
    """

    ENDED = "ended"
    NEXT = "next"
    KILLED = "killed"
    TORN = "torn"
    BROKEN = "broken"


class NotALine(ValueError):
    """A text is no line of a book, or does not follow the line before it."""


class Line(NamedTuple):
    """A line: its kind, its fields, and the chain up to and with it."""

    kind: str
    fields: tuple[str, ...]
    chain: str


class Begun(NamedTuple):
    """The first line of a part; ``after`` is the chain with which the part before ended."""

    gateway: str
    boot: str
    part: int
    at: datetime
    after: str = NOTHING

    def text(self) -> str:
        """The line, without its chain."""
        at = write_time(self.at)
        return f"B {FORMAT} {self.gateway} {self.boot} {self.part} {at} {self.after}"

    @classmethod
    def of(cls, line: Line) -> "Begun":
        """Read a B line; NotALine where it is another."""
        if line.kind != "B":
            raise NotALine("A book begins with another line.")
        _, gateway, boot, part, at, after = line.fields
        return cls(gateway, boot, int(part), _time(at), after)


class Sent(NamedTuple):
    """What was about to be published; ``digest`` is the SHA-256 of its body as it crossed."""

    sequence: int
    at: datetime
    request: str
    type: str
    digest: str

    def text(self) -> str:
        """The line, without its chain."""
        return f"S {self.sequence} {write_time(self.at)} {self.request} {self.type} {self.digest}"

    @classmethod
    def of(cls, line: Line) -> "Sent":
        """Read an S line."""
        sequence, at, request, type_, digest = line.fields
        return cls(int(sequence), _time(at), request, type_, digest)


class Ended(NamedTuple):
    """How publishing ended, by the broker's word."""

    sequence: int
    at: datetime
    ending: Published

    def text(self) -> str:
        """The line, without its chain."""
        return f"E {self.sequence} {write_time(self.at)} {self.ending.value.replace(' ', '-')}"

    @classmethod
    def of(cls, line: Line) -> "Ended":
        """Read an E line; NotALine where the ending is none."""
        sequence, at, ending = line.fields
        try:
            return cls(int(sequence), _time(at), Published(ending.replace("-", " ")))
        except ValueError:
            raise NotALine(f"'{ending}' is no ending.") from None


def paged(page: "Page", lines: int) -> str:
    """Return the line that goes before a page is sent; ``lines``: how many are on pages then."""
    return f"P {page.number} {write_time(page.made_at)} {lines} {page.digest()}"


def acknowledged(number: int, at: datetime) -> str:
    """Return the line that says that the inside has a page."""
    return f"A {number} {write_time(at)}"


def closed(at: datetime, why: Closed) -> str:
    """Return the last line that is on a page."""
    return f"X {write_time(at)} {why.value}"


def _time(text: str) -> datetime:
    try:
        return read_time(text)
    except MalformedEnvelope as error:
        raise NotALine(str(error)) from None


def chain(before: str, text: str) -> str:
    """Return the chain with ``text`` added."""
    return hashlib.sha256(f"{before} {text}".encode()).hexdigest()


def chained(before: str, texts: Iterable[str]) -> Iterator[str]:
    """Yield lines as they are written, each with its chain."""
    for text in texts:
        before = chain(before, text)
        yield f"{text} {before}"


def read_line(written: str, before: str | None) -> Line:
    """Read a written line; NotALine where it is none or does not follow ``before``.

    Without ``before`` any chain is taken: the first line of what is looked at in part.
    """
    match = _LINE.fullmatch(written)
    if match is None:
        raise NotALine("It does not read like a line of a book.")
    if before is not None and chain(before, match["text"]) != match["chain"]:
        raise NotALine("It is not the line that was written after the one before it.")
    kind, _, rest = match["text"].partition(" ")
    return Line(kind, tuple(rest.split(" ")), match["chain"])


class ReadBook(NamedTuple):
    """A book's file as far as it can be trusted.

    ``ends`` has the offset behind each line. ``trouble`` is TORN or BROKEN where more follows.
    """

    lines: Sequence[Line]
    ends: Sequence[int]
    trouble: Closed | None


def read_book(data: bytes) -> ReadBook:
    """Read a book's file up to the first line that is not what was written.

    A process or a machine that dies leaves a last piece without an end, or with zeros where the
    disk was not reached: TORN. Anything else that does not fit was changed afterwards: BROKEN.
    """
    lines: list[Line] = []
    ends: list[int] = []
    start, before = 0, NOTHING
    while start < len(data):
        end = data.find(b"\n", start)
        try:
            # Without an end it lacks a piece of its chain at least, or the end itself.
            whole = data[start:end] if end >= 0 else b""
            line = read_line(whole.decode("ascii", "replace"), before)
        except NotALine:
            rest = data[start:]
            torn = b"\n" not in rest or b"\0" in rest
            return ReadBook(lines, ends, Closed.TORN if torn else Closed.BROKEN)
        lines.append(line)
        before, start = line.chain, end + 1
        ends.append(start)
    return ReadBook(lines, ends, None)


class Page(NamedTuple):
    """Lines of one part of a gateway's book, as they cross.

    ``before`` is the digest of the page before it.
    """

    gateway: str
    boot: str
    part: int
    number: int
    before: str
    made_at: datetime
    lines: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether the book had no other line when the page was made: it took all it could."""
        return len(self.lines) < LINES_MAX

    @property
    def highest(self) -> int:
        """The highest number of what was sent by this page; 0 where nothing was."""
        sent = (line.split(" ", 2)[1] for line in self.lines if line.startswith("S "))
        return max(map(int, sent), default=0)

    @property
    def reference(self) -> str:
        """What makes the page one request, however often it is sent."""
        return f"{self.boot}.{self.part}.{self.number}"

    def digest(self) -> str:
        """Return the SHA-256 of everything the page says."""
        head = " ".join(
            (
                *("lupu-page-1", self.gateway, self.boot, str(self.part), str(self.number)),
                *(self.before, write_time(self.made_at)),
            )
        )
        return hashlib.sha256("\n".join((head, *self.lines)).encode()).hexdigest()

    def to_sign(self) -> bytes:
        """Return what the gateway signs: when the page was made, and its digest."""
        return f"{write_time(self.made_at)} {self.digest()}".encode()


def signed_at(payload: bytes) -> datetime:
    """Return when a page was made, by what was signed; MalformedEnvelope if it is not said."""
    return read_time(payload.decode("ascii", "replace").partition(" ")[0])
