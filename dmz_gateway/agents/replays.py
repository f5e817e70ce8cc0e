"""Used nonces, remembered in a folder that every gateway of the machine shares.

One empty file a nonce, named by a digest of user, nonce and time: making it anew fails, whoever
made it first and whichever process has been restarted since.
"""

import hashlib
import os
import threading
import time
from pathlib import Path

from hub.errors import SettingsError

FOLDER_MODE = 0o770
SWEEP_SECONDS = 30.0


class Replays:
    """Says whether a digest sign-in was seen before."""

    def __init__(self, folder: Path, keep_seconds: float) -> None:
        """``keep_seconds``: twice the window in which a token is fresh."""
        self._folder = folder
        self._keep_seconds = keep_seconds
        self._lock = threading.Lock()
        self._next_sweep = 0.0
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
        except OSError as error:
            raise SettingsError(
                f"[gateway] replays: {folder} cannot be made: {error.strerror}."
            ) from error

    def first(self, user: str, nonce: bytes, created: str) -> bool:
        """Remember the token; False if it was there already."""
        self._sweep_sometimes()
        key = hashlib.sha256(b"\0".join((user.encode(), nonce, created.encode()))).hexdigest()
        try:
            os.close(os.open(self._folder / key, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o660))
        except FileExistsError:
            return False
        return True

    def sweep(self, older_than: float) -> None:
        """Forget what was made before ``older_than`` (seconds since 1970)."""
        with os.scandir(self._folder) as entries:
            for entry in entries:
                try:
                    if entry.stat().st_mtime < older_than:
                        os.unlink(entry.path)  # noqa: PTH108  an entry of scandir, thousands of them
                except FileNotFoundError:
                    continue  # another gateway swept it

    def _sweep_sometimes(self) -> None:
        now = time.monotonic()
        if now < self._next_sweep or not self._lock.acquire(blocking=False):
            return
        try:
            self._next_sweep = now + SWEEP_SECONDS
            self.sweep(time.time() - self._keep_seconds)
        finally:
            self._lock.release()
