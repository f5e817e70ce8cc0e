"""Keeping the parser's memory flat, whatever names strangers think of.

libxml2 keeps every element and attribute name it meets for as long as the thread lives. What a
thread had to refuse is therefore charged to it. Once that is more than it may keep, it looks at
the names before it parses, and a document with too many new ones is parsed on a thread of its
own, which takes its names with it when it ends.
"""

import re
import threading
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import NoReturn, TypeVar

T = TypeVar("T")

REFUSED_BYTES_MAX = 262_144
NAMES_BYTES_MAX = 131_072
_NAME_OVERHEAD_BYTES = 64
_NAMES = re.compile(
    rb"""\sxmlns(?::[^\s<>/!?="']++)?\s*+=\s*+["']([^"']*+)|<\??([^\s<>/!?="']++)"""
    rb"""|[\s"'/]([^\s<>/!?="']++)\s*+="""
)
_NOT_ASCII_BASED = (b"\xfe\xff", b"\xff\xfe", b"\0<", b"<\0")


class _Seen(threading.local):
    def __init__(self) -> None:
        self.refused_bytes = 0
        self.names: set[bytes] = set()
        self.names_bytes = 0


class Names:
    """The names each thread has met."""

    def __init__(self) -> None:
        self._seen = _Seen()

    def parse(self, body: bytes, parse: Callable[[bytes], T]) -> T:
        """Return ``parse(body)``, from here or, if its names are too many, a passing thread."""
        if self._seen.refused_bytes <= REFUSED_BYTES_MAX or self._affordable(body):
            return parse(body)
        return _on_passing_thread(lambda: parse(body))

    def refused(self, body: bytes) -> None:
        """Charge a body that this thread parsed and refused."""
        self._seen.refused_bytes += len(body)

    def _affordable(self, body: bytes) -> bool:
        if body[:2] in _NOT_ASCII_BASED:
            return False
        found: set[bytes] = set()
        for groups in set(_NAMES.findall(body)):
            found.update(groups)
        seen = self._seen
        new = found - seen.names
        if not new:
            return True
        cost = sum(map(len, new)) + _NAME_OVERHEAD_BYTES * len(new)
        if seen.names_bytes + cost > NAMES_BYTES_MAX:
            return False
        seen.names_bytes += cost
        seen.names |= new
        return True


def _on_passing_thread(function: Callable[[], T]) -> T:
    done: SimpleQueue[Callable[[], T]] = SimpleQueue()

    def run() -> None:
        try:
            value = function()
        except BaseException as failure:  # noqa: BLE001  raised again by whoever waits
            done.put(partial(_fail, failure))
        else:
            done.put(lambda: value)

    threading.Thread(target=run, name="passing parser", daemon=True).start()
    return done.get()()


def _fail(failure: BaseException) -> NoReturn:
    try:
        raise failure
    finally:
        # Else the error's frames would hold the error, and with it the document.
        del failure
