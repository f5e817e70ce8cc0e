"""Nothing inside can be reached from outside: no process inside listens but for its own side."""

from pathlib import Path

import pytest

from tests.servers.promises import Shows
from tests.servers.system import System

LISTENS = "0A"
LOOPBACK = ("0100007F", "00000000000000000000000001000000")


def sockets(pid: int) -> set[str]:
    """Return the numbers of the sockets that a process has open."""
    found = set()
    for path in Path(f"/proc/{pid}/fd").iterdir():
        target = str(path.readlink())
        if target.startswith("socket:["):
            found.add(target[len("socket:[") : -1])
    return found


def listening(pid: int) -> dict[int, str]:
    """Return the TCP ports on which a process listens, with the address of each."""
    own, ports = sockets(pid), {}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text("ascii").splitlines()[1:]:
            fields = line.split()
            address, _, port = fields[1].rpartition(":")
            if fields[3] == LISTENS and fields[9] in own:
                ports[int(port, 16)] = address
    return ports


def dialled(pid: int, port: int) -> bool:
    """Return whether a process has itself connected to a port of a broker."""
    own = sockets(pid)
    lines = Path(f"/proc/{pid}/net/tcp").read_text("ascii").splitlines()[1:]
    return any(
        line.split()[2].endswith(f":{port:04X}") and line.split()[9] in own for line in lines
    )


@pytest.mark.promise(3)
def test_inside_nobody_listens_but_on_loopback_for_metrics(
    running_system: System, shows: Shows
) -> None:
    """Hub, workers and staff web have no port but that of their metrics; the hub dials both."""
    stack = running_system.stack
    inside = [name for name in stack.processes if not name.startswith("gateway")]
    for name in inside:
        ports = listening(stack.processes[name].pid)
        assert set(ports) <= {stack.metrics_ports[name]}, name
        assert set(ports.values()) <= set(LOOPBACK), name
    hub = stack.processes["hub-1"].pid
    assert listening(hub), "the metrics of the hub are served, so the search finds what listens"
    assert dialled(hub, stack.places.outside_port)
    assert dialled(hub, stack.places.inside_port)
    shows(processes_inside=len(inside), ports_open_to_others=0, brokers_dialled_by_the_hub=2)
