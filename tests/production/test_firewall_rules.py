"""The firewall rules are taken by nftables as they are printed, whatever they are made for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.firewall.configuration import DmzSides, InsideSides, dmz_rules, inside_rules
from tests.production.knocking import Order, knock
from tests.production.listening import listening
from tests.production.three_networks import (
    DMZ_INNER,
    DMZ_OUTER,
    INSIDE,
    OFFICE,
    ThreeNetworks,
    load,
    run,
    three_networks,
)

BROKER_PORT = 5_671
ONE, OTHER = '"eth0"', '"eth1"'
RULES = {
    "inside": inside_rules(InsideSides([ONE]), ["10.0.0.5"], 5671),
    "inside, a cluster": inside_rules(InsideSides([ONE], [OTHER]), ["10.0.0.5", "10.0.0.6"], 5671),
    "inside, IPv6": inside_rules(InsideSides([ONE], [OTHER]), ["fd00::5"], 5671),
    "DMZ": dmz_rules(DmzSides([ONE], [OTHER]), 443, 5671),
    "DMZ, HAProxy's machine": dmz_rules(DmzSides([ONE], [], [OTHER]), 443, 5671),
    "DMZ, the broker's machine": dmz_rules(DmzSides([], [ONE], [OTHER]), 443, 5671),
}


@pytest.fixture(scope="module")
def networks() -> Iterator[ThreeNetworks]:
    """Offer three namespaces."""
    with three_networks() as made:
        yield made


@pytest.mark.parametrize("which", RULES)
def test_nftables_takes_them_however_often(networks: ThreeNetworks, which: str) -> None:
    """Loaded twice they are there once, and what else was loaded stays."""
    load(networks.inside, "table inet others { }")
    load(networks.inside, RULES[which])
    once = run(networks.inside, "nft", "-s", "list", "table", "inet", "lupu")
    load(networks.inside, RULES[which])
    assert run(networks.inside, "nft", "-s", "list", "table", "inet", "lupu") == once
    assert "others" in run(networks.inside, "nft", "list", "tables")


@pytest.mark.parametrize("broker", DMZ_INNER.addresses, ids=["IPv4", "IPv6"])
def test_what_dials_the_broker_comes_through_and_nothing_else(
    networks: ThreeNetworks, tmp_path: Path, broker: str
) -> None:
    """Over IPv4 or IPv6, from the machine itself or from one behind it; the other way, nobody."""
    inside = InsideSides([f'"{INSIDE.interface}"'], [f'"{OFFICE.interface}"'])
    dmz = DmzSides([f'"{DMZ_OUTER.interface}"'], [f'"{DMZ_INNER.interface}"'])
    load(networks.inside, inside_rules(inside, [broker], BROKER_PORT))
    load(networks.dmz, dmz_rules(dmz, 443, BROKER_PORT))
    if broker == DMZ_INNER.v6:
        _forget_neighbours(networks)
    dial = Order("lo", DMZ_INNER.addresses, [BROKER_PORT, 22], BROKER_PORT)
    back = Order("lo", [*INSIDE.addresses, *OFFICE.addresses], [BROKER_PORT], BROKER_PORT)
    with (
        listening(networks.dmz, [BROKER_PORT], tmp_path),
        listening(networks.inside, [BROKER_PORT], tmp_path),
    ):
        for network in (networks.inside, networks.desk):
            assert knock(network, dial).opened == [f"{broker} {BROKER_PORT}"]
        load(networks.dmz, "delete table inet lupu")
        assert knock(networks.dmz, back).opened == []


def _forget_neighbours(networks: ThreeNetworks) -> None:
    """Have both ends of the wire ask for each other, as on any wire."""
    for name, port, other in (
        (networks.dmz, DMZ_INNER, INSIDE),
        (networks.inside, INSIDE, DMZ_INNER),
    ):
        run("", "ip", "-n", name, "neighbour", "del", other.v6, "dev", port.interface)
