"""Each broker a cluster of three: its leading node dies, everything is started anew, under load.

CLUSTER_ROUNDS says how often leaders die; 1 by default.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from deploy.haproxy.health import healthy
from deploy.local.cluster import INSIDE_NODES, OUTSIDE_NODES, Cluster
from deploy.local.stack import NAMES, Stack
from hub.settings import environment
from tests.acceptance.evidence_check import proof
from tests.contract.transports import until
from tests.production.draining import is_left_out, operator, traffic
from tests.production.ordered import Compared, Orders, compare
from tests.servers.crossed import CROSSED
from tests.servers.promises import Shows
from tests.servers.system import System, running

ROUNDS = int(environment().get("CLUSTER_ROUNDS", "1"))
TWICE = (*NAMES, "hub-2", "ticketing-2")
COMPONENTS = ("ticketing-1", "ticketing-2", "hub-1", "hub-2", "gateway-1", "gateway-2")
# How soon a component, and a node, finds that the other side does not answer any more.
HEARTBEAT_SECONDS = 5
BUSY_SECONDS = 15.0
pytestmark = pytest.mark.allow_hosts(["127.0.0.1", "::1", *OUTSIDE_NODES, *INSIDE_NODES])


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Run the whole system on two clusters, two of each component."""
    with running(
        tmp_path_factory.mktemp("clusters"),
        names=TWICE,
        clusters=True,
        prepare=_impatient,
        reply_wait_seconds=0.0,
        broker_wait_seconds=BUSY_SECONDS,  # what a machine takes longer that runs all of it
    ) as made:
        yield made


def _impatient(stack: Stack) -> None:
    for zone in ("outside", "hub", "inside"):
        path = stack.places.configuration(zone)
        text = path.read_text("utf-8")
        entry = f"heartbeat_seconds = {HEARTBEAT_SECONDS}\n"
        path.write_text(text.replace("other_hosts", f"{entry}other_hosts"), "utf-8")


def clusters(system: System) -> dict[str, Cluster]:
    """Return the cluster of each side."""
    made = (system.stack.outside, system.stack.inside)
    return {one.name: one for one in made if isinstance(one, Cluster)}


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


@contextmanager
def loaded(system: System, name: str) -> Iterator[Orders]:
    """Load it until the block ends; all that was begun is brought to its end."""
    orders = Orders(system, name)
    orders.start()
    try:
        orders.goes_on()
        yield orders
    finally:
        orders.finish()


def ended(system: System, orders: Orders) -> Compared:
    """See that nothing is lost, doubled, out of order or without evidence."""
    compared = compare(orders, system.stack.places.folder / "database" / "lupu.sqlite")
    assert not orders.given_up
    assert compared.fine, compared
    proved = proof(system)
    assert proved["fine"], proved
    return compared


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
    """Every node of both clusters, every worker, hub and gateway, under load."""
    nodes, secret = 0, operator(system, tmp_path)
    with loaded(system, "anew") as orders:
        for cluster in clusters(system).values():
            for node in cluster.nodes:
                cluster.start_anew(node)
                orders.goes_on()
                nodes += 1
        for name in COMPONENTS:
            start_anew(system, name, secret)
            orders.goes_on()
    compared = ended(system, orders)
    shows(
        nodes_started_anew=nodes,
        components_started_anew=len(COMPONENTS),
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
