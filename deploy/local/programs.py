"""Server programs of the machine; a missing one is a sentence that says what to install."""

import shutil
from pathlib import Path

from hub.errors import LupuError

# Debian keeps servers where an ordinary user's PATH does not look.
_SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin")


class ProgramMissing(LupuError):
    """A server program is not installed; the sentence says which package brings it."""


def program(name: str, package: str) -> Path:
    """Return where a program is; ProgramMissing names Debian's package where it is not."""
    found = shutil.which(name) or shutil.which(name, path=":".join(_SYSTEM_FOLDERS))
    if found is None:
        raise missing(name, package)
    return Path(found)


def within(network: str) -> tuple[str, ...]:
    """Return what stands before a command, so that it has its network in that namespace."""
    if not network:
        return ()
    return (str(program("nsenter", "util-linux")), f"--net=/run/netns/{network}", "--")


def in_folders(name: str, patterns: tuple[str, ...], package: str) -> Path:
    """Return the newest match of ``pattern/name`` below the root; ProgramMissing where none."""
    for pattern in patterns:
        matches = sorted(Path("/").glob(f"{pattern.lstrip('/')}/{name}"))
        if matches:
            return matches[-1]
    raise missing(name, package)


def missing(name: str, package: str) -> ProgramMissing:
    """Return the error for a program that is not there."""
    return ProgramMissing(
        f"{name} is not installed: run 'apt-get install {package}' on Debian or Ubuntu, "
        f"or install the same program from its own project."
    )
