"""Looks for ways that are open and must not be; each is named, and there must be none."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from tests.production.knocking import Knocked, Order, knock
from tests.production.separated import Separated
from tests.production.three_networks import (
    DESK,
    DMZ_INNER,
    DMZ_OUTER,
    INSIDE,
    INTERNET,
    OFFICE,
    OFFICE_NETS,
    Port,
)
from tests.production.witness import Witness, begun_elsewhere

OWN_INSIDE = [
    *(ipaddress.ip_network(address) for address in INSIDE.addresses),
    *(ipaddress.ip_network(net) for net in (*OFFICE_NETS, "fe80::/10")),
]
INSIDE_TARGETS = [*INSIDE.addresses, *OFFICE.addresses]
DMZ_TARGETS = [*DMZ_OUTER.addresses, *DMZ_INNER.addresses]
LOOPBACKS = ["127.0.0.1", "::1"]


@dataclass(frozen=True, slots=True)
class Checked:
    """Which ways were found open, and how many packets were sent, came, and got past the rules."""

    ways: list[str]
    sent: int
    came: int
    past: int


class Checks:
    """Knocks from every side of a running system, and asks witnesses behind the rules."""

    def __init__(self, across: Separated) -> None:
        self._at = across
        places, networks = across.system.stack.places, across.networks
        self._broker_port = places.outside_port
        self._agents_port = places.agents_port
        self._inside = Witness(networks.inside, INSIDE.interface)
        self._dmz = Witness(networks.dmz, DMZ_OUTER.interface, allowed=self._agents_port)
        self._dmz_inner = Witness(networks.dmz, DMZ_INNER.interface, allowed=self._broker_port)
        self._internet = Witness(networks.internet, INTERNET.interface)

    def into_the_inside(self, *, wide: bool = True) -> Checked:
        """Knock at the inside from the DMZ and, over the DMZ, from the internet.

        At what is behind it too: the desk.
        """
        networks, ports = self._at.networks, self._at.inside_ports
        self._inside.seen()
        knocked = [
            knock(network, self._order(here, over, targets, ports, wide=wide and widely))
            for network, here, over in (
                (networks.dmz, DMZ_INNER, INSIDE),
                (networks.internet, INTERNET, DMZ_OUTER),
            )
            for targets, widely in ((INSIDE_TARGETS, True), (DESK.addresses, False))
        ]
        begun = begun_elsewhere(networks.inside, OWN_INSIDE)
        return _checked("the inside", knocked, self._inside, begun)

    def into_the_dmz(self) -> Checked:
        """Knock at the DMZ from the internet, but for the one port that is the agents'."""
        ports = [port for port in self._at.dmz_ports if port != self._agents_port]
        order = self._order(INTERNET, DMZ_OUTER, DMZ_TARGETS, ports, wide=False)
        self._dmz.seen()
        return _checked("the DMZ", [knock(self._at.networks.internet, order)], self._dmz)

    def out_of_the_inside(self) -> Checked:
        """Dial from the inside the DMZ and the internet, but for the broker's port."""
        ports = [port for port in (*self._at.dmz_ports, 443) if port != self._broker_port]
        targets = [*DMZ_TARGETS, *INTERNET.addresses]
        order = Order(INSIDE.interface, targets, ports, self._broker_port)
        self._dmz_inner.seen()
        return _checked("the DMZ", [knock(self._at.networks.inside, order)], self._dmz_inner)

    def out_of_the_dmz(self, ports: list[int]) -> Checked:
        """Dial from the DMZ what listens on the internet."""
        order = Order(DMZ_OUTER.interface, INTERNET.addresses, ports, self._broker_port)
        self._internet.seen()
        return _checked("the internet", [knock(self._at.networks.dmz, order)], self._internet)

    def from_the_desk(self) -> Checked:
        """Dial the outside broker, and it alone, from a machine behind the inside's router."""
        places = self._at.system.stack.places
        order = Order(DESK.interface, [DMZ_INNER.v4], [places.outside_port], self._broker_port)
        return _checked("the DMZ", [knock(self._at.networks.desk, order)], self._dmz_inner)

    def _order(
        self, here: Port, over: Port, targets: list[str], ports: list[int], *, wide: bool
    ) -> Order:
        spoofed = [*INTERNET.addresses, *DMZ_INNER.addresses, *OFFICE.addresses, *LOOPBACKS]
        return Order(
            interface=here.interface,
            targets=targets,
            ports=ports,
            broker_port=self._broker_port,
            to_mac=over.mac,
            sources=here.addresses,
            spoofed=[one for one in spoofed if one not in here.addresses],
            wide=wide,
        )


def _checked(
    where: str, knocked: Sequence[Knocked], witness: Witness, begun: Sequence[str] = ()
) -> Checked:
    seen = witness.seen()
    ways = [f"{where} answers at {door}" for one in knocked for door in one.opened]
    ways += [f"{where} refuses at {door}" for one in knocked for door in one.refused]
    ways += [f"a SYN gets to {where} at {door}" for door in seen.doors]
    ways += [f"{kind} gets to {where}, {count} times" for kind, count in seen.past.items()]
    ways += [f"{where} has a connection from {one}" for one in begun]
    sent = sum(one.sent for one in knocked)
    return Checked(ways, sent, seen.came, sum(seen.past.values()))
