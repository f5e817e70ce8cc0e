"""Ports on loopback: free ones, and a clear word where one is taken."""

import random
import socket
import time

from hub.errors import LupuError

LOOPBACK = "127.0.0.1"
POLL_SECONDS = 0.05
FIRST_PORT = 15_000
LAST_PORT = 32_000
TRIES_MAX = 1_000

_given: set[int] = set()


class PortTaken(LupuError):
    """Another program listens on a port that is wanted; the sentence names port and purpose."""


def free_port() -> int:
    """Return a port that nothing listens on, and that was not returned before.

    Below the range from which the kernel takes ports for outgoing connections: one of those
    could be gone again by the time that it is listened on.
    """
    for _ in range(TRIES_MAX):
        port = random.randrange(FIRST_PORT, LAST_PORT)  # noqa: S311  any will do
        if port not in _given and _can_listen(port):
            _given.add(port)
            return port
    raise PortTaken(f"No port between {FIRST_PORT} and {LAST_PORT} is free.")


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


def answers(port: int, host: str = LOOPBACK) -> bool:
    """Return whether something listens on ``port``."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def wait_until_closed(port: int, seconds_max: float, host: str = LOOPBACK) -> bool:
    """Wait until nothing listens on ``port``; return whether that came true."""
    deadline = time.monotonic() + seconds_max
    while answers(port, host):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
