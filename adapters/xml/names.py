"""How many names strangers can make a process keep.

libxml2 keeps each name that it has read, once, for as long as the thread lives that read it, and
lxml gives a thread no way to forget: documents full of ever new names would fill the memory,
though each is small and refused. So a thread reads only so much that has new names in it; from
then on it has each document read by a thread of its own, which ends with it: slower, and bounded.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from lxml import etree

_log = logging.getLogger(__name__)

# Ordinary documents bring a few dozen names, once. One byte of a hostile one can come to some
# ten in memory.
NEW_BYTES_MAX = 4 * 1_024 * 1_024

Element = etree._Element  # noqa: SLF001  lxml's class has no other name
Read = Callable[[], Element]

# How many bytes this thread has read in documents that brought new names.
_thread = threading.local()
_count: Callable[[], int] = etree.memory_debugger.dict_size


def kept_few(read: Read, size: int) -> Element:
    """Return what ``read`` makes of ``size`` bytes; in another thread if this one read enough."""
    if _new_bytes() > NEW_BYTES_MAX:
        with ThreadPoolExecutor(1) as ends:
            return ends.submit(read).result()
    before = _count()
    try:
        return read()
    finally:
        if _count() != before:
            _note(size)


def _new_bytes() -> int:
    read: int = getattr(_thread, "new_bytes", 0)
    return read


def _note(size: int) -> None:
    _thread.new_bytes = _new_bytes() + size
    if _new_bytes() > NEW_BYTES_MAX:
        _log.warning("xml.names_full", extra={"reader": threading.current_thread().name})
