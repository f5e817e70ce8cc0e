"""What a gateway writes down before it sends: readable whatever happens, and never rewritten."""

import errno
import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmz_gateway.books.book import NotWritten
from dmz_gateway.books.files import left_behind
from hub.evidence import Begun, Closed, Ended, NotALine, Sent, read_book, read_line
from hub.ports import Published
from tests.contract.transports import until
from tests.unit.evidence.books import GATEWAY, World
from tests.unit.hub_world import NOON, MovedClock


def lines(path: Path) -> list[str]:
    """Return the kinds and fields of a file's lines, chain and all checked."""
    read = read_book(path.read_bytes())
    assert read.trouble is None
    return [" ".join((line.kind, *line.fields)) for line in read.lines]


def test_a_request_stands_on_the_disk_before_it_may_be_sent(tmp_path: Path) -> None:
    """With its number, time, id, type and the SHA-256 of the bytes that are published."""
    world = World(tmp_path)
    wire = world.send(ending=None)
    (path,) = world.files()
    read = read_book(path.read_bytes())
    begun, sent = Begun.of(read.lines[0]), Sent.of(read.lines[1])
    assert (begun.gateway, begun.boot, begun.part) == (GATEWAY, "b00t", 1)
    digest = sha256(wire.body).hexdigest()
    assert sent == Sent(1, NOON, wire.message_id, "PlaceBooking.1", digest)


@pytest.mark.parametrize("ending", list(Published))
def test_how_it_ended_follows_by_the_brokers_word(tmp_path: Path, ending: Published) -> None:
    """Also what comes after nobody waits any more; it needs no flush of its own."""
    world = World(tmp_path)
    ended = world.book.ahead(world.request(), world.send(ending=None))
    world.clock.move(seconds=5)
    ended(ending)
    world.book.flush()
    (path,) = world.files()
    last = Ended.of(read_book(path.read_bytes()).lines[-1])
    assert last == Ended(last.sequence, world.clock.now(), ending)


