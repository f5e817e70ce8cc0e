"""A relay before a broker that can keep some of its answers back, and lets all else through."""

import socket
import socketserver
import ssl
import struct
import threading
from contextlib import suppress

from certs.authority import Issued
from deploy.local.ports import LOOPBACK
from hub.settings import Broker

CHUNK_BYTES = 65_536
_HEAD = struct.Struct(">BHI")
_METHOD = 1
# Class and method of what a publisher waits for.
CONFIRM = struct.pack(">HH", 60, 80)
CONFIRMING = struct.pack(">HH", 85, 11)


class _Connection(socketserver.BaseRequestHandler):
    server: "_Server"

    def handle(self) -> None:
        relay = self.server.relay
        with suppress(OSError), relay.accepted(self.request) as client, relay.dialled() as broker:
            up = threading.Thread(target=_pump, args=(client, broker), daemon=True)
            up.start()
            relay.hand_back(broker, client)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    relay: "Relay"


class Relay:
    """Stands for ``broker`` to one account, whose own certificate it dials with.

    What ``swallowed`` names does not pass; heartbeats and all else do.
    """

    def __init__(self, broker: Broker, certificate: Issued) -> None:
        """``certificate`` is the broker's own."""
        self.swallowed = b""
        self._broker = broker
        self._certificate = certificate
        self._server = _Server((LOOPBACK, 0), _Connection)
        self._server.relay = self
        self.port: int = self._server.server_address[1]

    def start(self) -> None:
        """Relay from a thread until ``stop``."""
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def accepted(self, plain: socket.socket) -> ssl.SSLSocket:
        """Return the account's connection, as the broker would take it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._certificate.certificate, self._certificate.key)
        context.load_verify_locations(self._broker.authority)
        context.verify_mode = ssl.CERT_REQUIRED
        return context.wrap_socket(plain, server_side=True)

    def dialled(self) -> ssl.SSLSocket:
        """Return a connection to the broker, as the account would make it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self._broker.authority)
        context.load_cert_chain(self._broker.certificate, self._broker.key)
        plain = socket.create_connection((self._broker.host, self._broker.port))
        return context.wrap_socket(
            plain, server_hostname=self._broker.certified(self._broker.host)
        )

    def hand_back(self, broker: ssl.SSLSocket, client: ssl.SSLSocket) -> None:
        """Hand on what the broker says, frame by frame, until one end goes."""
        read = broker.makefile("rb")
        while head := read.read(_HEAD.size):
            kind, _, size = _HEAD.unpack(head)
            rest = read.read(size + 1)
            named = rest[: len(self.swallowed)] if kind == _METHOD else b""
            if not named or named != self.swallowed:
                client.sendall(head + rest)


def _pump(source: ssl.SSLSocket, target: ssl.SSLSocket) -> None:
    with suppress(OSError):
        while chunk := source.recv(CHUNK_BYTES):
            target.sendall(chunk)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)
