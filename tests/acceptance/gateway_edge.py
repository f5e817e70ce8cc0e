"""A real gateway process behind a real HAProxy, on the real outside broker; nobody inside."""

import contextlib
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from adapters.certificates import CertificateFacts
from certs.authority import Issued, Purpose
from deploy.haproxy.configuration import Entrance, agents_section
from deploy.haproxy.health import healthy
from deploy.local.haproxy import Haproxy
from deploy.local.ports import LOOPBACK, answers, free_port
from deploy.local.process import Process
from tests.servers.brokers import Authorities, Brokers
from tests.servers.components import dialled, write_toml
from tests.slice.gateway_requests import envelope, place_booking
from tests.slice.gateway_world import agent, agents_document

NAME = "gateway-1"


@dataclass(frozen=True)
class Edge:
    """Where the entrance is, and what stands behind it."""

    port: int
    authorities: Authorities
    socket: Path
    config: Path
    process: Process

    def client(self, name: str = "1001") -> Issued:
        """Return an agency's certificate."""
        return self.authorities.agents.ensure(name, Purpose.CLIENT)

    def connect(self, client: Issued | None = None) -> ssl.SSLSocket:
        """Open a TLS connection to the entrance."""
        context = ssl.create_default_context(cafile=str(self.authorities.edge.certificate))
        if client is not None:
            context.load_cert_chain(client.certificate, client.key)
        plain = socket.create_connection((LOOPBACK, self.port), timeout=10)
        return context.wrap_socket(plain, server_hostname="localhost")

    def send(self, data: bytes, client: Issued | None = None, *, quiet_seconds: float = 3) -> str:
        """Send bytes as they are; return all that comes back until close or silence."""
        with contextlib.closing(self.connect(client)) as connection:
            connection.sendall(data)
            return received(connection, quiet_seconds)

    def worker_pids(self) -> list[int]:
        """Return the pids of the gateway's worker processes."""
        found = []
        for status in Path("/proc").glob("[0-9]*/status"):
            with contextlib.suppress(OSError):
                if f"PPid:\t{self.process.pid}\n" in status.read_text("ascii", "replace"):
                    found.append(int(status.parent.name))
        return found


def received(connection: socket.socket, quiet_seconds: float) -> str:
    """Return what comes until the other side closes or is silent."""
    connection.settimeout(quiet_seconds)
    pieces = []
    with contextlib.suppress(OSError):
        while piece := connection.recv(65_536):
            pieces.append(piece)
    return b"".join(pieces).decode("utf-8", "replace")


def post(body: str | bytes = "", *headers: str, length: bool = True) -> bytes:
    """Return an HTTP request as bytes."""
    data = body.encode() if isinstance(body, str) else body
    lines = ["POST /soap/ticketing HTTP/1.1", "Host: localhost", 'SOAPAction: ""', *headers]
    if not any(line.lower().startswith("content-type") for line in headers):
        lines.append("Content-Type: text/xml; charset=utf-8")
    if length:
        lines.append(f"Content-Length: {len(data)}")
    return "\r\n".join([*lines, "", ""]).encode() + data


def booking(reference: str, header: str | None = None) -> str:
    """Return a PlaceBooking's envelope."""
    return envelope(place_booking(reference), header)


@contextmanager
def edge(
    brokers: Brokers, folder: Path, *, metrics_port: int = 0, **settings: Any
) -> Iterator[Edge]:
    """Run the gateway and HAProxy until the block ends."""
    authorities = brokers.authorities
    client = authorities.agents.ensure("1001", Purpose.CLIENT)
    snapshots = folder / "snapshots"
    snapshots.mkdir(parents=True)
    known = agent(CertificateFingerprint=[CertificateFacts.read(client.certificate).fingerprint])
    (snapshots / "Agents.1.xml").write_bytes(agents_document(known, agent("1002")))
    with TemporaryDirectory(prefix="lupu") as short, contextlib.ExitStack() as ending:
        path = Path(short, f"{NAME}.sock")
        config = _config(brokers, folder, path, settings, metrics_port)
        command = [sys.executable, "-m", "lupu", "gateway", "run", "-c", str(config), "-n", NAME]
        process = Process(NAME, command, folder / f"{NAME}.log")
        certificate = authorities.edge.ensure("edge", Purpose.SERVER)
        entrance = Entrance(LOOPBACK, free_port(), certificate, {NAME: path})
        section = agents_section(entrance, authorities.agents.certificate)
        proxy = Haproxy(folder / "haproxy", {section: entrance})
        ending.callback(process.stop)
        process.start()
        process.wait_ready(lambda: healthy(path))
        ending.callback(proxy.stop)
        proxy.start()
        yield Edge(entrance.port, authorities, path, config, process)


def _config(
    brokers: Brokers, folder: Path, path: Path, settings: dict[str, Any], metrics_port: int
) -> Path:
    section = {
        "socket": str(path),
        "snapshots": str(folder / "snapshots"),
        "replays": str(folder / "replays"),
        "public_url": "https://localhost:8443",
        "reply_wait_seconds": 0.2,
        "query_wait_seconds": 0.2,
        **settings,
    }
    sections = {
        "outside_broker": dialled(brokers.outside(NAME)),
        "gateway": section,
        "sealing": brokers.keys.section,
        "metrics": {"port": metrics_port},
    }
    return write_toml(folder / "outside.toml", sections)


def wait_until(done: Any, seconds: float = 15) -> None:
    """Wait until ``done()`` is true."""
    ends = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < ends, "it did not come true in time"
        time.sleep(0.05)


__all__ = ["Edge", "answers", "booking", "edge", "post", "received", "wait_until"]