def test_books_are_for_their_account_alone(tmp_path: Path) -> None:
    """The folder is 0700 and each file 0600."""
    world = World(tmp_path / "books")
    (path,) = world.files()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_many_requests_share_one_flush(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes while the disk is busy is written with all others that wait."""
    world = World(tmp_path)
    flushes, busy, go = [], threading.Event(), threading.Event()
    real = os.fdatasync

    def slow(handle: int) -> None:
        flushes.append(handle)
        busy.set()
        go.wait(10)
        real(handle)

    monkeypatch.setattr(os, "fdatasync", slow)
    with ThreadPoolExecutor(20) as threads:
        first = threads.submit(world.send)
        busy.wait(10)
        others = [threads.submit(world.send) for _ in range(19)]
        assert until(lambda: len(world.book._group.texts) == 19)
        go.set()
        for done in (first, *others):
            done.result()
    assert len(flushes) == 2
    (path,) = world.files()
    world.book.flush()
    assert sum(line.startswith("S ") for line in lines(path)) == 20


def test_on_a_full_disk_nothing_is_sent_and_nothing_is_left_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The request is refused, said once; how others ended is written once there is room."""
    world = World(tmp_path)
    ended = world.book.ahead(world.request(), world.send(ending=None))
    (path,) = world.files()
    before = path.read_bytes()
    real = os.pwrite

    def full(handle: int, data: bytes, at: int) -> int:
        if len(data) > 10:
            return real(handle, bytes(data[:10]), at)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    ended(Published.CONFIRMED)
    for _ in range(2):
        with pytest.raises(NotWritten):
            world.send()
    assert path.read_bytes() == before
    monkeypatch.undo()
    world.send()
    assert [line[0] for line in lines(path)] == ["B", "S", "S", "E", "S"]
    said = [record.message for record in caplog.records if record.message.startswith("book.")]
    assert said == ["book.not_written"]
    assert world.metrics.counts["lupu_book_not_written_total"] == 2


def test_a_full_file_is_closed_and_the_next_part_goes_on(tmp_path: Path) -> None:
    """Each part says with what the one before it ended; none grows much beyond its size."""
    world = World(tmp_path, bytes_max=1_000)
    for _ in range(12):
        world.send()
    world.book.close()
    paths = world.files()
    assert len(paths) > 2
    reads = [read_book(path.read_bytes()) for path in paths]
    for one, following in pairwise(reads):
        assert one.lines[-1].kind == "X"
        assert Begun.of(following.lines[0]).after == one.lines[-1].chain
    assert [line.fields[1] for read in reads for line in read.lines if line.kind == "X"] == [
        *["next"] * (len(paths) - 1),
        "ended",
    ]
    assert sum(line.kind == "S" for read in reads for line in read.lines) == 12


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Offer a book of some lines."""
    world = World(tmp_path_factory.mktemp("written"))
    for _ in range(3):
        world.send()
    world.book.flush()
    (path,) = world.files()
    world.die()
    return path.read_bytes()


def test_cut_off_at_any_byte_it_is_readable_up_to_the_last_whole_line(
    written: bytes, tmp_path: Path
) -> None:
    """What a gateway that died left is taken in: whole lines, no half one, and an end."""
    whole = [0, *read_book(written).ends]
    for length in range(len(written)):
        read = read_book(written[:length])
        assert (read.ends[-1] if read.ends else 0) == max(end for end in whole if end <= length)
        assert read.trouble is (None if length in whole else Closed.TORN)
    for length in {0, 1, whole[1], whole[1] + 1, whole[3] - 1, whole[3], len(written) - 1}:
        folder = tmp_path / str(length)
        folder.mkdir()
        path = folder / "b00t.000001.book"
        path.write_bytes(written[:length])
        files = left_behind(folder, MovedClock())
        assert len(files) == (length >= whole[1])
        for file in files:
            closing = lines(path)[-1].split()
            assert closing[2] == ("killed" if length in whole else "torn")
            file.close()


def test_zeros_that_a_machine_left_are_torn_and_not_changed(written: bytes) -> None:
    """Where the disk was not reached a file may end with zeros, and whole lines behind them."""
    ends = read_book(written).ends
    holed = written[: ends[2]] + bytes(100) + written[ends[2] + 100 :]
    read = read_book(holed)
    assert (list(read.ends), read.trouble) == (list(ends[:3]), Closed.TORN)


@given(st.data())
@settings(max_examples=200)
def test_a_line_that_is_changed_taken_out_or_moved_is_found(
    written: bytes, data: st.DataObject
) -> None:
    """The chain holds every byte of every line, and their order."""
    ends = [0, *read_book(written).ends]
    parts = [written[a:b] for a, b in pairwise(ends)]
    how = data.draw(st.sampled_from(["change", "take out", "swap", "double"]))
    at = data.draw(st.integers(0, len(parts) - 2))
    if how == "change":
        place = data.draw(st.integers(0, len(parts[at]) - 2))
        other = data.draw(st.integers(1, 255).filter(lambda b: b != parts[at][place]))
        changed = bytearray(parts[at])
        changed[place] = other
        parts[at] = bytes(changed)
    elif how == "take out":
        del parts[at]
    elif how == "swap":
        parts[at], parts[at + 1] = parts[at + 1], parts[at]
    else:
        parts.insert(at, parts[at])
    read = read_book(b"".join(parts))
    assert read.trouble is not None
    assert len(read.lines) <= at + (how == "double")


def test_a_book_whose_process_lives_is_left_alone(tmp_path: Path) -> None:
    """The lock goes with the process, and only then another start may take the book over."""
    world = World(tmp_path)
    world.send()
    assert left_behind(tmp_path, world.clock) == []
    world.die()
    (file,) = left_behind(tmp_path, world.clock)
    assert file.closed
    file.close()


def test_what_was_changed_on_the_disk_is_kept_beside_it_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A line that is not what was written ends the book there; nothing is thrown away."""
    world = World(tmp_path)
    for _ in range(3):
        world.send()
    world.book.flush()
    world.die()
    (path,) = world.files()
    data = path.read_bytes()
    changed = data.replace(b"PlaceBooking.1", b"ChangeBooking.1", 1)
    path.write_bytes(changed)
    (file,) = left_behind(tmp_path, world.clock)
    assert [line.split()[0] for line in lines(path)] == ["B", "X"]
    assert lines(path)[-1].endswith("broken")
    assert path.with_suffix(".broken").read_bytes() == changed
    assert [record.message for record in caplog.records] == ["book.repaired"]
    file.close()


def test_a_line_reads_as_it_was_written() -> None:
    """Nothing but the six forms is a line."""
    chain = "0" * 64
    for text in ("", "S", "Z 1 2", "S 1 2 3 4 5", "E 1 yesterday confirmed " + chain):
        with pytest.raises(NotALine):
            read_line(text, None)
