"""Gateway PlaceBooking requests a second, against spyne and against itself without a broker.

All three are served by the same WSGI server on unix sockets behind the same HAProxy, which
only passes bytes on (it ends no TLS here), and are asked by the same load.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pika

from adapters.amqp.link import parameters
from adapters.soap.wsdl import PATH
from bench import figures, movers, peers, snapshots, soap, world
from bench.figures import Figure
from bench.soap import Asking, Load
from bench.used import Peaks, descendants, processor_seconds
from deploy.haproxy.health import healthy
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.process import Process
from deploy.local.programs import program
from hub.messages import Lane, outside_queue
from tests.servers.brokers import OBSERVER, Brokers

ROUNDS = 5
PROCESSES = (1, 2)
WARM_UP_SECONDS = 1.0
CONNECTIONS = 64
SECONDS = 6
RATE, MICROSECONDS = "requests/s", "us/request"
_PROXY = """
global
  maxconn 1000
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
listen bench
  bind {address}:{port}
{servers}
"""

Servers = Callable[[Path, int], list[Process]]


@dataclass(frozen=True, slots=True)
class Contestant:
    """One that is asked: so many processes of one kind."""

    kind: str
    processes: int

    @property
    def name(self) -> str:
        """The name under which its figures are printed."""
        return f"{self.kind}.processes{self.processes}"


def measure(peaks: Peaks) -> None:
    """Ask each contestant in turn, round by round, and print what came out."""
    _settings()
    loads: dict[Contestant, list[Load]] = {}
    micro: dict[Contestant, list[float]] = {}
    with world.brokers() as brokers, tempfile.TemporaryDirectory(prefix="bench-") as name:
        kinds = _kinds(brokers)
        for number in range(ROUNDS):
            for processes in PROCESSES:
                for kind, servers in kinds.items():
                    contestant = Contestant(kind, processes)
                    _empty(brokers)
                    with _served(contestant, servers, Path(name)) as (url, running):
                        load, used = _asked(url, Path(name), running)
                        for place, process in enumerate(running):
                            for pid in descendants(process.pid):
                                peaks.look(f"{kind}.{place + 1}", pid)
                    figures.progress(
                        f"round {number + 1}: {contestant.name} {load.per_second:.0f} {RATE}"
                    )
                    loads.setdefault(contestant, []).append(load)
                    micro.setdefault(contestant, []).append(used)
    _show(loads, micro)


def _asked(url: str, folder: Path, running: list[Process]) -> tuple[Load, float]:
    pids = [pid for process in running for pid in descendants(process.pid)]
    before = sum(map(processor_seconds, pids))
    asking = Asking(url, snapshots.PASSWORD)
    load = soap.load(asking, folder, connections=CONNECTIONS, seconds=SECONDS)
    used = sum(map(processor_seconds, pids)) - before
    return load, used / (load.per_second * SECONDS) * 1e6


def _kinds(brokers: Brokers) -> dict[str, Servers]:
    def gateways(folder: Path, processes: int, *, publishing: bool) -> list[Process]:
        started = []
        for number in range(processes):
            name = f"gateway-{number + 1}"
            config = _gateway_configuration(brokers, folder, name)
            by_command = (*movers.LUPU, "gateway", "run", "--config", str(config), "--name", name)
            without = (sys.executable, "-m", "bench.unpublished", str(config), name)
            command = by_command if publishing else without
            log = folder / f"{name}.log"
            started.append(Process(name, command, log, environment=movers.compiled()))
        return started

    return {
        "gateway": lambda folder, processes: gateways(folder, processes, publishing=True),
        "spyne": lambda folder, processes: peers.spyne(folder, processes, snapshots.PASSWORD),
        "unpublished": lambda folder, processes: gateways(folder, processes, publishing=False),
    }


@contextmanager
def _served(
    contestant: Contestant, servers: Servers, parent: Path
) -> Iterator[tuple[str, list[Process]]]:
    with tempfile.TemporaryDirectory(prefix="b", dir=parent) as name:
        folder = Path(name)
        port = free_port()
        sockets = [folder / f"{number + 1}.sock" for number in range(contestant.processes)]
        lines = [f"  server s{number} unix@{path}" for number, path in enumerate(sockets)]
        config = folder / "haproxy.cfg"
        text = _PROXY.format(address=LOOPBACK, port=port, servers="\n".join(lines))
        config.write_text(text, "utf-8")
        proxy = Process(
            "HAProxy",
            [str(program("haproxy", "haproxy")), "-db", "-f", str(config)],
            folder / "haproxy.log",
        )
        running = servers(folder, contestant.processes)
        try:
            for process in running:
                process.start()
            for process, socket in zip(running, sockets, strict=True):
                process.wait_ready(lambda socket=socket: _up(contestant, socket))  # type: ignore[misc]
            proxy.start()
            time.sleep(WARM_UP_SECONDS)
            yield f"http://{LOOPBACK}:{port}{PATH}", running
        finally:
            for process in (proxy, *running):
                process.stop()


def _up(contestant: Contestant, socket: Path) -> bool:
    return socket.exists() if contestant.kind == "spyne" else healthy(socket)


def _gateway_configuration(brokers: Brokers, folder: Path, name: str) -> Path:
    number = name.rpartition("-")[2]
    known = folder / "snapshots" / name
    snapshots.write(known)
    config = folder / f"{name}.toml"
    config.write_text(
        f"[outside_broker]\n{movers.broker(brokers.outside(name))}\n[gateway]\n"
        f'socket = "{folder}/{number}.sock"\nsnapshots = "{known}"\n'
        f'replays = "{folder}/replays"\npublic_url = "http://localhost:1"\n'
        "reply_wait_seconds = 0.0\n"
        f"[sealing]\n{movers.entries(brokers.keys.section)}",
        "utf-8",
    )
    return config


def _empty(brokers: Brokers) -> None:
    connection = pika.BlockingConnection(parameters(brokers.outside(OBSERVER), "bench empties"))
    connection.channel().queue_purge(outside_queue(Lane.REQUESTS))
    connection.close()
    world.new_log(brokers.outside_broker)


def _settings() -> None:
    size = len(Asking("", snapshots.PASSWORD).request().encode())
    figures.settings(
        "gateway, spyne and unpublished",
        {
            "request": f"SOAP 1.1 PlaceBooking of {size} bytes, 2 lines",
            "sign-in": "UsernameToken, text",
            "server": "granian WSGI on unix sockets behind HAProxy in TCP mode",
            "load": f"wrk, {CONNECTIONS} connections, {SECONDS} s",
            "processes": "/".join(map(str, PROCESSES)),
            "rounds": ROUNDS,
        },
    )
    figures.settings(
        "gateway", {"publish": "quorum queue, confirmed, mutual TLS", "reply wait": 0}
    )
    figures.settings("spyne", {"version": peers.SPYNE, "validator": "lxml", "threads": 1})


def _show(loads: dict[Contestant, list[Load]], micro: dict[Contestant, list[float]]) -> None:
    best: dict[str, Contestant] = {}
    for contestant, found in loads.items():
        rates = [load.per_second for load in found]
        figures.show(figures.spread(contestant.name, rates, RATE))
        late = statistics.median(load.p99_ms for load in found)
        used = statistics.median(micro[contestant])
        figures.show([Figure(f"{contestant.name}.p99", late, "ms")])
        figures.show([Figure(f"{contestant.name}.processor", used, MICROSECONDS)])
        held = best.get(contestant.kind)
        if held is None or _median(loads[held]) < _median(found):
            best[contestant.kind] = contestant
    for kind, held in best.items():
        figures.show([Figure(f"{kind}.requests", _median(loads[held]), RATE)])
    for kind in ("spyne", "unpublished"):
        name = f"ratio.gateway_to_{kind}"
        figures.show(_ratio(name, loads[best["gateway"]], loads[best[kind]]))
        for processes in PROCESSES:
            ours, theirs = Contestant("gateway", processes), Contestant(kind, processes)
            figures.show(_ratio(f"{name}.processes{processes}", loads[ours], loads[theirs]))


def _ratio(name: str, ours: list[Load], theirs: list[Load]) -> Sequence[Figure]:
    ratios = [a.per_second / b.per_second for a, b in zip(ours, theirs, strict=True)]
    return figures.spread(name, ratios, "ratio")


def _median(loads: list[Load]) -> float:
    return statistics.median(load.per_second for load in loads)
