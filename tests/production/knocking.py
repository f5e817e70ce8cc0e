"""Knocks at every door: run in a network namespace, told on standard input where and how."""

import contextlib
import errno
import json
import select
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field

from tests.production.frames import FLAGS, PORTS, SYN, TCP, UDP, Way
from tests.production.within import said_within

CONNECT_SECONDS = 1.5
KNOCK_SECONDS_MAX = 240
FREE_PORT = 47_001
OTHER_PROTOCOLS = [number for number in range(256) if number not in (TCP, UDP)]


@dataclass(frozen=True, slots=True)
class Order:
    """Where to knock: from an interface, over the machine ``to_mac``, at ``targets``.

    ``ports`` are those that anything listens on there; ``broker_port`` is where the answers that
    are let in come from; ``spoofed`` are senders to pretend to be. ``wide``: at every port that
    there is. Without ``sources`` it is only dialled, as any program does.
    """

    interface: str
    targets: list[str]
    ports: list[int]
    broker_port: int
    to_mac: str = ""
    sources: list[str] = field(default_factory=list)
    spoofed: list[str] = field(default_factory=list)
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Knocked:
    """How many packets were sent, and where somebody answered, with yes or with no."""

    sent: int
    opened: list[str]
    refused: list[str]


def knock(network: str, order: Order) -> Knocked:
    """Knock from within a namespace, in a process of its own."""
    told = said_within(network, "tests.production.knocking", asdict(order), KNOCK_SECONDS_MAX)
    return Knocked(**json.loads(told))


def main() -> None:
    """Do what the order on standard input says, and print what came of it."""
    order = Order(**json.load(sys.stdin))
    opened, refused = _dialled_all(order.targets, order.ports)
    sent = _thrown(order) + 2 * len(order.targets) * len(order.ports)
    json.dump(asdict(Knocked(sent, opened, refused)), sys.stdout)


def _dialled_all(targets: Sequence[str], ports: Sequence[int]) -> tuple[list[str], list[str]]:
    """Dial every target's every port at once; return those that took it and those that refused."""
    dialled = [_dialled(target, port) for target in targets for port in ports]
    time.sleep(CONNECT_SECONDS)
    waiting = {one.fileno(): (one, door) for one, door in dialled if one is not None}
    poll = select.poll()
    for number in waiting:
        poll.register(number, select.POLLOUT)
    opened: list[str] = []
    refused: list[str] = []
    for number, _ in poll.poll(0):
        one, door = waiting[number]
        failed = one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failed in (0, errno.ECONNREFUSED):
            (refused if failed else opened).append(door)
    for one, _ in waiting.values():
        one.close()
    return opened, refused


def _dialled(target: str, port: int) -> tuple[socket.socket | None, str]:
    """Send a datagram and begin a connection; who may not is told so, and that is all right."""
    kind = socket.AF_INET6 if ":" in target else socket.AF_INET
    with socket.socket(kind, socket.SOCK_DGRAM) as teller, contextlib.suppress(OSError):
        teller.sendto(b"knocking", (target, port))
    one = socket.socket(kind)
    one.setblocking(False)
    if one.connect_ex((target, port)) in (0, errno.EINPROGRESS):
        return one, f"{target} {port}"
    one.close()
    return None, ""


def _thrown(order: Order) -> int:
    """Send the frames of an order; return how many."""
    sent = 0
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as line:
        line.bind((order.interface, 0))
        own = line.getsockname()[4].hex(":")
        for target in order.targets:
            for frame in _frames(order, own, target):
                line.send(frame)
                sent += 1
    return sent


def _frames(order: Order, own: str, target: str) -> Iterator[bytes]:
    sources, spoofed = (
        [Way(own, order.to_mac, one, target) for one in ones if (":" in one) == (":" in target)]
        for ones in (order.sources, order.spoofed)
    )
    for way in sources:
        ports = PORTS if order.wide else (*order.ports, FREE_PORT)
        yield from way.tcp(ports, FREE_PORT, SYN)
        yield from way.tcp(ports, order.broker_port, SYN)
        yield from way.udp(ports, order.broker_port)
    for way in (*sources, *spoofed):
        yield from _odd(way, order)


def _odd(way: Way, order: Order) -> Iterator[bytes]:
    yield way.echo()
    for flags in FLAGS:
        yield from way.tcp(order.ports, order.broker_port, flags)
    for protocol in OTHER_PROTOCOLS:
        yield way.frame(protocol, b"knocking" * 8)
    for port in () if way.is_v6 else order.ports:
        yield from way.torn(port, order.broker_port)


if __name__ == "__main__":
    main()
