"""Somebody who listens on ports of a namespace, on IPv4 and IPv6, and says nothing."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from deploy.local.ports import listened
from deploy.local.process import Process

_LISTENER = """
import socket, sys, time
held = [socket.create_server(("::", int(port)), family=socket.AF_INET6, dualstack_ipv6=True)
        for port in sys.argv[1:]]
time.sleep(3600)
"""


@contextmanager
def listening(network: str, ports: Sequence[int], folder: Path) -> Iterator[None]:
    """Listen until the block ends; ``folder`` is for the log."""
    command = [sys.executable, "-c", _LISTENER, *(str(port) for port in ports)]
    listener = Process("listener", command, folder / f"{network}.log", network=network)
    listener.start()
    try:
        listener.wait_ready(lambda: set(ports) <= listened(network))
        yield
    finally:
        listener.kill()
