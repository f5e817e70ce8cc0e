"""A feed, read as it comes in: one booking after the other, never more of it in memory.

The parser is as strict as that of other requests: no DTD, no entity, no network. What has begun
and not ended is bounded in bytes, so that no depth, text or attribute can grow.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from lxml import etree

from adapters.xml import Schemas, XmlRefused
from hub.messages import FEEDS

PIECE_BYTES = 65_536
# A booking of the greatest length in each of its fields, and as much again.
BOOKING_BYTES_MAX = 12_000
# Beside a piece that has just come, what has begun and not ended.
OPEN_BYTES_MAX = 65_536
ITEMS_MAX = 1_000_000

_ROOT, _FEED = f"{{{FEEDS}}}BookingFeed", f"{{{FEEDS}}}FeedReference"
_BOOKING, _TOTALS = f"{{{FEEDS}}}Booking", f"{{{FEEDS}}}Totals"
_REFERENCE = f"{{{FEEDS}}}RequestReference"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
# UTF-8 alone: what a feed says of itself stands in its first line.
_DECLARED = re.compile(rb"""\s*<\?xml[^>]*\sencoding\s*=\s*["']([^"']*)""")
_UTF_8 = (b"utf-8", b"utf8", b"us-ascii", b"ascii")
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")

Element = etree._Element  # noqa: SLF001  lxml's class has no other name
Read = Callable[[int], bytes]


class BookingTooLarge(Exception):
    """Something in the feed is larger than any booking may be."""


class TotalsWrong(Exception):
    """The feed has other bookings than its totals say."""


@dataclass(frozen=True, slots=True)
class Item:
    """A booking of a feed as it stands: its reference and its element, as text."""

    reference: str
    element: bytes


@dataclass(frozen=True, slots=True)
class Totals:
    """What a feed says of itself at its end, as text too."""

    count: int
    element: bytes


class FeedReader:
    """Reads one feed. XmlRefused says what is wrong with it, and with which booking."""

    def __init__(self, read: Read, schemas: Schemas) -> None:
        """``read`` returns at most so many bytes, none at the end."""
        self._read = read
        self._schemas = schemas
        self._digest = sha256()
        self._parser = etree.XMLPullParser(
            events=("start", "end"),
            encoding="utf-8",
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_blank_text=True,
            remove_comments=True,
            remove_pis=True,
        )
        self._root: Element | None = None
        self._depth = self._open_bytes = 0
        self.feed = ""
        self.count = 0
        self.totals: Totals | None = None

    def items(self) -> Iterator[Item]:
        """Yield each booking, checked; ``totals`` are there at the end, and agree."""
        try:
            while piece := self._read(PIECE_BYTES):
                if self._root is None:
                    _check_encoding(piece)
                self._parser.feed(piece)
                self._open_bytes += len(piece)
                yield from self._events()
                if self._open_bytes > PIECE_BYTES + OPEN_BYTES_MAX:
                    raise BookingTooLarge
            self._parser.close()
        except etree.XMLSyntaxError as error:
            raise _unreadable(error) from None
        yield from self._events()
        if self.totals is None:
            raise XmlRefused("SCHEMA_INVALID", "The feed has no Totals at its end.")

    def _events(self) -> Iterator[Item]:
        for event, found in self._parser.read_events():
            element: Any = found
            if event == "start":
                self._depth += 1
                if self._root is None:
                    self._begin(element)
                continue
            self._depth -= 1
            if self._depth == 1:
                self._open_bytes = 0
                yield from self._child(element)

    def _begin(self, root: Element) -> None:
        self._root = root
        if root.getroottree().docinfo.internalDTD is not None:
            raise XmlRefused("DTD_FORBIDDEN", "The feed has a DOCTYPE; send it without one.")
        if root.tag != _ROOT:
            raise XmlRefused("SCHEMA_INVALID", f"The document is no BookingFeed of {FEEDS}.")

    def _child(self, element: Element) -> Iterator[Item]:
        if not self.feed:
            self.feed = self._reference(element)
        elif self.totals is not None:
            raise XmlRefused("SCHEMA_INVALID", "Something stands behind the Totals.")
        elif element.tag == _BOOKING:
            yield self._booking(element)
        elif element.tag == _TOTALS:
            self.totals = self._end(element)
        else:
            raise self._invalid("it is neither a Booking nor the Totals.")
        self._forget(element)

    def _reference(self, element: Element) -> str:
        name = " ".join((element.text or "").split())
        if element.tag != _FEED or len(element) or not _NAME.fullmatch(name):
            raise XmlRefused("SCHEMA_INVALID", "The feed does not begin with a FeedReference.")
        return name

    def _booking(self, element: Element) -> Item:
        self.count += 1
        self._check(element)
        reference = " ".join((element.findtext(_REFERENCE) or "").split())
        self._digest.update(f"{reference}\n".encode())
        text = _text(element)
        if len(text) > BOOKING_BYTES_MAX or self.count > ITEMS_MAX:
            raise BookingTooLarge
        return Item(reference, text)

    def _end(self, element: Element) -> Totals:
        self._check(element)
        count = int(element.findtext(f"{{{FEEDS}}}Count") or 0)
        digest = (element.findtext(f"{{{FEEDS}}}Digest") or "").strip()
        if (count, digest) != (self.count, self._digest.hexdigest()):
            raise TotalsWrong(f"There are {self.count}, the Totals say {count}.")
        return Totals(count, _text(element))

    def _check(self, element: Element) -> None:
        try:
            self._schemas.validate(element)
        except XmlRefused as refused:
            raise self._invalid(str(refused)) from None

    def _invalid(self, what: str) -> XmlRefused:
        return XmlRefused("SCHEMA_INVALID", f"Booking {self.count} or what follows it: {what}")

    def _forget(self, element: Element) -> None:
        """Let go of what is done; text between two elements is none of ours."""
        element.clear(keep_tail=True)  # type: ignore[call-arg]
        root = element.getparent()
        while root is not None and (before := element.getprevious()) is not None:
            if (before.tail or "").strip():
                raise self._invalid("text stands between two elements.")
            del root[0]


def _text(element: Element) -> bytes:
    return etree.tostring(element, encoding="utf-8", xml_declaration=False, with_tail=False)


def _check_encoding(piece: bytes) -> None:
    declared = _DECLARED.match(piece.removeprefix(b"\xef\xbb\xbf"))
    other = declared is not None and declared[1].lower() not in _UTF_8
    if other or piece.startswith(_UTF_16_MARKS):
        raise XmlRefused("ENCODING_UNSUPPORTED", "Send the feed as UTF-8.")


def _unreadable(error: etree.XMLSyntaxError) -> XmlRefused:
    return XmlRefused("MALFORMED_XML", f"It is not well-formed XML (line {error.lineno or 1}).")
