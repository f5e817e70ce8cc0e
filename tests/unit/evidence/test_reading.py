"""A page is cut out of its book, however long that is."""

import os
from pathlib import Path

import pytest

from dmz_gateway.books.files import BookFile
from dmz_gateway.books.reading import Reading
from hub.evidence import LINES_MAX, Begun, Sent
from tests.unit.hub_world import NOON


def test_a_page_reads_no_more_of_its_book_than_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests wait while a book is read: after an outage for a page's part of it, not for all."""
    file = BookFile.begin(tmp_path, Begun("gateway-1", "b00t", 1, NOON))
    request = "agent:1001/PlaceBooking/A-1"
    sent = Sent(1, NOON, request, "PlaceBooking.1", "d" * 64)
    file.append(sent._replace(sequence=number).text() for number in range(8 * LINES_MAX))
    reading, lengths, pread = Reading(file, "gateway-1"), list[int](), os.pread

    def counted(handle: int, length: int, start: int) -> bytes:
        lengths.append(length)
        return pread(handle, length, start)

    monkeypatch.setattr(os, "pread", counted)
    for _ in range(2):
        page, lines = reading.next_page(NOON)
        assert len(page.lines) == LINES_MAX
        reading.begin(page, lines)
        reading.end()
    assert max(lengths) < file.size / 3
    file.close()
