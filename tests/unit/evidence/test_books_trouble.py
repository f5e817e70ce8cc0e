"""Books on disks and in folders that are not as they should be: nothing is stuck or leaks."""

import errno
import fcntl
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dmz_gateway.books.book import NotWritten
from dmz_gateway.books.files import BookClosed, left_behind
from hub.evidence import Begun, read_book
from hub.ports import Published
from tests.contract.transports import until
from tests.unit.evidence.books import World

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def kinds(path: Path) -> str:
    """Return the kinds of a book's lines."""
    return "".join(line.kind for line in read_book(path.read_bytes()).lines)


def _handles() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def no_new_files(patch: pytest.MonkeyPatch) -> None:
    """Have the disk take no new file, while those that are there can still grow."""
    real = os.open

    def refuse(path: Path, flags: int, *mode: int) -> int:
        if flags & os.O_CREAT:
            raise FULL
        return real(path, flags, *mode)

    patch.setattr(os, "open", refuse)


def test_a_part_that_could_not_follow_follows_once_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the inside has all of the part before, which is forgotten then."""
    world = World(tmp_path, bytes_max=300)
    world.send()
    no_new_files(monkeypatch)
    for _ in range(2):
        with pytest.raises(NotWritten):
            world.send()
    (before,) = world.book.files
    ended_with = before.chain
    world.book.note(before, "A 1 2010-05-01T04:00:00.000000+00:00")
    before.done()
    world.book.files.remove(before)
    monkeypatch.undo()
    world.send(ending=None)
    (path,) = world.files()
    begun = Begun.of(read_book(path.read_bytes()).lines[0])
    assert (begun.part, begun.after) == (2, ended_with)
    assert kinds(path) == "BES"


def test_a_gateway_starts_though_its_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It sends nothing and says so, until the disk takes its book."""
    no_new_files(monkeypatch)
    world = World(tmp_path)
    with pytest.raises(NotWritten):
        world.send()
    assert "book.not_written" in [record.message for record in caplog.records]
    monkeypatch.undo()
    world.send()
    (path,) = world.files()
    assert kinds(path) == "BS"


def test_nobody_of_a_group_believes_what_was_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever kept the group from the disk; how others ended is written later."""
    world = World(tmp_path)
    world.send()
    busy, go = threading.Event(), threading.Event()

    def broken(_handle: int, _data: bytes, _at: int) -> int:
        busy.set()
        go.wait(10)
        raise IndexError

    monkeypatch.setattr(os, "pwrite", broken)
    with ThreadPoolExecutor(5) as threads:
        first = threads.submit(world.send)
        busy.wait(10)
        others = [threads.submit(world.send) for _ in range(4)]
        assert until(lambda: len(world.book._group.texts) == 4)
        go.set()
        errors = [done.exception() for done in (first, *others)]
    assert all(isinstance(error, NotWritten | IndexError) for error in errors)
    monkeypatch.undo()
    world.book.flush()
    assert kinds(world.files()[0]) == "BSE"


def test_a_file_that_cannot_be_taken_in_holds_up_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A copy, a folder, a foreign file: each is said once, and the books beside it cross."""
    (tmp_path / "copy.book").write_bytes(b"")
    (tmp_path / "b00t.000009.book").mkdir()
    foreign = World(tmp_path, "first")
    foreign.send()
    foreign.die()
    world = World(tmp_path, "second")
    for _ in range(2):
        world.pages.turn()
    assert [path.name for path in world.files(".done")] == ["first.000001.done"]
    said = [record for record in caplog.records if record.message == "book.not_taken_in"]
    assert sorted(record.__dict__["book"] for record in said) == ["b00t.000009.book", "copy.book"]


def test_a_book_that_could_not_be_ended_is_taken_in_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lock and its descriptor are let go of meanwhile."""
    World(tmp_path).die()

    def full(_handle: int) -> None:
        raise FULL

    monkeypatch.setattr(os, "fdatasync", full)
    world = World(tmp_path / "other")
    handles = _handles()
    for _ in range(3):
        assert left_behind(tmp_path, world.clock) == []
    assert _handles() == handles
    monkeypatch.undo()
    (file,) = left_behind(tmp_path, world.clock)
    file.close()


def test_a_part_that_is_just_being_begun_is_nobodys_to_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looks for books of before finds it under its name once it is locked, not before."""
    real: Callable[[int, int], None] = fcntl.flock
    found: list[object] = []

    def look_first(handle: int, how: int) -> None:
        monkeypatch.setattr(fcntl, "flock", real)
        found.extend(left_behind(tmp_path, clock))
        real(handle, how)

    clock = World(tmp_path / "other").clock
    monkeypatch.setattr(fcntl, "flock", look_first)
    world = World(tmp_path)
    world.send()
    assert found == []
    assert world.metrics.counts["lupu_book_not_written_total"] == 0
    assert kinds(world.files()[0]) == "BS"


def test_a_book_that_somebody_took_away_is_done(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its pages are all inside: what follows goes on."""
    first = World(tmp_path, "first")
    first.send()
    first.die()
    second = World(tmp_path, "second")
    second.asking.published = Published.NOT_SENT
    second.pages.turn()
    first.files()[0].unlink()
    second.asking.published = Published.CONFIRMED
    for _ in range(2):
        second.pages.turn()
    assert second.asking.pages()[-1].boot == "second"
    assert "book.not_taken_in" not in [record.message for record in caplog.records]


def test_what_a_page_still_has_to_say_when_its_book_is_closed_is_not_written_elsewhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The number of a closed file may be another's: nothing is written, and nothing is said."""
    world = World(tmp_path)
    (file,) = world.book.files
    world.book.close()
    world.book.close()
    with pytest.raises(BookClosed):
        file.append(["A 1 2010-05-01T04:00:00.000000+00:00"])
    with pytest.raises(NotWritten):
        world.book.note(file, "A 1 2010-05-01T04:00:00.000000+00:00")
    with pytest.raises(BookClosed):
        file.read(0)
    assert kinds(file.path) == "BX"
    assert [record.message for record in caplog.records] == []
