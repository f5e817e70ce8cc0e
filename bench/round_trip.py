"""There and back: client, HTTPS, gateway, hub, ticketing, database, and the answer back.

The whole installation as ``make demo`` starts it, asked by wrk; each answer must be DONE.
"""

import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from adapters.soap.wsdl import PATH
from bench import figures, soap
from bench.figures import Figure
from bench.soap import Asking, Load
from bench.used import Peaks, descendants, processor_seconds
from certs.authority import Authority
from deploy.local.ports import free_port
from deploy.local.postgresql import PostgreSQL
from deploy.local.stack import Stack
from deploy.local.zones import Places, Section

ROUNDS = 3
CLIENTS = (1, 16, 64)
SECONDS = 5
DAYS_TO_OPENING = 30
NAMES = ("gateway-1", "gateway-2", "hub-1", "ticketing-1", "staff-1", "operator-1")
RATE = "requests/s"


def measure(peaks: Peaks) -> None:
    """Ask on each database from 1, 16 and 64 clients, and print what came out."""
    figures.settings(
        "round_trip",
        {
            "processes": "HAProxy with TLS, 2 gateways, 1 hub, 1 ticketing worker, 2 brokers",
            "request": "PlaceBooking of 2 lines, UsernameToken in text, each its own reference",
            "clients": "/".join(map(str, CLIENTS)),
            "load": f"wrk, {SECONDS} s, answers that are not DONE fail the run",
            "rounds": ROUNDS,
        },
    )
    for database in ("sqlite", "postgresql"):
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            _measure_on(database, Path(name), peaks)


def _measure_on(database: str, folder: Path, peaks: Peaks) -> None:
    loads: dict[int, list[Load]] = {}
    used: dict[str, list[float]] = {}
    with _running(database, folder) as (stack, asking):
        for number in range(ROUNDS):
            for clients in CLIENTS:
                before = _processor_seconds(stack)
                load = soap.load(asking, folder, connections=clients, seconds=SECONDS)
                if clients == CLIENTS[-1]:
                    for name, seconds in _processor_seconds(stack).items():
                        each = (seconds - before[name]) / (load.per_second * SECONDS)
                        used.setdefault(name, []).append(each * 1e6)
                where = f"{database}, round {number + 1}: {clients} clients"
                figures.progress(f"{where} {load.per_second:.0f} {RATE}")
                loads.setdefault(clients, []).append(load)
        for name, pids in _pids(stack).items():
            for pid in pids:
                peaks.look(f"round_trip.{name}", pid)
    _show(database, loads, used)


def _show(database: str, loads: dict[int, list[Load]], used: dict[str, list[float]]) -> None:
    for clients, found in loads.items():
        name = f"round_trip.{database}.clients{clients}"
        figures.show(figures.spread(name, [load.per_second for load in found], RATE))
        for quantile in ("p50_ms", "p99_ms"):
            value = statistics.median(getattr(load, quantile) for load in found)
            figures.show([Figure(f"{name}.{quantile.removesuffix('_ms')}", value, "ms")])
    for name, each in used.items():
        value = statistics.median(each)
        where = f"round_trip.{database}.clients{CLIENTS[-1]}.processor.{name}"
        figures.show([Figure(where, value, "us/request")])


@contextmanager
def _running(database: str, folder: Path) -> Iterator[tuple[Stack, Asking]]:
    server = PostgreSQL(folder / "postgresql") if database == "postgresql" else None
    if server is not None:
        server.start()
    entry: Section = (
        {"file": str(folder / "lupu.sqlite")} if server is None else {"url": server.create("lupu")}
    )
    stack = Stack(_places(folder, entry), NAMES)
    try:
        stack.start_brokers()
        opening = datetime.now(UTC).date() + timedelta(days=DAYS_TO_OPENING)
        stack.lupu("inside", "database", "upgrade")
        stack.lupu("inside", "ticketing", "load", "--opening", opening.isoformat())
        names = ("--name-en", "Bench", "--name-zh", "测试")
        added = stack.lupu("inside", "agents", "add", soap.AGENT, *names, "--per-second", "100000")
        password = added.rpartition("password ")[2].strip()
        stack.start()
        edge = Authority(stack.places.certificates, "edge").certificate
        stack.haproxy.wait_open(stack.places.agents_port, edge)
        day = opening + timedelta(days=DAYS_TO_OPENING)
        url = f"{stack.places.public_url}{PATH}"
        yield stack, Asking(url, password, day.isoformat(), answer="DONE")
    finally:
        stack.stop()
        if server is not None:
            server.stop()


def _places(folder: Path, database: Section) -> Places:
    return Places(
        folder=folder / "stack",
        sockets=folder / "sockets",
        agents_port=free_port(),
        staff_port=free_port(),
        outside_port=free_port(),
        inside_port=free_port(),
        database=database,
    )


def _processor_seconds(stack: Stack) -> dict[str, float]:
    return {name: sum(map(processor_seconds, pids)) for name, pids in _pids(stack).items()}


def _pids(stack: Stack) -> dict[str, list[int]]:
    """Return the processes of each component; those of the same kind together."""
    found: dict[str, list[int]] = {}
    for name, process in stack.processes.items():
        found.setdefault(name.rpartition("-")[0], []).extend(descendants(process.pid))
    found["haproxy"] = descendants(stack.haproxy.pid)
    for side in (stack.outside, stack.inside):
        found[f"broker.{side.name}"] = [node.pid for node in side.nodes]
    return found
