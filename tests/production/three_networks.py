"""Three networks, one behind the other: the internet, the DMZ and the inside; each a namespace.

Behind the inside's own machine, which is its router too, is a desk in a namespace of its own.

The internet's machine has routes through the DMZ to the inside, and the DMZ would forward, so
that nothing but the firewall rules is in the way. Neighbours are told, so that what is thrown
over IPv6 arrives even where nobody may ask for them.
"""

import itertools
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local.programs import program, within

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Port:
    """One end of a wire: its interface's name, hardware address, and addresses."""

    interface: str
    mac: str
    v4: str
    v6: str

    @property
    def addresses(self) -> list[str]:
        """Both addresses, without the length of their prefix."""
        return [self.v4, self.v6]


INTERNET = Port("dmz", "02:00:00:00:01:02", "203.0.113.2", "2001:db8:1::2")
DMZ_OUTER = Port("internet", "02:00:00:00:01:01", "203.0.113.1", "2001:db8:1::1")
DMZ_INNER = Port("inside", "02:00:00:00:02:01", "10.10.1.1", "fd10:1::1")
INSIDE = Port("dmz", "02:00:00:00:02:02", "10.10.1.2", "fd10:1::2")
# Where brokers, database and staff web of the inside listen: a network of its own.
OFFICE = Port("office", "02:00:00:00:03:01", "10.10.2.1", "fd10:2::1")
DESK = Port("desk", "02:00:00:00:03:02", "10.10.2.2", "fd10:2::2")
OFFICE_NETS = ("10.10.2.0/24", "fd10:2::/64")
_PREFIX = "lupu-"
_OPEN = {
    "ipv4/ip_forward": 1,
    "ipv6/conf/all/forwarding": 1,
    "ipv4/conf/all/rp_filter": 0,
    "ipv4/conf/default/rp_filter": 0,
    "ipv4/conf/all/accept_source_route": 1,
    "ipv4/conf/all/accept_local": 1,
}


@dataclass(frozen=True, slots=True)
class ThreeNetworks:
    """The names of the namespaces."""

    internet: str
    dmz: str
    inside: str
    desk: str


@contextmanager
def three_networks() -> Iterator[ThreeNetworks]:
    """Make the three until the block ends; whatever runs in them must have ended by then."""
    if os.geteuid():
        pytest.skip("Only root may make network namespaces: run it as root.")
    _clear_up()
    own = f"{_PREFIX}{os.getpid()}-{next(_numbers)}"
    names = [f"{own}-{name}" for name in ("internet", "dmz", "inside", "desk")]
    with ExitStack() as ending:
        for name in names:
            _ip("netns", "add", name)
            ending.callback(_ip, "netns", "del", name)
            for entry, value in _OPEN.items():
                run(name, "sh", "-c", f"echo {value} > /proc/sys/net/{entry}")
            _ip("-n", name, "link", "set", "lo", "up")
        internet, dmz, inside, desk = names
        _wire(internet, INTERNET, dmz, DMZ_OUTER)
        _wire(dmz, DMZ_INNER, inside, INSIDE)
        _wire(inside, OFFICE, desk, DESK)
        for version, way in (("-4", 0), ("-6", 1)):
            for name, net, over in (
                (internet, "default", DMZ_OUTER),
                (dmz, OFFICE_NETS[way], INSIDE),
                (inside, "default", DMZ_INNER),
                (desk, "default", OFFICE),
            ):
                _ip(version, "-n", name, "route", "add", net, "via", over.addresses[way])
        yield ThreeNetworks(internet, dmz, inside, desk)


def load(network: str, rules: str) -> None:
    """Load rules of nftables in a namespace."""
    run(network, str(program("nft", "nftables")), "-f", "-", told=rules)


def run(network: str, *command: str, told: str = "") -> str:
    """Run a command in a namespace and return what it prints; it must succeed."""
    done = subprocess.run(
        [*within(network), *command], input=told, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout


def dropped(network: str, where: str) -> int:
    """Return what the shipped rules say that they have dropped, by the counter's name."""
    listed = run(network, "nft", "-j", "list", "counter", "inet", "lupu", where)
    (found,) = (entry["counter"] for entry in json.loads(listed)["nftables"] if "counter" in entry)
    return int(found["packets"])


def _wire(one: str, here: Port, other: str, there: Port) -> None:
    """Join two namespaces, or one with itself, by a wire with a port at each end."""
    ends = ("link", "add", here.interface, "address", here.mac, "netns", one, "type", "veth")
    peer = ("peer", "name", there.interface, "address", there.mac, "netns", other)
    _ip(*ends, *peer)
    for name, port, opposite in ((one, here, there), (other, there, here)):
        _ip("-n", name, "link", "set", port.interface, "up")
        _ip("-n", name, "address", "add", f"{port.v4}/24", "dev", port.interface)
        _ip("-n", name, "address", "add", f"{port.v6}/64", "dev", port.interface, "nodad")
        for address in opposite.addresses:
            neighbour = (address, "lladdr", opposite.mac, "dev", port.interface)
            _ip("-n", name, "neighbour", "add", *neighbour, "nud", "permanent")


def _clear_up() -> None:
    """Remove what a run that was killed has left."""
    for name in (line.split()[0] for line in run("", "ip", "netns", "list").splitlines()):
        owner = name.removeprefix(_PREFIX).partition("-")[0]
        if name.startswith(_PREFIX) and not Path("/proc", owner).exists():
            _ip("netns", "del", name)


def _ip(*arguments: str) -> None:
    run("", str(program("ip", "iproute2")), *arguments)
