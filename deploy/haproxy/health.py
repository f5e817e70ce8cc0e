"""Whether a process behind HAProxy can serve, asked as HAProxy does."""

import http.client
import socket
from pathlib import Path


def healthy(path: Path) -> bool:
    """Return whether the process behind a unix socket says that it can serve."""
    connection = _UnixConnection(path)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=2)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
