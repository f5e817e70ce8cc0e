"""HAProxy takes up another authority of the agents without dropping a connection."""

import contextlib
import http.client
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from certs.authority import Authority, Issued, Purpose
from certs.rotation import Rotation
from deploy.haproxy.configuration import Entrance, agents_section
from deploy.local.haproxy import Haproxy
from deploy.local.ports import LOOPBACK, free_port
from tests.contract.test_haproxy import _Echo, _SocketServer
from tests.contract.transports import until
from tests.servers.forged import revoked


class Door:
    """The agents' entrance, with authorities of its own."""

    def __init__(self, folder: Path, short: Path) -> None:
        self.agents = Authority.make(folder, "agents")
        self.edge = Authority.make(folder, "edge")
        self.server = _SocketServer(str(short / "gateway-1.sock"), _Echo)
        own = self.edge.issue("edge", Purpose.SERVER)
        sockets = {"gateway-1": short / "gateway-1.sock"}
        entrance = Entrance(LOOPBACK, free_port(), own, sockets)
        section = agents_section(entrance, self.agents.certificate)
        self.port = entrance.port
        self.proxy = Haproxy(folder / "haproxy", {section: entrance})

    def connected(self, client: Issued) -> http.client.HTTPSConnection:
        """Return a connection with a client's certificate, already used once."""
        context = ssl.create_default_context(cafile=str(self.edge.certificate))
        context.load_cert_chain(client.certificate, client.key)
        connection = http.client.HTTPSConnection(
            "localhost", self.port, context=context, timeout=5
        )
        assert answered(connection) in (200, 403)
        return connection

    def status(self, client: Issued) -> int:
        """Return what a new connection with a client's certificate is answered."""
        with contextlib.closing(self.connected(client)) as connection:
            return answered(connection)


def answered(connection: http.client.HTTPSConnection) -> int:
    """Ask, and return the status."""
    connection.request("GET", "/")
    answer = connection.getresponse()
    answer.read()
    return answer.status


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    """Offer an entrance that runs."""
    with TemporaryDirectory(prefix="lupu") as short, contextlib.ExitStack() as ending:
        made = Door(tmp_path, Path(short))
        ending.callback(made.server.server_close)
        ending.callback(made.server.shutdown)
        threading.Thread(target=made.server.serve_forever, args=(0.05,), daemon=True).start()
        ending.callback(made.proxy.stop)
        made.proxy.start()
        yield made


def test_the_agents_authority_is_replaced_while_connections_go_on(
    door: Door, tmp_path: Path
) -> None:
    """Old and new are let in until the old one is retired; what is connected stays."""
    old = revoked(door.agents, "1001", Purpose.CLIENT, tmp_path / "old")
    rotation = Rotation(door.agents)
    open_one = door.connected(old)
    rotation.trust()
    door.proxy.reload()
    assert door.status(old) == 200
    rotation.reissue()
    new = door.agents.issued("1001")
    assert until(lambda: door.status(new) == 200)
    assert door.status(old) == 200
    rotation.retire()
    door.proxy.reload()
    assert until(lambda: door.status(old) == 403)
    assert door.status(new) == 200
    assert answered(open_one) == 200
    open_one.close()


def test_files_that_do_not_belong_together_leave_the_one_before_in_force(door: Door) -> None:
    """A reload that cannot be done changes nothing, and none is dropped."""
    client = door.agents.issue("1001", Purpose.CLIENT)
    key = door.edge.issued("edge").key
    good = key.read_bytes()
    door.edge.issue("edge", Purpose.SERVER)
    key.write_bytes(good)
    door.proxy.reload()
    assert until(lambda: "inconsistencies between private key" in door.proxy.said())
    assert door.status(client) == 200
