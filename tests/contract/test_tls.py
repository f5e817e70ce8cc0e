"""TLS over memory behaves as a non-blocking TLS socket: nothing lost, whoever is slow."""

import selectors
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from adapters.amqp.tls import BufferedContext, BufferedSocket
from certs.authority import Authority, Purpose

SIZE = 3_000_000


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority with a server and a client."""
    made = Authority.make(tmp_path, "outside")
    made.issue("broker", Purpose.SERVER)
    made.issue("hub-1", Purpose.CLIENT)
    return made


@pytest.fixture
def ends(authority: Authority) -> Iterator[tuple[BufferedSocket, socket.socket]]:
    """Our end, non-blocking, and the raw other end, both with little room."""
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8_192)
    ours.setblocking(False)
    context = BufferedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(str(authority.certificate))
    issued = authority.issued("hub-1")
    context.load_cert_chain(str(issued.certificate), str(issued.key))
    with ours, theirs:
        yield context.wrap_socket(ours, server_hostname="localhost"), theirs


def serve(
    authority: Authority, theirs: socket.socket, work: Callable[[ssl.SSLSocket], None]
) -> threading.Thread:
    """Speak TLS at the other end, from a thread; our end may go at any time."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued = authority.issued("broker")
    context.load_cert_chain(str(issued.certificate), str(issued.key))
    context.load_verify_locations(str(authority.certificate))
    context.verify_mode = ssl.CERT_REQUIRED

    def run() -> None:
        with suppress(OSError), context.wrap_socket(theirs, server_side=True) as tls:
            work(tls)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def patiently(tls: BufferedSocket, step: Callable[[], int | bytes | None]) -> int | bytes | None:
    """Do one step, waiting for the socket as an event loop does."""
    with selectors.DefaultSelector() as selector:
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                wanted = selectors.EVENT_READ
            except ssl.SSLWantWriteError:
                wanted = selectors.EVENT_WRITE
            selector.register(tls, wanted)
            assert selector.select(10)
            selector.unregister(tls)


def test_much_is_sent_whole_through_a_narrow_socket(
    authority: Authority, ends: tuple[BufferedSocket, socket.socket]
) -> None:
    """Three megabytes written at once arrive in order, however little the socket takes."""
    ours, theirs = ends
    data = bytes(range(256)) * (SIZE // 256)
    found: list[bytes] = []

    def work(tls: ssl.SSLSocket) -> None:
        while sum(map(len, found)) < len(data):
            found.append(tls.recv(65_536))

    thread = serve(authority, theirs, work)
    patiently(ours, ours.do_handshake)
    assert patiently(ours, lambda: ours.send(data)) == len(data)
    thread.join(10)
    assert b"".join(found) == data


def test_much_is_received_whole_and_the_end_is_seen(
    authority: Authority, ends: tuple[BufferedSocket, socket.socket]
) -> None:
    """What comes is read to the last byte; then the end is told as pika expects it."""
    ours, theirs = ends
    data = bytes(range(256)) * (SIZE // 256)

    def work(tls: ssl.SSLSocket) -> None:
        tls.sendall(data)
        tls.unwrap().close()

    serve(authority, theirs, work)
    patiently(ours, ours.do_handshake)
    found = b""
    while piece := patiently(ours, lambda: ours.recv(100_000)):
        assert isinstance(piece, bytes)
        assert len(piece) <= 100_000
        found += piece
    assert found == data


def test_a_broken_line_is_an_error_and_not_an_end(
    authority: Authority, ends: tuple[BufferedSocket, socket.socket]
) -> None:
    """A connection cut without TLS's own goodbye is not taken for a clean end."""
    ours, theirs = ends
    serve(authority, theirs, lambda tls: tls.sendall(b"half"))
    patiently(ours, ours.do_handshake)
    assert patiently(ours, lambda: ours.recv(100)) == b"half"
    # Which of its errors says so differs from one Python 3.11 to another.
    with pytest.raises(ssl.SSLError, match=r"(?i)eof"):
        patiently(ours, lambda: ours.recv(100))


def test_a_stranger_with_another_name_is_not_spoken_to(
    authority: Authority, ends: tuple[BufferedSocket, socket.socket]
) -> None:
    """The broker's certificate must be from our authority and bear its name."""
    ours, theirs = ends
    context = BufferedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(str(authority.certificate))
    stranger = context.wrap_socket(ours._socket, server_hostname="elsewhere.example")

    serve(authority, theirs, lambda tls: tls.sendall(b"x"))
    with pytest.raises(ssl.SSLCertVerificationError):
        patiently(stranger, stranger.do_handshake)
