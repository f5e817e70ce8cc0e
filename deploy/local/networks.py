"""Where the processes of a side have their network: this machine's own, or a namespace."""

from dataclasses import dataclass

from deploy.local.ports import LOOPBACK


@dataclass(frozen=True, slots=True)
class Network:
    """One side's network: ``broker`` and ``entrance`` (HAProxy) listen on these addresses.

    ``name`` is that of a network namespace (``ip netns``); empty: the machine's own network.
    """

    name: str = ""
    broker: str = LOOPBACK
    entrance: str = LOOPBACK


MACHINE = Network()
