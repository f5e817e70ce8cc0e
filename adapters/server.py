"""What a process that listens does at its start: claim its place, tie its worker to itself."""

import ctypes
import errno
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

from hub.errors import SettingsError

_PR_SET_PDEATHSIG = 1
# A host name may stand for an address of a family that this machine has not.
_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def claim_socket(section: str, path: Path) -> None:
    """Remove the unix socket of a process that was killed; SettingsError if one is alive.

    ``section`` is that of the settings, whose entry is called ``socket``.
    """
    if not path.parent.is_dir():
        raise SettingsError(f"[{section}] socket: the folder {path.parent} is not there; make it.")
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            path.unlink(missing_ok=True)
            return
        except OSError as error:
            raise SettingsError(
                f"[{section}] socket: {path} cannot be used: {error.strerror}."
            ) from error
    raise SettingsError(f"[{section}] socket: {path} is taken: another process listens there.")


def claim_port(section: str, host: str, port: int) -> None:
    """SettingsError where ``port`` cannot be listened on at any address of ``host``."""
    errors = list(_in_the_way(host, port))
    taken = [error for error in errors if error is not None and error.errno not in _NOT_HERE]
    if taken or None not in errors:
        reason = next((error.strerror for error in (*taken, *errors) if error), "no such host")
        raise SettingsError(
            f"[{section}] port {port} on {host} cannot be listened on ({reason}): choose another."
        )


def _in_the_way(host: str, port: int) -> Iterator[OSError | None]:
    """Return for each address of ``host`` what keeps the port from being listened on."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        yield error
        return
    for family, _, _, _, address in found:
        try:
            with socket.socket(family) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
        except OSError as error:
            yield error
        else:
            yield None


def die_with(parent: int) -> None:
    """End this worker when its parent ends.

    Without it a worker would serve on, and hold its socket, with nobody to stop it.
    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
