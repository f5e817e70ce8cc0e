"""HAProxy's own socket: it takes up certificates anew without dropping a connection."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

from hub.errors import LupuError

ANSWER_SECONDS_MAX = 10.0
_CERTIFICATE, _AUTHORITY, _REVOKED = "cert", "ca-file", "crl-file"
KINDS = (_CERTIFICATE, _AUTHORITY, _REVOKED)
_GOOD = re.compile(r"Success!|[Tt]ransaction (?:created|updated)")


class NotTaken(LupuError):
    """HAProxy did not take a file, and goes on with the one before."""


class Runtime:
    """A running HAProxy, asked through its socket."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def reload(self) -> Iterator[Path]:
        """Have every certificate, authority and list read anew; yield each that was taken.

        Connections that are open stay as they are, and new ones get the new files.
        """
        for kind in KINDS:
            for path in self._files(kind):
                self._replace(kind, path)
                yield path

    def _files(self, kind: str) -> Iterator[Path]:
        for line in self._ask(f"show ssl {kind}").splitlines():
            name = line.partition(" - ")[0].strip()
            if name.startswith("/"):
                yield Path(name)

    def _replace(self, kind: str, path: Path) -> None:
        content = _content(path)
        if kind == _CERTIFICATE:
            content += _content(path.with_suffix(".key"))
        self._do(f"set ssl {kind} {path} <<\n{content}", f"abort ssl {kind} {path}")
        self._do(f"commit ssl {kind} {path}", f"abort ssl {kind} {path}")

    def _do(self, command: str, otherwise: str) -> None:
        said = self._ask(command)
        if not _GOOD.search(said):
            self._ask(otherwise)
            what = command.partition("<<")[0].strip()
            raise NotTaken(f"HAProxy refused '{what}': {' '.join(said.split())}")

    def _ask(self, command: str) -> str:
        try:
            with socket.socket(socket.AF_UNIX) as asked:
                asked.settimeout(ANSWER_SECONDS_MAX)
                asked.connect(str(self._path))
                asked.sendall(f"{command}\n".encode())
                return b"".join(iter(lambda: asked.recv(65_536), b"")).decode("utf-8", "replace")
        except OSError as error:
            raise NotTaken(
                f"HAProxy does not answer at {self._path} ({error.strerror or error}): does it "
                "run, with a 'stats socket' of that name as lupu edge prints it?"
            ) from error


def _content(path: Path) -> str:
    try:
        text = path.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise NotTaken(f"{path} cannot be read: bring it here, in PEM.") from error
    # An empty line would end what HAProxy is given.
    return "".join(f"{line}\n" for line in text.splitlines() if line.strip())
