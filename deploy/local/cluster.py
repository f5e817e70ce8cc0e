"""A private RabbitMQ cluster: three nodes on loopback addresses of their own, TLS between them."""

import base64
import json
import re
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from certs.authority import Authority, Purpose
from deploy.brokers.configuration import cluster_conf, erlang_arguments, inter_node_tls
from deploy.brokers.definitions import VIRTUAL_HOST, Definitions
from deploy.local.broker import Broker, NameServer
from deploy.local.networks import Network
from deploy.local.process import ProcessFailed

# On loopback, as on machines of their own: each node is dialled at another address.
OUTSIDE_NODES = ("127.0.1.1", "127.0.1.2", "127.0.1.3")
INSIDE_NODES = ("127.0.2.1", "127.0.2.2", "127.0.2.3")
# On a machine that is busy beyond measure a handshake takes longer than the 7 s of Erlang.
_PATIENT = "-kernel net_setuptime 60"
COOKIE_FILE = ".erlang.cookie"
# All nodes are one cluster, it has its definitions, and they are on every disk; see broker.py.
_DEFINED = """begin
    Nodes = rabbit_nodes:all_running(),
    {size} = length(Nodes),
    {{ok, Text}} = file:read_file("{file}"),
    ok = rabbit_definitions:import_raw(Text),
    [[rpc:call(Node, mnesia, sync_log, []),
      [rpc:call(Node, dets, sync, [Table]) || Table <- rpc:call(Node, dets, all, [])]]
     || Node <- Nodes]
end"""
_LEADER = """begin
    {{ok, Queue}} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"{host}">>, queue, <<"{queue}">>)),
    {{_, Leader}} = amqqueue:get_pid(Queue), Leader
end"""
_SPARED = """begin
    true = rabbit_upgrade_preparation:await_online_quorum_plus_one(120000),
    rabbit_maintenance:drain(), ok
end"""
READY_SECONDS_MAX = 180.0
T = TypeVar("T")
_LOST = "unable to perform an operation on node"
_TRIES_MAX = 5


class Member(Broker):
    """One node of a cluster; its name server is the cluster's."""

    _loads_definitions = False

    def __init__(self, cluster: "Cluster", number: int, definitions: Definitions) -> None:
        self._cluster = cluster
        self.address = cluster.addresses[number]
        name = f"{cluster.name}-{number + 1}"
        issued = cluster.authority.ensure(name, Purpose.BOTH, addresses=(name, self.address))
        super().__init__(
            name,
            cluster.folder / name,
            definitions,
            issued,
            cluster.port,
            network=Network(broker=self.address),
        )

    @property
    def distribution_port(self) -> int:
        """Where other nodes, and rabbitmqctl, speak to it."""
        return self._distribution_port

    @property
    def node(self) -> str:
        """The node's name."""
        return self._node_name

    def ask(self, erlang: str) -> Any:
        """Evaluate an expression on the node; by rabbitmqctl, for erl_call speaks no TLS."""
        told = f"binary_to_list(base64:encode(rabbit_json:encode({erlang})))."
        said = self.control("eval", told)
        return json.loads(base64.b64decode(re.sub(r"[^A-Za-z0-9+/=]", "", said)))

    def control(self, *arguments: str, by: str = "rabbitmqctl") -> str:
        """Run it as on any broker; again where a machine too busy lost its connection."""
        for _ in range(_TRIES_MAX - 1):
            try:
                return super().control(*arguments, by=by)
            except ProcessFailed as error:
                if _LOST not in str(error):
                    raise
        return super().control(*arguments, by=by)

    def wait_ready(self) -> None:
        """Wait until the node takes connections."""
        self._node.wait_ready(self.listening, READY_SECONDS_MAX)

    def stop(self) -> None:
        """End the node in good order."""
        self._node.stop()

    def _name_node(self) -> None:
        self._node_name = self._cluster.node_name(self.name)
        self._names = self._cluster.names

    def _prepare(self) -> None:
        super()._prepare()
        cookie = self.folder / COOKIE_FILE
        if not cookie.exists():
            cookie.write_text(self._cluster.cookie, "ascii")
            cookie.chmod(0o400)
        self._tls.write_text(inter_node_tls(self.certificate), "utf-8")

    def _beside(self) -> str:
        return cluster_conf(self._cluster.name, self._cluster.node_names)

    @property
    def _tls(self) -> Path:
        return self.folder / "inter-node-tls.config"

    def _environment(self) -> dict[str, str]:
        environment = super()._environment()
        tls = f"{erlang_arguments(self._tls)} {_PATIENT}"
        ip = self.address.replace(".", ",")
        own = environment["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"].replace("127,0,0,1", ip)
        return environment | {
            "ERL_INETRC": str(self._cluster.hosts),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"{own} {tls}",
            "RABBITMQ_CTL_ERL_ARGS": tls,
        }


