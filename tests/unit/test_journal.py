"""A worker's journal: written ahead, readable to the last whole line, bounded, in nobody's way."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.database import Decided, Journal, Journals, Took
from hub.ports import Answer, InboxEntry, InboxState, Taken
from tests.unit.hub_world import CountedMetrics, MovedClock, booking

ANSWER = Answer("Refused.1", "<满/>".encode())
ENTRY = InboxEntry(booking().id, "d", InboxState.HANDLED, ANSWER, "SOLD_OUT")


class Written:
    """A journal with a clock that is moved."""

    def __init__(self, folder: Path, *, component: str = "ticketing-1", **bounds: int) -> None:
        self.folder, self.clock, self.metrics = folder, MovedClock(), CountedMetrics()
        given = {"kept_hours": 48, "bytes_max": 1_000_000} | bounds
        self.journal = Journal(folder, component, self.clock, self.metrics, **given)

    def write(self) -> None:
        """Write a first and its outcome."""
        self.journal.ahead([(booking(), Taken.FIRST)], [ENTRY])

    def hour(self) -> None:
        """Write, and let an hour pass; the files are as old as the clock says."""
        self.write()
        for file in self.folder.glob("*"):
            if file.stat().st_mtime > self.clock.now().timestamp():
                os.utime(file, (self.clock.monotonic(),) * 2)
        self.clock.move(hours=1)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    """A first whole, a repeat without its document, an outcome with its answer."""
    written = Written(tmp_path)
    written.journal.ahead([(booking("A-1"), Taken.FIRST), (booking("A-2"), Taken.REPEAT)], [ENTRY])
    first, repeat, decided = Journals.below(tmp_path).lines()
    at = written.clock.now()
    assert first == Took(at, Taken.FIRST, booking("A-1"))
    assert repeat == Took(at, Taken.REPEAT, booking("A-2")._replace(body=b""))
    assert decided == Decided(at, str(ENTRY.id), "SOLD_OUT", ANSWER)
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_torn_line_is_passed_over_and_counted(tmp_path: Path) -> None:
    """A worker that dies leaves the last line as far as it came."""
    written = Written(tmp_path)
    written.write()
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes() + b'{"at":"2010-0')
    journals = Journals.below(tmp_path)
    assert len(list(journals.lines())) == 2
    assert journals.unreadable == 1


def test_the_journals_of_several_are_read_in_the_order_of_time(tmp_path: Path) -> None:
    """What one took in before the other comes before it; nothing of before ``since``."""
    one, other = Written(tmp_path), Written(tmp_path / "more", component="ticketing-2")
    for seconds in range(4):
        (one, other)[seconds % 2].journal.ahead([(booking(f"A-{seconds}"), Taken.FIRST)], [])
        for written in (one, other):
            written.clock.move(seconds=1)
    lines = [line for line in Journals.below(tmp_path).lines() if isinstance(line, Took)]
    assert [line.message.id.reference for line in lines] == ["A-0", "A-1", "A-2", "A-3"]
    since = lines[2].at
    assert [line.at for line in Journals.below(tmp_path, since).lines()] == [
        since,
        since + timedelta(seconds=1),
    ]
    assert Journals.below(tmp_path).begins() == {
        "ticketing-1": lines[0].at,
        "ticketing-2": lines[1].at,
    }


def test_files_end_in_time_and_beyond_a_size(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """That a disk is too small for the hours that were asked for is said."""
    written = Written(tmp_path, kept_hours=3)
    for _ in range(6):
        written.hour()
        written.journal.tidy()
    assert len(list(tmp_path.iterdir())) == 3
    assert "journal.cut" not in caplog.text
    small = Written(tmp_path / "small", bytes_max=1)
    for _ in range(3):
        small.hour()
        small.journal.tidy()
    assert len(list((tmp_path / "small").iterdir())) == 1
    assert "journal.cut" in caplog.text


def test_a_disk_that_does_not_take_it_stops_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said once, counted, and said when it is over."""
    folder = tmp_path / "journals"
    folder.write_text("no folder")
    written = Written(folder)
    written.write()
    written.write()
    assert caplog.text.count("journal.not_written") == 1
    assert written.metrics.counts["lupu_journal_not_written_total"] == 4
    folder.unlink()
    written.write()
    assert len(list(Journals.below(folder).lines())) == 2
