"""A cluster's nodes: dialled in turn, each by its own name, and nobody else gets in."""

import socket
import ssl
import stat
from collections.abc import Iterator

import pytest

from adapters.amqp.ping import look
from deploy.local.cluster import COOKIE_FILE, OUTSIDE_NODES, Cluster
from deploy.local.ports import LOOPBACK
from hub.places import Places, outside_places
from tests.production.clustered import dialled, outside_cluster

pytestmark = pytest.mark.allow_hosts([LOOPBACK, "::1", *OUTSIDE_NODES])


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Offer an outside broker of three nodes."""
    with outside_cluster(tmp_path_factory.mktemp("cluster")) as made:
        yield made


def test_each_node_is_dialled_by_its_own_name(cluster: Cluster) -> None:
    """A node that shows the certificate of another is not taken for it."""
    first, second, _ = cluster.addresses
    places = outside_places("gateway")
    assert all(check.fine for check in look(dialled(cluster, "gateway-1"), "gateway-1", places))
    wrong = look(dialled(cluster, "gateway-1", second, name=first), "gateway-1", Places())
    assert [check.fine for check in wrong] == [False]
    assert "CERTIFICATE_VERIFY_FAILED" in wrong[0].sentence


def test_who_has_no_certificate_gets_to_no_cookie(cluster: Cluster) -> None:
    """Nodes speak mutual TLS to each other, and nobody else reads their cookie."""
    member = cluster.nodes[0]
    context = ssl.create_default_context(cafile=str(cluster.authority.certificate))
    with (
        socket.create_connection((member.address, member.distribution_port)) as plain,
        pytest.raises(ssl.SSLError, match=r"(?i)certificate required|handshake failure"),
        context.wrap_socket(plain, server_hostname=member.address) as wrapped,
    ):
        wrapped.recv(1)
    mode = (member.folder / COOKIE_FILE).stat().st_mode
    assert stat.S_IMODE(mode) == stat.S_IRUSR
