"""Mutual TLS with few system calls: the socket is read and written in large pieces.

Python's own TLS socket asks the kernel twice for each record, and RabbitMQ sends a record or
more for each message. Here TLS works on memory, and the socket fills and empties that.
"""

import socket
import ssl
from pathlib import Path
from typing import Any

from hub.private import check_private
from hub.settings import Broker

READ_BYTES = 262_144
# Of TLS 1.2; those of 1.3 are all good.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


class BufferedContext(ssl.SSLContext):
    """A client's context whose sockets are ``BufferedSocket``."""

    def wrap_socket(  # type: ignore[override]
        self, sock: socket.socket, *, server_hostname: str | None = None, **_: Any
    ) -> "BufferedSocket":
        """Return TLS over ``sock``, which must be non-blocking; the handshake is yet to do."""
        # Python 3.11.2, Debian 12's own, sets it: a cut line would look like a clean end.
        self.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
        return BufferedSocket(self, sock, server_hostname)


def client_context(broker: Broker) -> BufferedContext:
    """Return what ``broker`` is dialled with; OSError, ssl.SSLError or SettingsError says why not.

    Where there is a list of who is revoked, a broker whose certificate is on it is not spoken to.
    """
    check_private(f"[{broker.section}] key", broker.key)
    context = BufferedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.load_verify_locations(str(broker.authority))
    if broker.crl != Path():
        context.load_verify_locations(str(broker.crl))
        context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF
    context.load_cert_chain(str(broker.certificate), str(broker.key))
    return context


class BufferedSocket:
    """As much of a TLS socket as pika's non-blocking transport uses."""

    def __init__(
        self, context: ssl.SSLContext, sock: socket.socket, server_hostname: str | None
    ) -> None:
        self._socket = sock
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=server_hostname
        )
        self._unsent = memoryview(b"")
        self._taken_bytes = 0

    def fileno(self) -> int:
        """Return the socket's own."""
        return self._socket.fileno()

    def do_handshake(self) -> None:
        """Go on with the handshake; SSLWantReadError or SSLWantWriteError while it waits."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                self._fill()
            else:
                return self._flush()

    def recv(self, bytes_max: int) -> bytes:
        """Return what has come; nothing at the end; SSLWantReadError while there is nothing."""
        pieces: list[bytes] = []
        room = bytes_max
        while room:
            try:
                piece = self._tls.read(room)
            except ssl.SSLWantReadError:
                if pieces:
                    break
                self._fill()
                continue
            if not piece:
                break
            pieces.append(piece)
            room -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def send(self, data: bytes) -> int:
        """Send all of ``data``; after SSLWantWriteError it must be called again with the same."""
        if not self._taken_bytes:
            self._taken_bytes = self._tls.write(data)
        self._flush()
        sent, self._taken_bytes = self._taken_bytes, 0
        return sent

    def pending(self) -> int:
        """Return how much can be read without asking the socket, at most."""
        return self._tls.pending() + self._incoming.pending

    def shutdown(self, how: int) -> None:
        """Shut the socket down."""
        self._socket.shutdown(how)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _fill(self) -> None:
        try:
            data = self._socket.recv(READ_BYTES)
        except BlockingIOError:
            raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "nothing has come") from None
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def _flush(self) -> None:
        while self._unsent or self._outgoing.pending:
            if not self._unsent:
                self._unsent = memoryview(self._outgoing.read())
            try:
                sent = self._socket.send(self._unsent)
            except BlockingIOError:
                raise ssl.SSLWantWriteError(ssl.SSL_ERROR_WANT_WRITE, "no room") from None
            self._unsent = self._unsent[sent:]
