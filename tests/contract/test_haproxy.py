"""HAProxy tells the gateway who the client is, and nobody else can."""

import contextlib
import http.client
import json
import re
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from adapters.certificates import CertificateFacts
from certs.authority import Issued, Purpose
from deploy.haproxy.configuration import NOBODY, Entrance, agents_section, staff_section
from deploy.local.haproxy import Haproxy
from deploy.local.ports import LOOPBACK, free_port
from hub.guard import BODY_BYTES_MAX
from tests.contract.transports import until
from tests.servers.brokers import Authorities


class _Echo(BaseHTTPRequestHandler):
    """Answers with the headers it was sent, and its state."""

    state = "accepting"

    def do_GET(self) -> None:
        body = json.dumps(dict(self.headers) | {"state": self.state}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(BrokenPipeError):  # a check has read enough
            self.wfile.write(body)

    def address_string(self) -> str:
        return "local"

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _SocketServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


@pytest.fixture(scope="module")
def edge(
    authorities: Authorities, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[int, int]]:
    """Offer a running HAProxy's ports: the agents' and the staff's entrance."""
    with TemporaryDirectory(prefix="lupu") as short:
        path = Path(short, "gateway-1.sock")
        entrance = Entrance(
            LOOPBACK,
            free_port(),
            authorities.edge.ensure("edge", Purpose.SERVER),
            {"gateway-1": path},
        )
        staff = replace(entrance, port=free_port(), sockets={"staff-1": path})
        agents = agents_section(entrance, authorities.agents.certificate)
        proxy = Haproxy(
            tmp_path_factory.mktemp("haproxy"), {agents: entrance, staff_section(staff): staff}
        )
        server = _SocketServer(str(path), _Echo)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        proxy.start()
        yield entrance.port, staff.port
        proxy.stop()
        server.shutdown()
        server.server_close()


def _ask(
    port: int, trusted: Path, client: Issued | None = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    context = ssl.create_default_context(cafile=str(trusted))
    if client is not None:
        context.load_cert_chain(client.certificate, client.key)
    with contextlib.closing(_connection(port, context)) as connection:
        connection.request("GET", "/", headers=headers or {})
        answer = connection.getresponse()
        body = answer.read()
    seen = json.loads(body) if body.startswith(b"{") else {}
    return answer.status, seen, body


def _connection(port: int, context: ssl.SSLContext) -> http.client.HTTPSConnection:
    return http.client.HTTPSConnection("localhost", port, context=context, timeout=5)


def test_client_certificate_reaches_the_gateway(
    edge: tuple[int, int], authorities: Authorities
) -> None:
    """A client certificate from the agents' authority arrives as name and fingerprint."""
    client = authorities.agents.ensure("1001", Purpose.CLIENT)
    _, seen, _ = _ask(edge[0], authorities.edge.certificate, client)
    assert seen["x-client-verified"] == "yes"
    assert seen["x-client-name"] == "1001"
    facts = CertificateFacts.read(client.certificate)
    assert seen["x-client-fingerprint"] == facts.fingerprint


def test_client_cannot_say_who_it_is(edge: tuple[int, int], authorities: Authorities) -> None:
    """Headers of a client's own making that claim a certificate or an address are removed."""
    claims = {
        "X-Client-Verified": "yes",
        "X-Client-Name": "1001",
        "X-Client-Fingerprint": "ab",
        "x-client-anything": "1",
        "X_Client_Name": "1001",
    }
    _, seen, _ = _ask(edge[0], authorities.edge.certificate, headers=claims)
    claimed = {name: value for name, value in seen.items() if "client" in name.lower()}
    assert claimed == {"x-client-verified": "no"}


@pytest.mark.parametrize("entrance", [0, 1], ids=["agents", "staff"])
def test_client_cannot_say_where_it_calls_from(
    edge: tuple[int, int], authorities: Authorities, entrance: int
) -> None:
    """Whatever a client says of proxies before it is removed, at either entrance."""
    claims = {
        "X-Forwarded-For": "10.0.0.1",
        "X_Forwarded_For": "10.0.0.1",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "elsewhere.example",
        "X-Forwarded-Prefix": "/elsewhere",
        "Forwarded": "for=10.0.0.1",
    }
    _, seen, _ = _ask(edge[entrance], authorities.edge.certificate, headers=claims)
    claimed = {name: value for name, value in seen.items() if "forwarded" in name.lower()}
    assert claimed == {"x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "https"}


def test_certificate_of_another_authority_is_refused(
    edge: tuple[int, int], authorities: Authorities
) -> None:
    """A certificate from any other authority does not get past HAProxy, which says why."""
    stranger = authorities.outside.ensure("gateway-1", Purpose.CLIENT)
    status, _, body = _ask(edge[0], authorities.edge.certificate, stranger)
    assert status == 403
    assert b"is not from this system's authority" in body


def test_old_tls_is_refused(edge: tuple[int, int], authorities: Authorities) -> None:
    """TLS 1.2 is the lowest version that the edge speaks."""
    context = ssl.create_default_context(cafile=str(authorities.edge.certificate))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with contextlib.closing(_connection(edge[0], context)) as connection:
        connection.connect()
        assert isinstance(connection.sock, ssl.SSLSocket)
        assert connection.sock.version() == "TLSv1.2"
    address = f"{LOOPBACK}:{edge[0]}"
    old = subprocess.run(
        ["openssl", "s_client", "-connect", address, "-tls1_1", "-cipher", "ALL@SECLEVEL=0"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert old.returncode != 0
    assert "alert" in old.stderr


def test_no_gateway_is_a_soap_fault(authorities: Authorities, tmp_path: Path) -> None:
    """With no gateway up, the agent reads in a SOAP fault that nothing was accepted."""
    entrance = Entrance(
        LOOPBACK,
        free_port(),
        authorities.edge.ensure("edge", Purpose.SERVER),
        {"gateway-1": tmp_path / "none.sock"},
    )
    section = agents_section(entrance, authorities.agents.certificate)
    proxy = Haproxy(tmp_path / "haproxy", {section: entrance})
    proxy.start()
    status, _, body = _ask(entrance.port, authorities.edge.certificate)
    proxy.stop()
    assert status == 503
    assert b"<faultcode>soap:Server</faultcode>" in body


def test_a_buffer_holds_the_largest_body() -> None:
    """HAProxy waits for any body a gateway accepts, so that none is read by the drop."""
    text = (NOBODY.parent / "haproxy.cfg").read_text("utf-8")
    match = re.search(r"tune\.bufsize (\d+)", text)
    assert match is not None
    assert int(match[1]) >= BODY_BYTES_MAX + 65_536


def test_a_gateway_without_its_broker_gets_nothing_while_another_accepts(
    authorities: Authorities, tmp_path: Path
) -> None:
    """It refuses at once, and would draw all requests; where none accepts it may say so."""
    with TemporaryDirectory(prefix="lupu") as short, contextlib.ExitStack() as ending:
        sockets, servers = {}, {}
        for name, state in (("gateway-1", "accepting"), ("gateway-2", "snapshot")):
            sockets[name] = Path(short, f"{name}.sock")
            handler = type("Stated", (_Echo,), {"state": f"{state} {name}"})
            servers[name] = _SocketServer(str(sockets[name]), handler)
            ending.callback(servers[name].server_close)
            ending.callback(servers[name].shutdown)
            serve = servers[name].serve_forever
            threading.Thread(target=serve, args=(0.05,), daemon=True).start()
        own = authorities.edge.ensure("edge", Purpose.SERVER)
        entrance = Entrance(LOOPBACK, free_port(), own, sockets)
        section = agents_section(entrance, authorities.agents.certificate)
        proxy = Haproxy(tmp_path / "haproxy", {section: entrance})
        ending.callback(proxy.stop)
        proxy.start()

        def answered() -> set[str]:
            trusted = authorities.edge.certificate
            seen = [_ask(entrance.port, trusted)[1] for _ in range(8)]
            return {one.get("state", "nobody") for one in seen}

        assert until(lambda: answered() == {"accepting gateway-1"}, 10)
        servers["gateway-1"].RequestHandlerClass.state = "snapshot gateway-1"  # type: ignore[attr-defined]
        assert until(lambda: answered() == {"snapshot gateway-1", "snapshot gateway-2"}, 10)
