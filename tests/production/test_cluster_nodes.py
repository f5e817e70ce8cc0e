"""A cluster's nodes: dialled in turn, each by its own name, and nobody else gets in."""

import socket
import ssl
import stat
from collections.abc import Iterator

import pytest

from adapters.amqp.ping import look
from certs.authority import Authority, Purpose
from deploy.brokers import definitions
from deploy.brokers.definitions import VIRTUAL_HOST
from deploy.brokers.permissions import Permission
from deploy.components import Components
from deploy.local.cluster import COOKIE_FILE, OUTSIDE_NODES, Cluster
from deploy.local.ports import LOOPBACK, free_port
from hub.envelope import to_wire
from hub.messages import INWARD_EXCHANGE
from hub.places import Places, outside_places
from hub.ports import Address, Published
from hub.settings import OutsideBroker
from tests.contract.transports import AmqpTransport, until
from tests.servers.crossed import CROSSED
from tests.unit.hub_world import booking

OBSERVER = "observer"
REQUESTS = Address(INWARD_EXCHANGE, "requests")
RECOVERED_SECONDS_MAX = 30.0
# For some seconds, as between the death of a queue's leader and the record of the next one.
_DEAD_LEADER_RECORDED = """begin
    Name = rabbit_misc:r(<<"{host}">>, queue, <<"{queue}">>),
    {{ok, Queue}} = rabbit_amqqueue:lookup(Name),
    {{Server, _}} = amqqueue:get_pid(Queue),
    Dead = fun(Known) -> amqqueue:set_pid(Known, {{Server, list_to_atom("{dead}")}}) end,
    Record = fun() -> rabbit_amqqueue:update(Name, Dead) end,
    spawn(fun() ->
        [begin rabbit_misc:execute_mnesia_transaction(Record), timer:sleep(20) end
         || _ <- lists:seq(1, 250)]
    end), ok
end"""
pytestmark = pytest.mark.allow_hosts([LOOPBACK, "::1", *OUTSIDE_NODES])


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Offer an outside broker of three nodes."""
    folder = tmp_path_factory.mktemp("cluster")
    defined = definitions.outside(Components.of(["gateway-1", "hub-1"]), cluster=True)
    made = Cluster(
        "outside",
        folder / "brokers",
        definitions.with_account(defined, Permission(OBSERVER, ".*", ".*", ".*")),
        Authority.make(folder, "outside"),
        port=free_port(),
        addresses=OUTSIDE_NODES,
    )
    made.start()
    try:
        made.wait_ready()
        yield made
    finally:
        made.stop()


def dialled(cluster: Cluster, account: str, *hosts: str, name: str = "") -> OutsideBroker:
    """Return how an account dials the cluster, or these nodes of it."""
    host, *others = hosts or cluster.addresses
    issued = cluster.authority.ensure(account, Purpose.CLIENT)
    return OutsideBroker(
        host,
        cluster.port,
        issued.authority,
        issued.certificate,
        issued.key,
        other_hosts=tuple(others),
        name=name,
    )


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


def test_who_publishes_first_while_the_dead_leader_is_recorded_is_refused_for_moments(
    cluster: Cluster,
) -> None:
    """RabbitMQ 3.10 refuses all on that channel while the node is away: another one is opened."""
    queue = CROSSED["outside"]
    dead = cluster.leading(queue)
    left = next(node for node in cluster.nodes if node is not dead)
    transport = AmqpTransport(lambda account: dialled(cluster, account, left.address))

    def published() -> Published:
        return transport.send("gateway-1", REQUESTS, to_wire(booking(), account="gateway-1"))

    try:
        transport.publisher("gateway-1")
        dead.kill()
        assert until(lambda: cluster.leading(queue) is not dead, RECOVERED_SECONDS_MAX)
        values = {"host": VIRTUAL_HOST, "queue": queue, "dead": dead.node}
        left.ask(_DEAD_LEADER_RECORDED.format(**values))
        assert published() is Published.REFUSED
        assert until(lambda: published() is Published.CONFIRMED, RECOVERED_SECONDS_MAX)
        assert not dead.alive()
    finally:
        transport.close()
        dead.start()
        cluster.wait_whole()
