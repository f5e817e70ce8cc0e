"""A TCP relay between two ends that can be slow, hold back what one says, or cut all off.

It listens in the network that it is started in and dials in another, so it is a door into a
namespace too. It runs as a process of its own and takes its orders as datagrams.
"""

import asyncio
import ctypes
import os
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from deploy.local.ports import LOOPBACK, answers
from deploy.local.process import Process

CHUNK_BYTES = 65_536
# Beyond these whoever speaks has to wait, as he would on a real line.
CHUNKS_MAX = 64
UP, DOWN = "up", "down"
_NEW_NETWORK = 0x40000000
# Closing such a socket is said by a reset, at once, as by a machine that has forgotten all.
_LINGER = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a relay dials: an address and a port, in a namespace or in the machine's network."""

    host: str
    port: int
    network: str = ""


class Relay:
    """A running relay; what it is told holds for connections that are there and that come."""

    def __init__(self, process: Process, orders: Path) -> None:
        self.process = process
        self._orders = str(orders)

    def slow(self, seconds: float) -> None:
        """Hand on each byte this long after it came, either way."""
        self._tell(f"slow {seconds}")

    def hold(self, *ways: str) -> None:
        """Hand on nothing UP, to whom is dialled, or DOWN, from there; connections stay open."""
        self._tell(" ".join(("hold", *ways)))

    def cut(self) -> None:
        """Reset every connection, and each that comes."""
        self._tell("cut")

    def mend(self) -> None:
        """Be a good relay again; what was held back is handed on."""
        self._tell("mend")

    def _tell(self, order: str) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as teller:
            teller.sendto(order.encode(), self._orders)


@contextmanager
def relaying(folder: Path, port: int, target: Target) -> Iterator[Relay]:
    """Relay from a port of loopback to a target until the block ends; ``folder``: a short path."""
    orders = folder / f"{port}.orders"
    to = (target.host, str(target.port), target.network)
    command = [sys.executable, "-m", "tests.production.relay", str(port), str(orders), *to]
    process = Process(f"relay {port}", command, folder / f"{port}.log")
    process.start()
    try:
        process.wait_ready(lambda: answers(port))
        yield Relay(process, orders)
    finally:
        process.kill()


class _Wire:
    """What the orders of the moment are, and the connections that they hold for."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._seconds = 0.0
        self._is_cut = False
        self._open = {UP: asyncio.Event(), DOWN: asyncio.Event()}
        self._writers: set[asyncio.StreamWriter] = set()
        self.obey("mend")

    def obey(self, order: str) -> None:
        """Do what an order says."""
        word, *rest = order.split()
        self._is_cut = word == "cut"
        self._seconds = float(rest[0]) if word == "slow" else 0.0
        for way, passable in self._open.items():
            (passable.clear if word == "hold" and way in rest else passable.set)()
        for writer in self._writers if self._is_cut else ():
            _reset(writer)

    async def relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Relay one connection until either end goes."""
        if self._is_cut:
            _reset(writer)
            return
        with suppress(OSError):
            there, to = await asyncio.open_connection(self._target.host, self._target.port)
            ends = {writer, to}
            self._writers |= ends
            ways = [self._hand_on(reader, to, UP), self._hand_on(there, writer, DOWN)]
            tasks = [asyncio.create_task(way) for way in ways]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            self._writers -= ends
            to.close()
        writer.close()

    async def _hand_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: str
    ) -> None:
        """Hand on what comes, in its order, each piece when it is due."""
        due: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(CHUNKS_MAX)
        loop = asyncio.get_running_loop()

        async def read() -> None:
            with suppress(OSError):
                while chunk := await reader.read(CHUNK_BYTES):
                    await due.put((loop.time() + self._seconds, chunk))
            await due.put((loop.time() + self._seconds, b""))

        reading = asyncio.create_task(read())
        try:
            while True:
                at, chunk = await due.get()
                await asyncio.sleep(at - loop.time())
                await self._open[way].wait()
                if not chunk:
                    break
                writer.write(chunk)
                await writer.drain()
        except OSError:
            pass
        finally:
            reading.cancel()


def _reset(writer: asyncio.StreamWriter) -> None:
    one = writer.get_extra_info("socket")
    with suppress(OSError):  # one that is closed already
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
    writer.transport.abort()


def _enter(network: str) -> None:
    """Make every socket from now on in a namespace."""
    with Path("/run/netns", network).open("rb") as name:
        if ctypes.CDLL(None, use_errno=True).setns(name.fileno(), _NEW_NETWORK):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), network)


async def _run(port: int, orders: Path, target: Target) -> None:
    wire = _Wire(target)
    server = await asyncio.start_server(wire.relay, LOOPBACK, port)
    told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    told.bind(str(orders))
    told.setblocking(False)
    if target.network:
        _enter(target.network)
    loop = asyncio.get_running_loop()
    async with server:
        while True:
            wire.obey((await loop.sock_recv(told, 1_000)).decode())


if __name__ == "__main__":
    _own, _orders, _host, _port, _network = sys.argv[1:]
    asyncio.run(_run(int(_own), Path(_orders), Target(_host, int(_port), _network)))
