"""A TCP relay that makes Derby's network server accept IBM's Db2 driver.

Derby speaks DRDA, Db2's own protocol, but refuses every client except its own by product id.
In the packet that carries ACCRDB the relay changes two things and nothing else: the product id
becomes that of an early Derby client, and the request for a typed data format that Derby answers
in a way IBM's driver cannot read is withdrawn. On the way back one thing: Derby's word for "no
row was changed" is a sentence longer than the 70 bytes IBM's driver takes, and a code of its own;
it becomes Db2's code, +100, without the sentence. It proves driver, protocol, our SQL and our
transactions; not Db2's own optimizer, locking modes or LOBs.
"""

import re
import socket
import socketserver
import threading

from deploy.local.ports import LOOPBACK

# Which of the two is spoken depends on what the ends agreed on before.
ENCODINGS = ("cp500", "utf-8")
ACCRDB = b"\x20\x01"
PRODUCT_ID = b"\x11\x2e"
DERBY_CLIENT = "DNC10000"
DATA_FORMAT_WANTED = b"\x00\x05\x21\x3b\xf1"
DATA_FORMAT_NOT_WANTED = b"\x00\x05\x21\x3b\xf0"
CHUNK_BYTES = 65_536

_DB2_CLIENTS = {
    encoding: re.compile(re.escape(PRODUCT_ID + "SQL".encode(encoding)) + rb".{5}", re.DOTALL)
    for encoding in ENCODINGS
}
NO_ROW_OF_DERBY = (10_000).to_bytes(4, "big")
NO_ROW_OF_DB2 = (100).to_bytes(4, "big")

_NO_ROW = re.compile(
    rb"(?P<outer>..)(?P<frame>\xd0.{3})(?P<inner>..)\x24\x08\x00"
    + re.escape(NO_ROW_OF_DERBY)
    + rb"(?P<counts>02000.{8}\x00.{24}.{11}\x00\x00)"
    + rb"\x00\x59(?P<sentence>No row was found.{73})",
    re.DOTALL,
)


def disguise(packet: bytes) -> bytes:
    """Return a client's packet as Derby's own client would have sent it."""
    if ACCRDB not in packet:
        return packet
    for encoding, client in _DB2_CLIENTS.items():
        packet = client.sub(PRODUCT_ID + DERBY_CLIENT.encode(encoding), packet)
    return packet.replace(DATA_FORMAT_WANTED, DATA_FORMAT_NOT_WANTED)


def shorten(packet: bytes) -> bytes:
    """Return a server's packet with "no row" said as Db2 says it."""
    return _NO_ROW.sub(_no_row, packet)


def _no_row(match: re.Match[bytes]) -> bytes:
    cut = len(match["sentence"])
    outer, inner = (
        (int.from_bytes(match[name], "big") - cut).to_bytes(2, "big")
        for name in ("outer", "inner")
    )
    head = outer + match["frame"] + inner + b"\x24\x08\x00" + NO_ROW_OF_DB2
    return head + match["counts"] + b"\x00\x00"


class _Connection(socketserver.BaseRequestHandler):
    server: "_Server"

    def handle(self) -> None:
        client: socket.socket = self.request
        with socket.create_connection((LOOPBACK, self.server.derby_port)) as derby:
            for end in (client, derby):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            back = threading.Thread(target=_pump, args=(derby, client), daemon=True)
            back.start()
            _pump(client, derby, disguised=True)
            back.join()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    derby_port: int


class DrdaRelay:
    """Listens on a port of its own and hands everything on to Derby's."""

    def __init__(self, derby_port: int) -> None:
        self._server = _Server((LOOPBACK, 0), _Connection)
        self._server.derby_port = derby_port
        self.port: int = self._server.server_address[1]

    def start(self) -> None:
        """Relay from a thread until ``stop``."""
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


def _pump(source: socket.socket, target: socket.socket, *, disguised: bool = False) -> None:
    try:
        while chunk := source.recv(CHUNK_BYTES):
            target.sendall(disguise(chunk) if disguised else shorten(chunk))
    except OSError:
        pass
    finally:
        for end in (source, target):
            _shut(end)


def _shut(end: socket.socket) -> None:
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
