"""What a gateway's books are made of, and which of their files ever go."""

import os
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from dmz_gateway.books.book import NotWritten
from dmz_gateway.books.files import prune
from hub.envelope import to_wire
from hub.evidence import Sent, read_book
from tests.unit.evidence.books import World

DAY = timedelta(days=1)


def test_what_is_booked_are_the_bytes_that_cross(tmp_path: Path) -> None:
    """Their digest tells nobody what is in them, and is what the inside can compare."""
    world = World(tmp_path)
    message = world.request()
    world.book.ahead(message, to_wire(message)._replace(body=b"sealed"))
    (path,) = world.files()
    sent = Sent.of(read_book(path.read_bytes()).lines[1])
    assert sent.digest == sha256(b"sealed").hexdigest()


def test_the_disk_knows_a_books_name_before_anything_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that loses its power finds the book that it had written."""
    synced: list[list[str]] = []
    real = os.fsync

    def seen(handle: int) -> None:
        if Path(f"/proc/self/fd/{handle}").readlink() == tmp_path:
            synced.append(sorted(path.name for path in tmp_path.iterdir()))
        real(handle)

    monkeypatch.setattr(os, "fsync", seen)
    World(tmp_path)
    assert synced == [["b00t.000001.book"]]


def test_a_part_is_not_begun_over_what_another_has_begun(tmp_path: Path) -> None:
    """What lies there under its name is left as it is, and nothing is sent."""
    (tmp_path / "b00t.000001.new").write_bytes(b"of another")
    world = World(tmp_path)
    with pytest.raises(NotWritten):
        world.send()
    assert (tmp_path / "b00t.000001.new").read_bytes() == b"of another"


def test_only_what_the_inside_has_goes_and_only_in_time(tmp_path: Path) -> None:
    """However old a book is that was not taken in, it stays; so does what nobody knows."""
    names = ["a.000001.book", "a.000002.done", "a.000003.new", "a.000004.broken", "a.txt"]
    for name in names:
        (tmp_path / name).write_bytes(b"")
    now = datetime.now(UTC)
    prune(tmp_path, now - DAY)
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    prune(tmp_path, now + DAY)
    assert sorted(path.name for path in tmp_path.iterdir()) == [names[0], *names[3:]]
