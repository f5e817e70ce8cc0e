"""Each broker a cluster of three: its leading node dies, everything is started anew, under load.

CLUSTER_ROUNDS says how often leaders die. Without it they die once, and one node of each cluster
and one component of each kind are started anew; with it all of them are: ``make clusters``.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from deploy.haproxy.health import healthy
from deploy.local.cluster import INSIDE_NODES, OUTSIDE_NODES, Cluster
from hub.settings import environment
from tests.contract.transports import until
from tests.production.clustered import clustered, clusters, ended, loaded
from tests.production.draining import is_left_out, operator, traffic
from tests.production.ordered import Orders
from tests.servers.crossed import CROSSED
from tests.servers.promises import Shows
from tests.servers.system import System

WHOLE = "CLUSTER_ROUNDS" in environment()
ROUNDS = int(environment().get("CLUSTER_ROUNDS", "1"))
COMPONENTS = ("ticketing-1", "ticketing-2", "hub-1", "hub-2", "gateway-1", "gateway-2")
pytestmark = pytest.mark.allow_hosts(["127.0.0.1", "::1", *OUTSIDE_NODES, *INSIDE_NODES])


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Run the whole system on two clusters, two of each component."""
    with clustered(tmp_path_factory.mktemp("clusters")) as made:
        yield made


def start_anew(system: System, name: str, secret: Path) -> None:
    """Start a component anew in good order, a gateway drained, and wait until it can serve."""
    process, is_gateway = system.stack.processes[name], name.startswith("gateway")
    if is_gateway:
        traffic(system, secret, "drain", name)
        assert until(partial(is_left_out, system, name))
    assert process.stop(), name
    process.start()
    if is_gateway:
        traffic(system, secret, "resume", name)
        process.wait_ready(partial(healthy, system.stack.places.socket(name)))


@pytest.mark.promise(1)
def test_the_leading_node_of_each_cluster_dies(system: System, shows: Shows) -> None:
    """The others go on without it; lost 0, doubled 0, order kept."""
    slowest: dict[str, float] = {}
    with loaded(system, "killed") as orders:
        for side, cluster in list(clusters(system).items()) * ROUNDS:
            name = f"{side}_recovered_seconds"
            slowest[name] = max(slowest.get(name, 0), round(_killed(cluster, side, orders), 1))
    compared = ended(system, orders)
    counted = {"rounds": ROUNDS, "bookings": compared.bookings}
    shows(**slowest, **counted, lost=0, doubled=0, out_of_order=0)


def _killed(cluster: Cluster, side: str, orders: Orders) -> float:
    """Kill the node that leads; return in how many seconds the others went on without it."""
    leader = cluster.leading(CROSSED[side])
    leader.kill()
    seconds = orders.goes_on()
    assert cluster.leading(CROSSED[side]) is not leader
    assert not leader.alive()
    leader.start()
    cluster.wait_whole()
    orders.goes_on()
    return seconds


@pytest.mark.promise(1)
def test_everything_is_started_anew_one_by_one_and_nothing_refused(
    system: System, tmp_path: Path, shows: Shows
) -> None:
    """Nodes of both clusters, workers, hubs and gateways, under load."""
    nodes, secret = 0, operator(system, tmp_path)
    components = COMPONENTS if WHOLE else COMPONENTS[::2]
    with loaded(system, "anew") as orders:
        for cluster in clusters(system).values():
            for node in cluster.nodes[: None if WHOLE else 1]:
                cluster.start_anew(node)
                orders.goes_on()
                nodes += 1
        for name in components:
            start_anew(system, name, secret)
            orders.goes_on()
    compared = ended(system, orders)
    shows(
        nodes_started_anew=nodes,
        components_started_anew=len(components),
        bookings=compared.bookings,
        refused=orders.refused(),
        questions_refused=orders.questions_refused(),
        broken_connections=orders.broken(),
        slowest_acceptance_seconds=f"{orders.slowest_seconds:.1f}",
        lost=0,
        doubled=0,
        out_of_order=0,
    )
    assert (orders.refused(), orders.broken()) == (0, 0), (orders.said, orders.asked)
