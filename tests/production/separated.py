"""The whole system across three networks, behind the very firewall rules that are shipped."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from deploy.local.networks import Network
from deploy.local.ports import LOOPBACK, listened
from deploy.local.postgresql import PostgreSQL
from deploy.local.stack import Stack
from tests.production.relay import Target, relaying
from tests.production.three_networks import (
    DMZ_INNER,
    DMZ_OUTER,
    INSIDE,
    OFFICE,
    ThreeNetworks,
    load,
    three_networks,
)
from tests.servers.system import System, running


@dataclass(frozen=True, slots=True)
class Separated:
    """A running system, the networks that it spans, and the rules between them."""

    system: System
    networks: ThreeNetworks
    dmz_rules: str
    inside_rules: str

    @property
    def inside_ports(self) -> list[int]:
        """The TCP ports on which anything inside listens."""
        return sorted(listened(self.networks.inside))

    @property
    def dmz_ports(self) -> list[int]:
        """The TCP ports on which anything in the DMZ listens."""
        return sorted(listened(self.networks.dmz))

    def restore(self) -> None:
        """Put both firewalls back as they are shipped."""
        load(self.networks.dmz, self.dmz_rules)
        load(self.networks.inside, self.inside_rules)


@contextmanager
def separated(folder: Path) -> Iterator[Separated]:
    """Run the whole system across three networks, on PostgreSQL, until the block ends."""
    with TemporaryDirectory(prefix="lupu-networks-") as short, ExitStack() as ending:
        networks = ending.enter_context(three_networks())
        database = PostgreSQL(Path(short) / "postgresql", listens="*", network=networks.inside)
        ending.callback(database.stop)
        database.start()
        inside = Network(networks.inside, OFFICE.v4, OFFICE.v4)
        url = {"url": database.create("lupu")}
        yield ending.enter_context(_across(folder, networks, inside, url))


@contextmanager
def separated_with_doors(folder: Path, prepare: Callable[[Stack], object]) -> Iterator[Separated]:
    """The same on SQLite, with a door on loopback to each entrance: for clients of this process.

    Agents come through the internet's namespace, staff are let into the inside.
    """
    with ExitStack() as ending:
        networks = ending.enter_context(three_networks())
        inside = Network(networks.inside, OFFICE.v4)
        across = ending.enter_context(_across(folder, networks, inside, None, prepare))
        places = across.system.stack.places
        short = Path(ending.enter_context(TemporaryDirectory(prefix="lupu-doors-")))
        for port, target in (
            (places.agents_port, Target(DMZ_OUTER.v4, places.agents_port, networks.internet)),
            (places.staff_port, Target(LOOPBACK, places.staff_port, networks.inside)),
        ):
            ending.enter_context(relaying(short, port, target))
        yield across


@contextmanager
def _across(
    folder: Path,
    networks: ThreeNetworks,
    inside: Network,
    database: dict[str, Any] | None,
    prepare: Callable[[Stack], object] = lambda _stack: None,
) -> Iterator[Separated]:
    rules: list[str] = []

    def prepared(stack: Stack) -> None:
        prepare(stack)
        rules.extend(_close(stack, networks))

    outside = Network(networks.dmz, DMZ_INNER.v4, DMZ_OUTER.v4)
    with running(folder, database, outside=outside, inside=inside, prepare=prepared) as system:
        yield Separated(system, networks, *rules)


def _close(stack: Stack, networks: ThreeNetworks) -> tuple[str, str]:
    """Make the rules by the commands that an operator types; load them before all starts."""
    agents = ("--agents-port", str(stack.places.agents_port))
    sides = ("--internet", DMZ_OUTER.interface, "--inside", DMZ_INNER.interface)
    dmz = stack.lupu("outside", "firewall", "dmz", *sides, *agents)
    sides = ("--dmz", INSIDE.interface, "--open", OFFICE.interface)
    inside = stack.lupu("hub", "firewall", "inside", *sides)
    load(networks.dmz, dmz)
    load(networks.inside, inside)
    return dmz, inside
