"""The whole system on clusters of three, two of each component; and one cluster alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from certs.authority import Authority, Purpose
from deploy.brokers import definitions
from deploy.brokers.permissions import Permission
from deploy.components import Components
from deploy.local.cluster import OUTSIDE_NODES, Cluster
from deploy.local.ports import free_port
from deploy.local.stack import NAMES, Stack
from hub.settings import OutsideBroker
from tests.acceptance.evidence_check import proof
from tests.production.ordered import Compared, Orders, compare
from tests.servers.system import System, running

TWICE = (*NAMES, "hub-2", "ticketing-2")
OBSERVER = "observer"
# How soon a component, and a node, finds that the other side does not answer any more.
HEARTBEAT_SECONDS = 5
BUSY_SECONDS = 15.0


@contextmanager
def clustered(folder: Path) -> Iterator[System]:
    """Run the whole system on two clusters, two of each component."""
    with running(
        folder,
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


@contextmanager
def outside_cluster(folder: Path) -> Iterator[Cluster]:
    """Run an outside broker of three nodes, where OBSERVER may do anything."""
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
