"""Reading bodies: bounded before they are read, and after they are unpacked."""

import gzip
import io
import zlib

import pytest

from dmz_gateway.body import BadBody, TooLarge, UnknownPacking, drain, read_body, unpack

LIMIT_BYTES = 1_000


class Endless:
    """A stream that never ends and counts what was taken from it."""

    def __init__(self) -> None:
        self.taken_bytes = 0

    def read(self, size: int = -1, /) -> bytes:
        """Give as much as is asked for."""
        assert size > 0
        self.taken_bytes += size
        return b"x" * size


def test_a_length_beyond_the_limit_is_refused_unread() -> None:
    """A body that says it is too large is refused before a byte of it is read."""
    stream = Endless()
    with pytest.raises(TooLarge):
        read_body(stream, "1001", LIMIT_BYTES)
    assert stream.taken_bytes == 0


def test_a_chunked_body_is_read_up_to_the_limit_only() -> None:
    """A body without a length is given up one byte after the limit."""
    stream = Endless()
    with pytest.raises(TooLarge):
        read_body(stream, "", LIMIT_BYTES)
    assert stream.taken_bytes == LIMIT_BYTES + 1


def test_what_is_left_of_a_refused_body_is_drained_within_bounds() -> None:
    """A client may finish sending, so that it sees its answer; not for ever."""
    rest = io.BytesIO(b"x" * 300_000)
    drain(rest, "", 1_000_000)
    assert rest.read() == b""
    endless = Endless()
    drain(endless, "", 1_000_000)
    assert 1_000_000 <= endless.taken_bytes < 1_100_000
    unread = Endless()
    drain(unread, "1000001", 1_000_000)
    assert unread.taken_bytes == 0


@pytest.mark.parametrize("length", ["1000", ""])
def test_a_body_of_the_limit_passes(length: str) -> None:
    """A body of exactly the limit is read whole, with a length and in chunks."""
    assert len(read_body(io.BytesIO(b"x" * 1_000), length, LIMIT_BYTES)) == LIMIT_BYTES


@pytest.mark.parametrize("length", ["-1", "0x10", "1 ", "+5", "٣", "9" * 5_000])
def test_an_odd_length_is_refused(length: str) -> None:
    """A Content-Length that is not plain digits is refused."""
    with pytest.raises(BadBody):
        read_body(io.BytesIO(b"x" * 16), length, LIMIT_BYTES)


def test_a_body_cut_off_is_refused() -> None:
    """A body shorter than its length is refused, not taken for a whole one."""
    with pytest.raises(BadBody):
        read_body(io.BytesIO(b"abc"), "10", LIMIT_BYTES)


def test_gzip_is_unpacked() -> None:
    """A gzip body within the limit reads as what was packed."""
    assert unpack(gzip.compress(b"<a/>"), "gzip", LIMIT_BYTES) == b"<a/>"
    assert unpack(b"<a/>", "identity", LIMIT_BYTES) == b"<a/>"


def test_a_gzip_bomb_is_refused() -> None:
    """What would unpack to more than the limit is given up at the limit."""
    with pytest.raises(TooLarge):
        unpack(gzip.compress(b"\0" * 50_000_000), "gzip", LIMIT_BYTES)


@pytest.mark.parametrize(
    "packed",
    [b"no gzip", gzip.compress(b"<a/>")[:-4], gzip.compress(b"<a/>") + b"more", b""],
    ids=["none", "cut off", "something behind", "empty"],
)
def test_bad_gzip_is_refused(packed: bytes) -> None:
    """Gzip that is none, is cut off, or has something behind it is refused."""
    with pytest.raises(BadBody):
        unpack(packed, "gzip", LIMIT_BYTES)


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "zstd"])
def test_other_packings_are_refused(encoding: str) -> None:
    """Only gzip is understood."""
    with pytest.raises(UnknownPacking):
        unpack(zlib.compress(b"<a/>"), encoding, LIMIT_BYTES)
