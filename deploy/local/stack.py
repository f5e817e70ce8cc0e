"""A whole local installation: two brokers, two HAProxies and every process, each on its own."""

import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from certs.authority import LOCAL_ADDRESSES, Authority, Purpose
from deploy.brokers import definitions
from deploy.components import Components
from deploy.haproxy.configuration import Entrance, agents_section, staff_section
from deploy.haproxy.health import healthy
from deploy.local.any_broker import AnyBroker
from deploy.local.broker import Broker, installed_version
from deploy.local.cluster import Cluster
from deploy.local.haproxy import Haproxy
from deploy.local.networks import Network
from deploy.local.process import Process, ProcessFailed
from deploy.local.programs import within
from deploy.local.zones import Places, write_zones
from lupu.sealing import make_keys

NAMES = (
    *("gateway-1", "gateway-2", "hub-1", "ticketing-1", "evidence-1"),
    *("staff-1", "operator-1"),
)
COMMAND_SECONDS_MAX = 120.0
_ZONES = {"gateway": "outside", "hub": "hub"}
SIDES = ("outside", "inside")


class Stack:
    """Starts and ends everything; ``processes`` are the components by name."""

    def __init__(self, places: Places, names: Sequence[str] = NAMES) -> None:
        self.places = places
        self.components = Components.of(names)
        self._issue_certificates()
        for folder in (places.sockets, *self._data_folders()):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.metrics_ports = write_zones(places, self.components)
        self.outside, self.inside = self._brokers()
        self.haproxy, self.staff_haproxy = self._haproxies()
        self.processes = {name: self._process(name) for name in self.metrics_ports}

    def start_brokers(self) -> None:
        """Start both brokers side by side; returns before they are ready."""
        for broker in (self.outside, self.inside):
            broker.start()

    def wait_for_brokers(self) -> None:
        """Wait until both brokers take connections."""
        for broker in (self.outside, self.inside):
            broker.wait_ready()

    def start(self) -> None:
        """Start every component and both HAProxies, and wait until those that listen answer."""
        self.wait_for_brokers()
        for process in self.processes.values():
            process.start()
        for name in (*self.components.gateways, *self.components.staff):
            self.processes[name].wait_ready(partial(healthy, self.places.socket(name)))
        # Last, for they would count those not yet up as down, and look again only later.
        self.haproxy.start()
        self.staff_haproxy.start()

    def lupu(self, zone: str, *arguments: str, columns: int = 0) -> str:
        """Run a ``lupu`` command with a zone's configuration; return what it prints.

        ``columns``: as it prints it on a terminal of so many.
        """
        terminal = ("env", "FORCE_COLOR=1", f"COLUMNS={columns}") if columns else ()
        config = ("--config", str(self.places.configuration(zone)))
        done = subprocess.run(  # noqa: S603  our own command
            [
                *(*within(self._network(zone).name), *terminal),
                *(sys.executable, "-m", "lupu", *arguments, *config),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS_MAX,
            check=False,
        )
        if done.returncode:
            raise ProcessFailed(f"lupu {' '.join(arguments[:2])}: {done.stderr.strip()}")
        return done.stdout.rstrip()

    def failed(self) -> str:
        """Return the name of a component that has ended; empty while all run."""
        return next((name for name, one in self.processes.items() if not one.alive()), "")

    def stop(self) -> None:
        """End everything, from the edge inwards, each in good order."""
        self.haproxy.stop()
        self.staff_haproxy.stop()
        for process in self.processes.values():
            if process.alive():
                process.terminate()
        for process in self.processes.values():
            process.stop()
        for broker in (self.outside, self.inside):
            broker.terminate()
        for broker in (self.outside, self.inside):
            broker.stop()

    def _data_folders(self) -> list[Path]:
        snapshots = [self.places.folder / "snapshots" / name for name in self.components.gateways]
        return [*snapshots, self.places.folder / "replays", self.places.folder / "database"]

    def _issue_certificates(self) -> None:
        places, components = self.places, self.components
        folder = places.certificates
        for side, names, network in (
            ("outside", components.outside, places.outside),
            ("inside", components.inside, places.inside),
        ):
            authority = Authority.make(folder, side)
            addresses = (*LOCAL_ADDRESSES, network.broker)
            authority.ensure("broker", Purpose.SERVER, addresses=addresses)
            for name in names:
                authority.ensure(name, Purpose.CLIENT)
        entrances = (*LOCAL_ADDRESSES, places.outside.entrance, places.inside.entrance)
        Authority.make(folder, "edge").ensure("edge", Purpose.SERVER, addresses=entrances)
        Authority.make(folder, "agents")
        for name in components.key_owners:
            make_keys(self.places.sealing, name)

    def _brokers(self) -> tuple[AnyBroker, AnyBroker]:
        if self.places.outside_nodes:
            return self._clusters()
        places, version = self.places, installed_version()
        defined = (
            (places.outside, places.outside_port, definitions.outside(self.components, version)),
            (places.inside, places.inside_port, definitions.inside(self.components, version)),
        )
        outside, inside = (
            Broker(
                side,
                places.folder / "brokers" / side,
                definition,
                Authority(places.certificates, side).issued("broker"),
                port,
                network=network,
            )
            for side, (network, port, definition) in zip(SIDES, defined, strict=True)
        )
        return outside, inside

    def _clusters(self) -> tuple[Cluster, Cluster]:
        places, version = self.places, installed_version()
        outside = definitions.outside(self.components, version, cluster=True)
        inside = definitions.inside(self.components, version, cluster=True)
        made = [
            Cluster(
                side,
                places.folder / "brokers" / side,
                definition,
                Authority(places.certificates, side),
                port=port,
                addresses=addresses,
            )
            for side, definition, port, addresses in (
                ("outside", outside, places.outside_port, places.outside_nodes),
                ("inside", inside, places.inside_port, places.inside_nodes),
            )
        ]
        return made[0], made[1]

    @property
    def _edge(self) -> Path:
        return Authority(self.places.certificates, "edge").certificate

    def _haproxies(self) -> tuple[Haproxy, Haproxy]:
        """Return the one of agents and the one of staff."""
        places, components = self.places, self.components
        certificate = Authority(places.certificates, "edge").issued("edge")
        agents, staff = (
            Entrance(address, port, certificate, {name: places.socket(name) for name in names})
            for address, port, names in (
                (places.outside.entrance, places.agents_port, components.gateways),
                (places.inside.entrance, places.staff_port, components.staff),
            )
        )
        trusted = Authority(places.certificates, "agents").certificate
        folder, section = places.folder / "haproxy", agents_section(agents, trusted)
        return (
            Haproxy(folder / "agents", {section: agents}, places.outside.name),
            Haproxy(folder / "staff", {staff_section(staff): staff}, places.inside.name),
        )

    def _process(self, name: str) -> Process:
        kind = name.rpartition("-")[0]
        config = self.places.configuration(_ZONES.get(kind, "inside"))
        return Process(
            name,
            [sys.executable, "-m", "lupu", kind, "run", "-c", str(config), "-n", name],
            self.places.folder / "logs" / f"{name}.log",
            network=self._network(_ZONES.get(kind, "inside")).name,
        )

    def _network(self, zone: str) -> Network:
        return self.places.outside if zone == "outside" else self.places.inside
