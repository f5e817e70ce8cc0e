"""What the inside publishes, as gateways and hubs know it: the newest edition.

A gateway keeps it on disk too: started while the inside, or the broker, is away, it serves from
what it kept. A hub needs no disk: it has its edition from a stream on the inside broker, without
which it moves nothing anyway.
"""

import logging
import os
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Generic, Protocol, TypeVar

from hub.counting import from_nought
from hub.errors import LupuError, SettingsError, broken
from hub.messages import MessageType
from hub.ports import Clock, Delivery, Metrics, Subscription

_log = logging.getLogger(__name__)

COUNTED = (
    *("lupu_snapshot_refused_total", "lupu_snapshot_older_total"),
    "lupu_snapshot_not_kept_total",
)

FOLDER_MODE = 0o700
FILE_MODE = 0o600
PREFETCH_MAX = 10

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Edition(Generic[T]):
    """One edition of a published document; ``version`` grows with every change."""

    version: int
    published_at: datetime
    content: T


class Feed(Protocol):
    """A connection that consumes; ``adapters.amqp.consumer.AmqpConsumer`` is one."""

    def subscribe_stream(
        self, stream: str, prefetch_max: int, deliver: Callable[[Delivery], None]
    ) -> Subscription:
        """Consume a stream from its last document on."""


def listen(feed: Feed, stream: str, take: Callable[[Delivery], None]) -> None:
    """Hand every document of a stream, from the last on, to ``take``, and acknowledge it."""
    served: list[Subscription] = []

    def deliver(delivery: Delivery) -> None:
        take(delivery)
        for subscription in served:
            subscription.acknowledge(delivery.tag)

    served.append(feed.subscribe_stream(stream, PREFETCH_MAX, deliver))


class Snapshot(Generic[T]):
    """The newest edition of one document. An older one is refused, whoever sends it."""

    def __init__(
        self,
        row: MessageType,
        folder: Path | None,
        *,
        read: Callable[[bytes], Edition[T]],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        """``read`` checks a document against its contract and reads it; LupuError if it fails.

        Without a ``folder`` nothing is kept on disk.
        """
        self._row = row
        self._path = None if folder is None else folder / f"{row.key}.xml"
        self._read = read
        self._clock = clock
        self._metrics = metrics
        from_nought(metrics, *COUNTED, document=row.name)
        self._edition: Edition[T] | None = None
        self._arrived: SimpleQueue[Delivery] = SimpleQueue()

    @property
    def edition(self) -> Edition[T] | None:
        """The newest edition, None as long as there was none."""
        return self._edition

    def age_seconds(self) -> float | None:
        """Return how long ago the edition was published; None where there is none."""
        if self._edition is None:
            return None
        age_seconds = (self._clock.now() - self._edition.published_at).total_seconds()
        return max(0.0, age_seconds)

    def load(self) -> None:
        """Take up the edition kept on disk, if there is one that can be read."""
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
            body = self._path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise SettingsError(
                f"[gateway] snapshots: {self._path} cannot be read: {error.strerror}."
            ) from error
        try:
            self._edition = self._read(body)
        except LupuError as error:
            _log.warning(
                "snapshot.unreadable", extra={"document": self._row.key, "reason": _why(error)}
            )
            return
        _log.info("snapshot.loaded", extra=self._facts(self._edition))

    def deliver(self, delivery: Delivery) -> None:
        """Hand over what came from the stream; it is taken up on the snapshot's own thread."""
        self._arrived.put(delivery)

    def start_thread(self) -> None:
        """Take up what is delivered, on a thread of its own."""
        name = f"snapshot {self._row.name}"
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def offer(self, body: bytes) -> bool:
        """Take up an edition if it is newer; keep it on disk before it counts."""
        try:
            edition = self._read(body)
        except LupuError as error:
            self._metrics.count("lupu_snapshot_refused_total", document=self._row.name)
            _log.error(
                "snapshot.refused", extra={"document": self._row.key, "reason": _why(error)}
            )
            return False
        held = self._edition
        if held is not None and not _newer(edition, held):
            if edition.version < held.version:
                self._metrics.count("lupu_snapshot_older_total", document=self._row.name)
                _log.warning("snapshot.older", extra=self._facts(edition))
            return False
        self._keep(body)
        self._edition = edition
        self._metrics.gauge("lupu_snapshot_version", edition.version, document=self._row.name)
        if held is None or edition.version != held.version:
            _log.info("snapshot.taken", extra=self._facts(edition))
        return True

    def measure(self) -> None:
        """Set the gauge of the edition's age."""
        age_seconds = self.age_seconds()
        if age_seconds is not None:
            self._metrics.gauge("lupu_snapshot_age_seconds", age_seconds, document=self._row.name)

    def _run(self) -> None:
        while True:
            try:
                self.offer(self._arrived.get().wire.body)
            except Exception as error:  # noqa: BLE001  a thread that ends would leave blocked agents in for ever
                self._metrics.count("lupu_snapshot_refused_total", document=self._row.name)
                _log.error("snapshot.failed", extra={"document": self._row.key, **broken(error)})

    def _keep(self, body: bytes) -> None:
        if self._path is None:
            return
        # A disk that is full must not keep a blocked agent in: what counts is in memory.
        try:
            _write(self._path, body)
        except OSError as error:
            self._metrics.count("lupu_snapshot_not_kept_total", document=self._row.name)
            _log.error(
                "snapshot.not_kept", extra={"document": self._row.key, "reason": error.strerror}
            )

    def _facts(self, edition: Edition[T]) -> dict[str, object]:
        return {
            "document": self._row.key,
            "version": edition.version,
            "published_at": edition.published_at.isoformat(),
        }


def _newer(edition: Edition[T], held: Edition[T]) -> bool:
    return (edition.version, edition.published_at) > (held.version, held.published_at)


def _why(error: LupuError) -> str:
    # The sentence may quote the document, which holds credentials.
    return type(error).__name__


def _write(path: Path, body: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
