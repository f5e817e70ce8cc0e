"""What a system takes of its machine, sample by sample, and how fast that grows."""

import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.chaos.rows import POSTGRESQL
from tests.chaos.world import World

MIB = 1_024 * 1_024
PROC = Path("/proc")
HOUR_SECONDS = 3_600.0
# What the brokers keep for ever by design is no backlog.
STREAMS = "published."

Sample = dict[str, float]


class Sampler:
    """Takes a sample every so often, on a thread of its own."""

    def __init__(self, sample: Callable[[], Sample], seconds: float) -> None:
        self._sample, self._seconds = sample, seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._take)
        self.samples: list[tuple[float, Sample]] = []

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def end(self) -> None:
        """Take no more."""
        self._over.set()
        self._thread.join()

    def _take(self) -> None:
        while not self._over.wait(self._seconds):
            self.samples.append((time.monotonic(), self._sample()))


def sample(world: World) -> Sample:
    """Return memory of every process, disk by folder, messages by broker, rows by table."""
    stack, folder = world.stack, world.stack.places.folder
    brokers = {"outside": stack.outside, "inside": stack.inside}
    pids = {name: process.pid for name, process in stack.processes.items()}
    nodes = [node for broker in brokers.values() for node in broker.nodes]
    pids |= {f"{node.name} broker": node.pid for node in nodes}
    pids |= {"HAProxy": stack.haproxy.pid, "staff HAProxy": stack.staff_haproxy.pid}
    if world.postgresql is not None:
        pids["PostgreSQL"] = world.postgresql.pid
    children = _children()
    taken = {f"memory of {name}, MiB": _memory(pid, children) for name, pid in pids.items()}
    for name in ("brokers/outside", "brokers/inside", "database", "snapshots", "logs"):
        taken[f"disk of {name}, MiB"] = _disk(folder / name)
    for name, broker in brokers.items():
        waiting = {
            queue: count
            for queue, count in broker.queue_messages().items()
            if not queue.startswith(STREAMS)
        }
        taken[f"messages in queues {name}"] = sum(waiting.values())
    return taken | _rows(world.database)


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for status in PROC.glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = int(status.read_text().rpartition(")")[2].split()[1])
            found[parent].append(int(status.parent.name))
    return found


def _memory(pid: int, children: dict[int, list[int]]) -> float:
    """Return the memory of a process and of those that it started; what is shared, in shares."""
    own = 0.0
    with suppress(OSError):
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                own = int(line.split()[1]) / 1_024
    return own + sum(_memory(child, children) for child in children.get(pid, []))


def _disk(folder: Path) -> float:
    taken = 0
    for file in folder.rglob("*"):
        with suppress(OSError):
            taken += file.lstat().st_blocks * 512
    return taken / MIB


def _rows(database: str) -> Sample:
    connection: Any
    if database.startswith(POSTGRESQL):
        connection = psycopg.connect(database)
        named = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    else:
        connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)
        named = "SELECT name FROM sqlite_master WHERE type = 'table'"
    with closing(connection):
        return {
            f"rows of {name}": _first(connection, f"SELECT COUNT(*) FROM {name}")  # noqa: S608
            for (name,) in connection.execute(named).fetchall()
        }


def _first(connection: Any, query: str) -> float:
    (count,) = connection.execute(query).fetchone()
    return float(count)


@dataclass(frozen=True, slots=True)
class Growth:
    """What one thing came to in the first and in the last part of a run, and its slope there."""

    name: str
    first: float
    last: float
    first_slope: float
    last_slope: float

    def row(self) -> str:
        """Return its line of the table."""
        figures = (self.first, self.last, self.first_slope, self.last_slope)
        return f"{self.name:<38}" + "".join(f"{figure:>12,.1f}" for figure in figures)


HEAD = f"{'':<38}{'first':>12}{'last':>12}{'grows first':>12}{'last, a h':>12}"


def growths(samples: Sequence[tuple[float, Sample]]) -> list[Growth]:
    """Return the growth of each thing: first and last hour, or quarter of a shorter run."""
    began, ended = samples[0][0], samples[-1][0]
    part = min(HOUR_SECONDS, (ended - began) / 4)
    names = sorted({name for _, taken in samples for name in taken})
    found = []
    for name in names:
        points = [(at, taken[name]) for at, taken in samples if name in taken]
        first = [point for point in points if point[0] <= began + part]
        last = [point for point in points if point[0] >= ended - part]
        values = (_mean(first), _mean(last), _slope(first), _slope(last))
        if any(values):
            found.append(Growth(name, *values))
    return found


def _mean(points: Sequence[tuple[float, float]]) -> float:
    return sum(value for _, value in points) / max(len(points), 1)


def _slope(points: Sequence[tuple[float, float]]) -> float:
    """Return by how much a straight line through them rises an hour."""
    middle = sum(at for at, _ in points) / max(len(points), 1)
    mean = _mean(points)
    spread = sum((at - middle) ** 2 for at, _ in points)
    rise = sum((at - middle) * (value - mean) for at, value in points)
    return rise / spread * HOUR_SECONDS if spread else 0.0
