"""The system that is thrown at: relays on its links, clocks to be moved, disks to be filled."""

import os
import struct
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.local.ports import LOOPBACK, free_port
from deploy.local.postgresql import PostgreSQL
from deploy.local.process import ProcessFailed
from deploy.local.programs import program
from deploy.local.stack import Stack
from tests.production.relay import Relay, Target, relaying
from tests.servers.system import System, running

POSTGRESQL, SQLITE = "postgresql", "sqlite"
NAMES = (
    *("gateway-1", "gateway-2", "hub-1", "hub-2", "ticketing-1", "ticketing-2"),
    *("evidence-1", "staff-1", "operator-1"),
)
HEARTBEAT_SECONDS = 6
# Whoever waits longer than this is told RECEIVED, and asks again.
REPLY_WAIT_SECONDS = 2.0
# mount looks for the folder in a list that changes while others mount and unmount theirs.
MOUNT_TRIES = 5
DISK_BYTES = 4 * 1_024**3
_NANOSECONDS = struct.Struct("q")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Clock:
    """The time of day of one process, which adds what a file says to the machine's."""

    def __init__(self, library: Path, file: Path) -> None:
        self._library, self._file = library, file
        file.write_bytes(_NANOSECONDS.pack(0))

    def jump(self, seconds: float) -> None:
        """Let it be so much ahead of the machine's from now on, or behind."""
        with self._file.open("r+b") as told:
            told.write(_NANOSECONDS.pack(round(seconds * 1e9)))

    def environment(self) -> dict[str, str]:
        """Return what a process is started with."""
        return {"LD_PRELOAD": str(self._library), "CHAOS_CLOCK": str(self._file)}


def made_library(folder: Path) -> Path:
    """Compile what moves a clock."""
    library = folder / "clock.so"
    source = Path(__file__).with_name("clock.c")
    command = (str(program("cc", "gcc")), "-shared", "-fPIC", "-O2", "-Wall", "-Werror")
    subprocess.run((*command, "-o", str(library), str(source), "-ldl"), check=True)
    return library


class Disk:
    """A disk of a folder's own, in memory; full to the last byte when we say so."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = folder
        self._mount("-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=0700", "lupu-chaos")

    def fill(self) -> None:
        """Make it as small as what is on it."""
        disk = os.statvfs(self.folder)
        used = (disk.f_blocks - disk.f_bfree) * disk.f_frsize
        self._mount("-o", f"remount,size={max(used, _PAGE_BYTES)}")

    def free(self) -> None:
        """Make it large again."""
        self._mount("-o", f"remount,size={DISK_BYTES}")

    def remove(self) -> None:
        """Take it away, whoever still has files of it open."""
        subprocess.run(("umount", "--lazy", str(self.folder)), check=False)

    def _mount(self, *words: str) -> None:
        for tries_left in reversed(range(MOUNT_TRIES)):
            done = subprocess.run(("mount", *words, str(self.folder)), check=not tries_left)
            if not done.returncode:
                break


@dataclass
class World:
    """The running system and all by which it is troubled."""

    system: System
    database: str
    postgresql: PostgreSQL | None
    database_disk: Disk
    gateways_disk: Disk
    relays: dict[str, Relay] = field(default_factory=dict)
    clocks: dict[str, Clock] = field(default_factory=dict)

    @property
    def stack(self) -> Stack:
        """What runs."""
        return self.system.stack

    def start_postgresql(self) -> None:
        """Start the database's server; its old processes may take a while to go."""
        server = self.postgresql
        for _ in range(60):
            try:
                if server is not None:
                    server.start()
            except ProcessFailed:
                continue
            return
        raise ProcessFailed("PostgreSQL does not start any more.")


@contextmanager
def running_world(folder: Path, kind: str, *, clusters: bool = False) -> Iterator[World]:
    """Run everything until the block ends; ``kind`` of database; ``clusters``: of three nodes.

    There is no relay in front of a cluster, whose nodes are dialled at addresses of their own.
    """
    with ExitStack() as ending:
        short = Path(ending.enter_context(TemporaryDirectory(prefix="lupu-chaos-")))
        library = made_library(short)
        database_disk, gateways_disk = (
            _disk(ending, folder / name) for name in ("database", "snapshots")
        )
        relays: dict[str, Relay] = {}
        clocks: dict[str, Clock] = {}

        def prepare(stack: Stack) -> None:
            _look_often(stack)
            if not clusters:
                relays.update(_relays(stack, short, ending))
            for name, process in stack.processes.items():
                clocks[name] = Clock(library, short / f"{name}.clock")
                process._environment |= clocks[name].environment()

        server, settings, database = _database(ending, folder / "database", kind)
        made = running(
            folder,
            settings,
            NAMES,
            clusters=clusters,
            prepare=prepare,
            reply_wait_seconds=REPLY_WAIT_SECONDS,
        )
        system = ending.enter_context(made)
        disks = {"database_disk": database_disk, "gateways_disk": gateways_disk}
        yield World(system, database, server, relays=relays, clocks=clocks, **disks)


def _disk(ending: ExitStack, folder: Path) -> Disk:
    disk = Disk(folder)
    ending.callback(disk.remove)
    return disk


def _database(
    ending: ExitStack, folder: Path, kind: str
) -> tuple[PostgreSQL | None, dict[str, str] | None, str]:
    """Return the server, what the system is set to, and what the checker connects to."""
    if kind == SQLITE:
        return None, None, str(folder / "lupu.sqlite")
    server = PostgreSQL(folder / "postgresql")
    ending.callback(server.stop)
    server.start()
    url = server.create("lupu")
    return server, {"url": url}, url.replace("+psycopg", "")


def _look_often(stack: Stack) -> None:
    """Have the system ask often whether the other end of a link is there."""
    for zone in ("outside", "hub", "inside"):
        path = stack.places.configuration(zone)
        text = path.read_text("utf-8")
        for section in ("[outside_broker]\n", "[inside_broker]\n"):
            text = text.replace(section, f"{section}heartbeat_seconds = {HEARTBEAT_SECONDS}\n")
        path.write_text(text, "utf-8")


def _relays(stack: Stack, short: Path, ending: ExitStack) -> dict[str, Relay]:
    """Put a relay into each link."""
    places = stack.places
    ports = {"outside": places.outside_port, "inside": places.inside_port}
    relays = {}
    for zone, sides in (
        ("outside", {"outside": "gateways to outside broker"}),
        ("hub", {"outside": "hubs to outside broker", "inside": "hubs to inside broker"}),
        ("inside", {"inside": "applications to inside broker"}),
    ):
        path = places.configuration(zone)
        text = path.read_text("utf-8")
        for side, name in sides.items():
            port, to = free_port(), Target(LOOPBACK, ports[side])
            relays[name] = ending.enter_context(relaying(short, port, to))
            text = text.replace(f"port = {ports[side]}\n", f"port = {port}\n")
        path.write_text(text, "utf-8")
    return relays
