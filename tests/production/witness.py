"""Counts in a namespace what came to the door, and what of it got past the firewall's rules."""

import ipaddress
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from deploy.local.programs import program
from tests.production.three_networks import load, run

TRACKED = "/proc/net/nf_conntrack"
_SYN = "a SYN"
_KINDS = {
    _SYN: "tcp flags & (syn | ack) == syn",
    "TCP that answers nothing": "tcp flags & (syn | ack) != syn ct direction original",
    "UDP": "meta l4proto udp ct direction original",
    "ICMP": "meta l4proto icmp ct state != related",
    "ICMPv6": "meta l4proto ipv6-icmp ct state != related",
    "another protocol": "meta l4proto != { tcp, udp, icmp, ipv6-icmp }",
}
# By which door a SYN got in: sets that the kernel adds to.
_DOORS = {"doors": ("ipv4_addr", "ip"), "doors_v6": ("ipv6_addr", "ip6")}
_DOORS_MAX = 65_535
_NEIGHBOURS = "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 return"


@dataclass(frozen=True, slots=True)
class Seen:
    """How many packets came to the door, and how many of which kind got past the rules.

    ``doors``: address and port at which a SYN got past.
    """

    came: int
    past: dict[str, int] = field(default_factory=dict)
    doors: list[str] = field(default_factory=list)


class Witness:
    """Stands at an interface of a namespace; ``allowed`` is the port at which all may knock.

    Its first chain comes before every firewall's, its others after it: what was dropped does
    not reach them.
    """

    def __init__(self, network: str, interface: str, allowed: int = 0) -> None:
        self._network = network
        self._interface = interface
        self._table = f"witness_{interface}"
        load(network, self._rules(allowed))

    def seen(self) -> Seen:
        """Return what has been seen since the last time that this was asked."""
        counted = {
            entry["name"]: entry["packets"]
            for entry in self._asked("counter", "reset", "counters", "table", "inet", self._table)
        }
        past = {kind: counted[f"kind{number}"] for number, kind in enumerate(_KINDS)}
        doors = [
            " ".join(str(part) for part in door["concat"])
            for name in _DOORS
            for found in self._asked("set", "list", "set", "inet", self._table, name)
            for door in found.get("elem", ())
        ]
        load(self._network, "".join(f"flush set inet {self._table} {one}\n" for one in _DOORS))
        return Seen(counted["came"], {kind: count for kind, count in past.items() if count}, doors)

    def _asked(self, kind: str, *words: str) -> list[dict[str, Any]]:
        listed = run(self._network, str(program("nft", "nftables")), "-j", *words)
        return [entry[kind] for entry in json.loads(listed)["nftables"] if kind in entry]

    def _rules(self, allowed: int) -> str:
        lines = ["counter came { }", *(f"counter kind{one} {{ }}" for one in range(len(_KINDS)))]
        for name, (kind, _) in _DOORS.items():
            flags = f"size {_DOORS_MAX}; flags dynamic;"
            lines.append(f"set {name} {{ type {kind} . inet_service; {flags} }}")
        lines += _chain(
            "doors", *(f"add @{n} {{ {f} daddr . tcp dport }}" for n, (_, f) in _DOORS.items())
        )
        counting = [
            f"{rule} counter name kind{number} {'jump doors' if kind is _SYN else 'return'}"
            for number, (kind, rule) in enumerate(_KINDS.items())
        ]
        may = [f"tcp dport {allowed} return"] if allowed else []
        lines += _chain("past", *may, _NEIGHBOURS, *counting)
        here = f'iifname "{self._interface}"'
        lines += _chain("door", _hook("prerouting", -350), f"{here} counter name came")
        for hook in ("input", "forward"):
            lines += _chain(f"past_{hook}", _hook(hook, 100), f"{here} jump past")
        table = f"table inet {self._table}"
        return "\n".join([table, f"delete {table}", f"{table} {{", *lines, "}", ""])


def begun_elsewhere(
    network: str, own: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]
) -> list[str]:
    """Return the connections that a namespace knows of and that its ``own`` did not begin."""
    begun = []
    for line in run(network, "cat", TRACKED).splitlines():
        # The first of each name is the beginner's: of two that are alike the last one stays.
        words = dict(word.split("=", 1) for word in reversed(line.split()) if "=" in word)
        source = ipaddress.ip_address(words["src"])
        if not source.is_loopback and not any(source in net for net in own):
            begun.append(f"{words['src']} to {words['dst']} {words.get('dport', '')}")
    return begun


def _hook(hook: str, priority: int) -> str:
    return f"type filter hook {hook} priority {priority};"


def _chain(name: str, *rules: str) -> list[str]:
    return [f"chain {name} {{", *rules, "}"]
