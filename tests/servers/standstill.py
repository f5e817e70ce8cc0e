"""A process that stands still: its connections stay, and nothing comes from it."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.used import descendants

STOP_SECONDS_MAX = 10.0
_STOPPED = "T"


@contextmanager
def standing_still(pid: int) -> Iterator[None]:
    """Stop a process, and what it has started, in the middle of what it does.

    A signal takes its time on a busy machine: it goes on when every thread has stopped.
    """
    pids = descendants(pid)
    for one in pids:
        os.kill(one, signal.SIGSTOP)
    try:
        deadline = time.monotonic() + STOP_SECONDS_MAX
        while not all(_stands(one) for one in pids):
            assert time.monotonic() < deadline, f"{pids} do not stop"
            time.sleep(0.001)
        yield
    finally:
        for one in pids:
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGCONT)


def _stands(pid: int) -> bool:
    states = []
    for thread in Path(f"/proc/{pid}/task").glob("*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            states.append(thread.read_text("utf-8").rpartition(")")[2].split()[0])
    return set(states) <= {_STOPPED}
