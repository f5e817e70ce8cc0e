"""Faults of the wire between inside and DMZ, made by rules that drop what comes in silently."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.production.three_networks import DMZ_INNER, INSIDE, ThreeNetworks, load

TOWARDS_BROKER, FROM_BROKER = "towards the broker", "from the broker"
WAYS = {TOWARDS_BROKER: ("dmz", DMZ_INNER.interface), FROM_BROKER: ("inside", INSIDE.interface)}
_TABLE = "table inet broken_wire"
_RULES = f"""{_TABLE} {{{{
    chain lost {{{{
        type filter hook prerouting priority -500;
        iifname "{{interface}}" drop
    }}}}
}}}}
"""


@contextmanager
def broken(networks: ThreeNetworks, ways: Sequence[str]) -> Iterator[None]:
    """Lose every packet that goes one way, or both, until the block ends; nobody is told."""
    zones = {"dmz": networks.dmz, "inside": networks.inside}
    broken_at = [(zones[zone], interface) for zone, interface in (WAYS[way] for way in ways)]
    for network, interface in broken_at:
        load(network, _RULES.format(interface=interface))
    try:
        yield
    finally:
        for network, _ in broken_at:
            load(network, f"delete {_TABLE}")
