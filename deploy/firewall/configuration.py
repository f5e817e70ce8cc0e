"""The rules of a zone from the templates beside this file."""

import ipaddress
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hub.errors import SettingsError

_FOLDER = Path(__file__).parent
_NEIGHBOURS = (
    "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 accept",
    "# No broker there has an IPv6 address, so not even neighbours are looked for.",
)


@dataclass(frozen=True, slots=True)
class DmzSides:
    """The interfaces of a machine in the DMZ, by what is behind them."""

    internet: Sequence[str]
    inside: Sequence[str]
    left_alone: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class InsideSides:
    """The interfaces of a machine inside: towards the DMZ, and of the inside's own networks."""

    dmz: Sequence[str]
    left_alone: Sequence[str] = ()


def dmz_rules(sides: DmzSides, agents_port: int, broker_port: int) -> str:
    """Return the rules of a machine in the DMZ: agents may come for HTTPS, hubs for the broker."""
    return _filled(
        "dmz.nft",
        {
            "INTERNET": _elements(sides.internet),
            "INSIDE": _elements(sides.inside),
            "OPEN": _elements(sides.left_alone),
            "AGENTS_PORT": str(agents_port),
            "BROKER_PORT": str(broker_port),
        },
    )


def inside_rules(sides: InsideSides, brokers: Iterable[str], broker_port: int) -> str:
    """Return the rules inside: out to the outside ``brokers`` alone, and nothing new in.

    A name among them stands for the addresses that it has now.
    """
    addresses = [address for host in brokers for address in _addresses(host)]
    v4, v6 = ([str(one) for one in addresses if one.version == version] for version in (4, 6))
    return _filled(
        "inside.nft",
        {
            "DMZ": _elements(sides.dmz),
            "OPEN": _elements(sides.left_alone),
            "BROKER_PORT": str(broker_port),
            "BROKER": _elements(v4),
            "BROKER_V6": _elements(v6),
            "NEIGHBOURS": _NEIGHBOURS[0 if v6 else 1],
        },
    )


def _addresses(host: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise SettingsError(
            f"The outside broker's host {host} cannot be found: write its address, or have its "
            "name known on this machine."
        ) from error
    return sorted({ipaddress.ip_address(str(entry[4][0])) for entry in found}, key=int)


def _elements(members: Sequence[str]) -> str:
    if not members:
        return "# none"
    return f"elements = {{ {', '.join(dict.fromkeys(members))} }}"


def _filled(name: str, values: Mapping[str, str]) -> str:
    text = (_FOLDER / name).read_text("utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text
