"""A cluster without its leading node, and one whose lost node is replaced by OPERATING.md."""

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from deploy.brokers.definitions import VIRTUAL_HOST
from deploy.local.cluster import OUTSIDE_NODES, Cluster, Member
from deploy.local.ports import LOOPBACK
from hub.envelope import Wire, to_wire
from hub.messages import INWARD_EXCHANGE, Lane
from hub.places import streams
from hub.ports import Address, Published
from tests.contract.transports import AmqpTransport, until
from tests.production.clustered import OBSERVER, dialled, outside_cluster
from tests.servers.crossed import CROSSED
from tests.servers.promises import Shows
from tests.unit.hub_world import booking

REQUESTS = Address(INWARD_EXCHANGE, Lane.REQUESTS.value)
MESSAGES = 50
SECONDS_MAX = 120.0
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


@pytest.mark.promise(1)
def test_a_node_that_is_lost_is_replaced(tmp_path: Path, shows: Shows) -> None:
    """An empty one takes its place and its copies; then another may be lost."""
    queue = CROSSED["outside"]
    wires = [Wire("PlaceBooking.1", str(number), b"kept") for number in range(MESSAGES)]
    with outside_cluster(tmp_path) as cluster:
        with closing(AmqpTransport(lambda account: dialled(cluster, account))) as transport:
            sent = {transport.send(OBSERVER, REQUESTS, wire) for wire in wires}
        assert sent == {Published.CONFIRMED}
        first, second, lost = cluster.nodes
        lost.kill()
        shutil.rmtree(lost.folder / "data")
        first.control("forget_cluster_node", lost.node)
        lost.start()
        lost.wait_ready()
        for words in (["stop_app"], ["reset"], ["join_cluster", first.node], ["start_app"]):
            lost.control(*words)
        lost.control("grow", lost.node, "all", by="rabbitmq-queues")
        for stream in streams():
            added = ("add_replica", stream, lost.node, "--vhost", VIRTUAL_HOST)
            lost.control(*added, by="rabbitmq-streams")
        first.kill()
        assert until(lambda: cluster.leading(queue) in (second, lost), SECONDS_MAX)
        with closing(AmqpTransport(lambda account: dialled(cluster, account))) as transport:
            got = transport.consume(OBSERVER, queue)
            assert until(lambda: len(got.deliveries) == MESSAGES, SECONDS_MAX)
    shows(a_node_lost_and_replaced="then another lost", messages_kept=MESSAGES, lost=0)


def test_who_publishes_first_while_the_dead_leader_is_recorded_is_refused_for_moments(
    tmp_path: Path,
) -> None:
    """RabbitMQ 3.10 refuses all on that channel while the node is away: another one is opened."""
    with outside_cluster(tmp_path) as cluster:
        dead = cluster.leading(CROSSED["outside"])
        left = next(node for node in cluster.nodes if node is not dead)
        with closing(AmqpTransport(lambda one: dialled(cluster, one, left.address))) as transport:
            _refused_for_moments(cluster, dead, left, transport)


def _refused_for_moments(
    cluster: Cluster, dead: Member, left: Member, transport: AmqpTransport
) -> None:
    queue, wire = CROSSED["outside"], to_wire(booking(), account="gateway-1")

    def published() -> Published:
        return transport.send("gateway-1", REQUESTS, wire)

    transport.publisher("gateway-1")
    dead.kill()
    assert until(lambda: cluster.leading(queue) is not dead, SECONDS_MAX)
    values = {"host": VIRTUAL_HOST, "queue": queue, "dead": dead.node}
    left.ask(_DEAD_LEADER_RECORDED.format(**values))
    assert published() is Published.REFUSED
    assert until(lambda: published() is Published.CONFIRMED, SECONDS_MAX)
    assert not dead.alive()
