"""Files that prove something or hold personal data: made new, readable by their owner alone."""

import os
from pathlib import Path

from hub.errors import LupuError

OWNER_ONLY = 0o600


class NotWritten(LupuError):
    """A file cannot be written; the sentence says why."""


def write_new(path: Path, content: bytes) -> None:
    """Write a file that nobody but its owner may read.

    NotWritten where there is one of that name already, a link included: another may have put it
    there, may read it, or may miss what is in it. What is not written whole is not left there.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    except FileExistsError as error:
        raise NotWritten(f"{path} is there already: name a new file.") from error
    except OSError as error:
        raise NotWritten(f"{path} cannot be written: {error.strerror}.") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise NotWritten(f"{path} cannot be written: {error.strerror}.") from error
