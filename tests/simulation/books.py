"""Gateways' books on a disk that fills, and what they and the inside book say in the end."""

import errno
import os
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from dmz_gateway.books.book import Book, NotWritten
from dmz_gateway.books.files import DONE_SUFFIX, SUFFIX, BookFile
from hub.envelope import Message, Wire
from hub.evidence import Ended, Line, Sent, read_book
from hub.ports import Clock, Taken
from internal_apps.evidence.compare import Comparison
from internal_apps.evidence.compare import compare as compared
from internal_apps.evidence.entries import (
    QUEUES,
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

    def books(self) -> Iterator["Written"]:
        """Yield every book, once no gateway runs."""
        for folder in sorted(self._folder.iterdir()):
            for path in sorted((*folder.glob(f"*{SUFFIX}"), *folder.glob(f"*{DONE_SUFFIX}"))):
                yield Written(folder.name, path.stem.rsplit(".", 1)[0], _lines(path))

    def left_behind(self, boots: Collection[str]) -> Sequence[Path]:
        """Return the books that the inside has not all of, but for those of ``boots``."""
        paths = sorted(self._folder.glob(f"*/*{SUFFIX}"))
        return [path for path in paths if path.stem.rsplit(".", 1)[0] not in boots]

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

    def note(self, file: BookFile, text: str) -> None:
        """Write down what concerns a page."""
        self._chaos.at("page")
        if self._disk.full:
            raise NotWritten("The disk is full.")
        super().note(file, text)
        self._chaos.at("paged")

    def abandon(self, others: Sequence[BookFile]) -> None:
        """Be left behind by a process that died, maybe in the middle of a line.

        ``others`` are books of before that it had taken in.
        """
        for file in (*self.files, *others):
            if self._chaos.happens("book.torn"):
                with file.path.open("ab") as opened:
                    opened.write(b"S 17 2010-05-0")
            file.close()

    def _open_part(self) -> BookFile:
        if self._disk.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super()._open_part()


class Written(NamedTuple):
    """A gateway's book as it lies on the disk."""

    gateway: str
    boot: str
    lines: Sequence[Line]

    def booked(self, lines: Sequence[Line] | None = None) -> Iterator[Booked]:
        """Yield what it says was sent, and how that ended."""
        chosen = self.lines if lines is None else lines
        ended = {end.sequence: end for end in map(Ended.of, _of(chosen, "E"))}
        for sent in map(Sent.of, _of(chosen, "S")):
            end = ended.get(sent.sequence)
            yield Booked(
                Key(self.gateway, self.boot, sent.sequence),
                sent.request,
                sent.type,
                sent.digest,
                sent.at,
                end.ending.value if end else "",
                end.at if end else None,
            )

    def acknowledged(self) -> Sequence[Line]:
        """Return the lines of which it knows that the inside has them."""
        known = {line.fields[0] for line in _of(self.lines, "A")}
        counts = [int(line.fields[2]) for line in _of(self.lines, "P") if line.fields[0] in known]
        return self.lines[: max(counts, default=0)]


def taken_in(message: Message, what: Taken) -> TakenIn:
    """Return a line of the inside book in memory as a comparison takes it."""
    return TakenIn(
        Key(*message.transmission),
        str(message.id),
        message.type,
        message.crossed,
        what.value,
        message.accepted_at,
    )


def comparison(
    booked: Sequence[Booked], taken: Sequence[TakenIn], stopped: Sequence[Stopped], now: datetime
) -> Comparison:
    """Compare both sides as the evidence does, with every book taken in."""
    covers = {(one.key.origin, one.key.boot): Cover(over=True) for one in taken}
    empty = Depth(0, now + timedelta(days=1))
    depths = {queue: empty for names in QUEUES.values() for queue in names}
    view = View(now, 0.0, covers, depths=depths, queues=QUEUES)
    return compared(booked, taken, stopped, view)


def all_stopped(notices: Sequence[Wire], clock: Clock) -> Iterator[Stopped]:
    """Yield what hubs told of."""
    for wire in notices:
        said = DOCUMENTS.values(wire.body)
        yield Stopped(
            Key(said["Origin"], said["Boot"], said["Sequence"]),
            said["Request"],
            said["Crossed"],
            said["Reason"],
            clock.now(),
        )


def _of(lines: Sequence[Line], kind: str) -> list[Line]:
    return [line for line in lines if line.kind == kind]


def _lines(path: Path) -> Sequence[Line]:
    return read_book(path.read_bytes()).lines