class Cluster:
    """Three nodes; what is asked of a broker is asked of any of them."""

    def __init__(
        self,
        name: str,
        folder: Path,
        definitions: Definitions,
        authority: Authority,
        *,
        port: int,
        addresses: Sequence[str],
    ) -> None:
        self.name, self.folder, self.port = name, folder, port
        self.addresses = tuple(addresses)
        self.authority = authority
        self.cookie = secrets.token_hex(16)
        folder.mkdir(parents=True, exist_ok=True)
        self.names = NameServer(name, folder, self.addresses)
        # What a name server of the network would know elsewhere.
        self.hosts = folder / "hosts"
        lines = [
            f'{{host, {{{address.replace(".", ",")}}}, ["{name}-{number}"]}}.'
            for number, address in enumerate(self.addresses, 1)
        ]
        self.hosts.write_text("\n".join([*lines, "{lookup, [file, native]}.\n"]), "ascii")
        self._definitions = definitions
        self.nodes = [Member(self, number, definitions) for number in range(len(addresses))]

    @property
    def node_names(self) -> tuple[str, ...]:
        """Every node's name."""
        numbers = range(1, len(self.addresses) + 1)
        return tuple(self.node_name(f"{self.name}-{number}") for number in numbers)

    @staticmethod
    def node_name(name: str) -> str:
        """Return the name of a node; its machine is called like it."""
        return f"{name}@{name}"

    def start(self) -> None:
        """Start all nodes; returns at once."""
        for member in self.nodes:
            member.start()

    def wait_ready(self) -> None:
        """Wait until all are one cluster, and let it have its definitions."""
        for member in self.nodes:
            member.wait_ready()
        first = self.nodes[0]
        file = first.folder / "definitions.json"
        first.ask(_DEFINED.format(size=len(self.nodes), file=file))

    def terminate(self) -> None:
        """Ask all nodes to end; returns at once."""
        for member in self.nodes:
            member.terminate()

    def stop(self) -> None:
        """End all nodes, for data that nobody will want again."""
        for member in self.nodes:
            member.destroy()
        self.names.stop()

    def kill(self) -> None:
        """Kill all nodes at once, as a power cut would; their data stays."""
        for node in self.nodes:
            node.kill()

    def restart(self) -> None:
        """Start all nodes again, and wait until they are one cluster and ready."""
        for node in self.nodes:
            if node.alive():
                node.stop()
        self.start()
        for node in self.nodes:
            node.wait_ready()
        self.wait_whole()

    def ask(self, erlang: str) -> Any:
        """Evaluate an expression on the first node that answers; ProcessFailed if none does."""
        return self._by_any(lambda node: node.ask(erlang))

    def control(self, *arguments: str, by: str = "rabbitmqctl") -> str:
        """Run rabbitmqctl, or another, at the first node for which it does not fail."""
        return self._by_any(lambda node: node.control(*arguments, by=by))

    def read_certificates_anew(self) -> None:
        """Let each node take up certificate, key and authority from their files."""
        for node in self.nodes:
            node.read_certificates_anew()

    def queue_messages(self) -> dict[str, int]:
        """Return how many messages each queue holds, by the first node that answers."""
        return self._by_any(Broker.queue_messages)

    def _by_any(self, asked: Callable[[Member], T]) -> T:
        *others, last = self.nodes
        for node in others:
            with suppress(ProcessFailed):
                return asked(node)
        return asked(last)

    def leading(self, queue: str) -> Member:
        """Return the node that leads a quorum queue."""
        leader = self.ask(_LEADER.format(host=VIRTUAL_HOST, queue=queue))
        return next(one for one in self.nodes if one.node == leader)

    def start_anew(self, member: Member) -> None:
        """Start a node anew as an operator does: not before all queues can spare it."""
        member.ask(_SPARED)
        member.restart()

    def wait_whole(self) -> None:
        """Wait until all nodes are one cluster again."""
        deadline = time.monotonic() + READY_SECONDS_MAX
        for member in self.nodes:
            while not self._knows_all(member):
                if time.monotonic() > deadline:
                    raise ProcessFailed(f"{member.name} did not find its cluster again")

    def _knows_all(self, member: Member) -> bool:
        with suppress(ProcessFailed):
            return bool(member.ask("length(rabbit_nodes:all_running())") == len(self.nodes))
        return False
