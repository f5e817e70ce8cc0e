"""Reading a request's body: measured before it is read, unpacked within the same bound."""

import zlib
from typing import Protocol

_GZIP_WINDOW_BITS = 31
_PIECE_BYTES = 65_536
_LENGTH_DIGITS_MAX = 15


class TooLarge(Exception):
    """The body, or what it unpacks to, is larger than allowed."""


class BadBody(Exception):
    """The body cannot be read: it is cut off, or not what its header says."""


class UnknownPacking(Exception):
    """The body is packed in a way that is not understood."""


class Stream(Protocol):
    """What a WSGI server offers as ``wsgi.input``."""

    def read(self, size: int = ..., /) -> bytes:
        """Read at most ``size`` bytes; none at the end."""


def read_body(stream: Stream, length: str, bytes_max: int) -> bytes:
    """Return the body; TooLarge before more than ``bytes_max`` was read of it.

    ``length`` is the Content-Length header, empty where the body comes in chunks.
    """
    said = length_bytes(length)
    if said is not None and said > bytes_max:
        raise TooLarge
    body = _read(stream, said, bytes_max)
    if said is not None and len(body) != said:
        raise BadBody("The body ended before its Content-Length.")
    return body


def length_bytes(length: str) -> int | None:
    """Return what a Content-Length says, None where there is none; BadBody if it is none."""
    if not length:
        return None
    if not (length.isascii() and length.isdigit() and len(length) <= _LENGTH_DIGITS_MAX):
        raise BadBody("The Content-Length is not a number.")
    return int(length)


def drain(stream: Stream, length: str, bytes_max: int) -> None:
    """Read and forget what is left of a body that was refused, if that is not too much.

    A client that is still sending when the connection closes never sees its answer.
    """
    if (length_bytes(length) or 0) > bytes_max:
        return
    left = bytes_max
    try:
        while left > 0 and (piece := stream.read(_PIECE_BYTES)):
            left -= len(piece)
    except OSError:
        return  # the client has gone, and its answer with it


def unpack(body: bytes, encoding: str, bytes_max: int) -> bytes:
    """Return the body without its Content-Encoding (gzip or none), bounded by ``bytes_max``."""
    packing = encoding.strip().lower()
    if packing in ("", "identity"):
        return body
    if packing not in ("gzip", "x-gzip"):
        raise UnknownPacking
    unpacker = zlib.decompressobj(_GZIP_WINDOW_BITS)
    try:
        unpacked = unpacker.decompress(body, bytes_max + 1)
    except zlib.error:
        raise BadBody("The body is not gzip.") from None
    if len(unpacked) > bytes_max:
        raise TooLarge
    if not unpacker.eof or unpacker.unused_data:
        raise BadBody("The gzip body is cut off or has something behind it.")
    return unpacked


def _read(stream: Stream, length: int | None, bytes_max: int) -> bytes:
    pieces: list[bytes] = []
    total = 0
    wanted = bytes_max + 1 if length is None else length
    while total < wanted:
        try:
            piece = stream.read(min(wanted - total, _PIECE_BYTES))
        except OSError:
            raise BadBody("The connection broke while the body was read.") from None
        if not piece:
            break
        pieces.append(piece)
        total += len(piece)
    if total > bytes_max:
        raise TooLarge
    return b"".join(pieces)
