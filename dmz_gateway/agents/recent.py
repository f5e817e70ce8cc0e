"""What lately became of requests, so that a repeat of one is answered accordingly."""

import hashlib
import threading
from collections import OrderedDict


class Recent:
    """Request ids with the digest of their document, bounded in number and age.

    The age counts from when one was added and is not renewed by asking.
    """

    def __init__(self, entries_max: int, seconds: float) -> None:
        self._entries_max = entries_max
        self._seconds = seconds
        self._entries: OrderedDict[str, tuple[bytes, float]] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, request: str, digest: bytes, now: float) -> None:
        """Remember what became of a request at ``now`` (monotonic)."""
        with self._lock:
            self._entries[request] = (digest, now)
            self._entries.move_to_end(request)
            if len(self._entries) > self._entries_max:
                self._entries.popitem(last=False)

    def has(self, request: str, digest: bytes, now: float) -> bool:
        """Return whether exactly this document was lately added under this id."""
        return self.age_seconds(request, digest, now) is not None

    def age_seconds(self, request: str, digest: bytes, now: float) -> float | None:
        """Return how long ago this document was added under this id; None where it was not."""
        with self._lock:
            entry = self._entries.get(request)
            if entry is None:
                return None
            if now - entry[1] > self._seconds:
                del self._entries[request]
                return None
        return now - entry[1] if entry[0] == digest else None

    def forget(self, request: str, now: float) -> None:
        """Forget what was added at ``now``, unless somebody added it anew since."""
        with self._lock:
            entry = self._entries.get(request)
            if entry is not None and entry[1] == now:
                del self._entries[request]

    def __len__(self) -> int:
        return len(self._entries)


def digest_of(body: bytes) -> bytes:
    """Return what two documents have alike only where they are the same."""
    return hashlib.sha256(body).digest()
