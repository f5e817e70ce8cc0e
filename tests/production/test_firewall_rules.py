"""The firewall rules are taken by nftables as they are printed, whatever they are made for."""

from collections.abc import Iterator

import pytest

from deploy.firewall.configuration import DmzSides, InsideSides, dmz_rules, inside_rules
from tests.production.three_networks import ThreeNetworks, load, run, three_networks

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
