"""Ports: free ones on loopback, a clear word where one is taken, and who listens."""

import random
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import ExitStack

from deploy.local.programs import program, within
from hub.errors import LupuError

LOOPBACK = "127.0.0.1"
POLL_SECONDS = 0.05
FIRST_PORT = 15_000
LAST_PORT = 32_000
BLOCK_PORTS = 50


class PortTaken(LupuError):
    """Another program listens on a port that is wanted; the sentence names port and purpose."""


def free_port() -> int:
    """Return a port that nothing listens on, and that nobody else was given or will be.

    Below the range from which the kernel takes ports for outgoing connections: one of those
    could be gone again by the time that it is listened on.
    """
    for port in _ports:
        if _can_listen(port):
            return port
    raise PortTaken(f"No port between {FIRST_PORT} and {LAST_PORT} is free.")


def offered() -> Generator[int, None, None]:
    """Yield ports in blocks, each ours as long as we hold its first port.

    So two processes that look for ports at the same time are never given the same one.
    """
    firsts = range(FIRST_PORT, LAST_PORT, BLOCK_PORTS)
    with ExitStack() as held:
        for first in random.sample(firsts, len(firsts)):
            if _holds(first, held):
                yield from range(first + 1, first + BLOCK_PORTS)


def _holds(first: int, held: ExitStack) -> bool:
    holder = socket.socket()
    try:
        holder.bind((LOOPBACK, first))
    except OSError:
        holder.close()
        return False
    held.enter_context(holder)
    return True


_ports = offered()


def _can_listen(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def require_free(port: int, purpose: str, entry: str, host: str = LOOPBACK) -> None:
    """Raise PortTaken where ``port`` cannot be listened on; ``entry`` is the setting to change."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTaken(
                f"Port {port} on {host}, wanted for {purpose}, is taken: end the program that "
                f"has it, or choose another port with {entry}."
            ) from error


def answers(port: int, host: str = LOOPBACK, network: str = "") -> bool:
    """Return whether something listens on ``port``; in a namespace that is read, not tried."""
    if network:
        return port in listened(network)
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def listened(network: str) -> set[int]:
    """Return the TCP ports on which anything listens in a network."""
    ss = str(program("ss", "iproute2"))
    done = subprocess.run(  # noqa: S603  our own command
        [*within(network), ss, "-Hltn"], capture_output=True, text=True, check=True
    )
    return {int(line.split()[3].rpartition(":")[2]) for line in done.stdout.splitlines()}


def wait_until_closed(
    port: int, seconds_max: float, host: str = LOOPBACK, network: str = ""
) -> bool:
    """Wait until nothing listens on ``port``; return whether that came true."""
    deadline = time.monotonic() + seconds_max
    while answers(port, host, network):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
