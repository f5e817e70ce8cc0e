"""Gateways' books on a disk that fills, and what they and the inside book say in the end."""

import errno
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from adapters.memory.store import MemoryStore
from dmz_gateway.books.book import Book
from dmz_gateway.books.files import BookFile, left_behind
from hub.envelope import Wire
from hub.evidence import Ended, Sent, read_book
from hub.ports import Clock
from internal_apps.evidence.compare import Comparison
from internal_apps.evidence.compare import compare as compared
from internal_apps.evidence.entries import (
    APPLICATIONS,
    Booked,
    Cover,
    Depth,
    Key,
    Stopped,
    TakenIn,
    View,
)
from tests.simulation.chaos import Chaos
from tests.simulation.documents import DOCUMENTS
from tests.simulation.world import Process
from tests.unit.hub_world import CountedMetrics

BYTES_MAX = 20_000


class Disk:
    """The disk on which every gateway keeps its books, each in a folder of its own."""

    def __init__(self, folder: Path, chaos: Chaos) -> None:
        self.full = False
        self.chaos = chaos
        self._folder = folder

    def folder(self, gateway: str) -> Path:
        """Return where a gateway keeps its books."""
        return self._folder / gateway

    def read(self, clock: Clock) -> Iterator[Booked]:
        """Yield what every book says, once no gateway runs."""
        for folder in sorted(self._folder.iterdir()):
            for file in left_behind(folder, clock):
                yield from _booked(folder.name, file)
                file.close()

    def broken(self) -> Sequence[Path]:
        """Return the books that were found changed."""
        return list(self._folder.rglob("*.broken"))


class DiskBook(Book):
    """A book whose disk may be full, and whose process may die at any line."""

    def __init__(self, disk: Disk, process: Process, boot: str) -> None:
        super().__init__(
            disk.folder(process.name),
            process.name,
            boot,
            clock=process,
            metrics=CountedMetrics(),
            bytes_max=BYTES_MAX,
        )
        self._disk = disk
        self._chaos = disk.chaos

    def write(self, sent: Sent) -> None:
        """Write, on the process's way to publishing."""
        self._chaos.at("book")
        super().write(sent)
        self._chaos.at("booked")

    def abandon(self) -> None:
        """Be left behind by a process that died, maybe in the middle of a line."""
        for file in self.files:
            if self._chaos.happens("book.torn"):
                with file.path.open("ab") as opened:
                    opened.write(b"S 17 2010-05-0")
            file.close()

    def _open_part(self) -> BookFile:
        if self._disk.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super()._open_part()


def comparison(
    disk: Disk, store: MemoryStore, notices: Sequence[Wire], clock: Clock
) -> tuple[Comparison, Sequence[Booked]]:
    """Compare both sides as the evidence does, with every book taken in; and what was sent."""
    booked = list(disk.read(clock))
    taken = [
        TakenIn(
            Key(*message.transmission),
            str(message.id),
            message.type,
            message.crossed,
            what.value,
            message.accepted_at,
        )
        for message, what in store.taken()
    ]
    covers = {(one.key.origin, one.key.boot): Cover(over=True) for one in taken}
    now = clock.now()
    empty = {"ticketing": Depth(0, now)}
    view = View(now, 0.0, covers, depths=empty, applications=APPLICATIONS)
    return compared(booked, taken, list(_stopped(notices, clock)), view), booked


def _stopped(notices: Sequence[Wire], clock: Clock) -> Iterator[Stopped]:
    for wire in notices:
        said = DOCUMENTS.values(wire.body)
        yield Stopped(
            Key(said["Origin"], said["Boot"], said["Sequence"]),
            said["Request"],
            said["Crossed"],
            said["Reason"],
            clock.now(),
        )


def _booked(gateway: str, file: BookFile) -> Iterator[Booked]:
    lines = read_book(file.read(0)).lines
    ended = {end.sequence: end for end in (Ended.of(line) for line in lines if line.kind == "E")}
    for sent in (Sent.of(line) for line in lines if line.kind == "S"):
        end = ended.get(sent.sequence)
        yield Booked(
            Key(gateway, file.boot, sent.sequence),
            sent.request,
            sent.type,
            sent.digest,
            sent.at,
            end.ending.value if end else "",
            end.at if end else None,
        )
