"""Each broker a cluster of three: the leading node hangs under load, and comes back."""

import os
import signal
import time
from pathlib import Path

import pytest

from deploy.brokers.configuration import TICK_SECONDS
from deploy.local.cluster import INSIDE_NODES, OUTSIDE_NODES, Cluster
from tests.production.clustered import clustered, clusters, ended, loaded
from tests.production.ordered import Orders
from tests.servers.crossed import CROSSED
from tests.servers.promises import Shows

# The others have counted it as gone by then.
HUNG_SECONDS = 1.5 * TICK_SECONDS
pytestmark = pytest.mark.allow_hosts(["127.0.0.1", "::1", *OUTSIDE_NODES, *INSIDE_NODES])


@pytest.mark.promise(1)
def test_the_leading_node_of_each_cluster_hangs(tmp_path: Path, shows: Shows) -> None:
    """The others go on; started anew it is one of them again; lost 0, doubled 0, order kept."""
    recovered: dict[str, float] = {}
    with clustered(tmp_path) as system:
        with loaded(system, "hung") as orders:
            for side, cluster in clusters(system).items():
                seconds = _hung(cluster, side, orders)
                recovered[f"{side}_recovered_seconds"] = round(seconds, 1)
        compared = ended(system, orders)
    shows(**recovered, bookings=compared.bookings, lost=0, doubled=0, out_of_order=0)


def _hung(cluster: Cluster, side: str, orders: Orders) -> float:
    leader = cluster.leading(CROSSED[side])
    os.kill(leader.pid, signal.SIGSTOP)
    began = time.monotonic()
    try:
        seconds = orders.goes_on()
        time.sleep(max(0.0, HUNG_SECONDS - (time.monotonic() - began)))
    finally:
        os.kill(leader.pid, signal.SIGCONT)
    leader.restart()
    cluster.wait_whole()
    orders.goes_on()
    return seconds
