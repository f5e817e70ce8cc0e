"""A private RabbitMQ node: own data folder, one address, mutual TLS only, ends with us."""

import json
import os
import re
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from certs.authority import Issued
from deploy.brokers import definitions as broker_definitions
from deploy.brokers.configuration import (
    PEM_CACHE_CLEARED,
    advanced_config,
    enabled_plugins,
    rabbitmq_conf,
)
from deploy.brokers.definitions import Definitions
from deploy.local.networks import MACHINE, Network
from deploy.local.ports import LOOPBACK, answers, free_port, wait_until_closed
from deploy.local.process import Process, ProcessFailed
from deploy.local.programs import in_folders, program, within
from hub import settings

PACKAGE = "rabbitmq-server"
_FOLDERS = ("/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin", "/opt/rabbitmq*/sbin")
# Schedulers that wait busily would take the cores from everybody else on a small machine.
_ERLANG_ARGUMENTS = (
    "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none"
)
# RabbitMQ 3.10 keeps in dets which quorum queue has which name in its log, and writes that late.
DECLARED_ON_DISK = "[mnesia:sync_log() | [dets:sync(Table) || Table <- dets:all()]]"
_COUNTED = f"""begin
    Listed = fun(Queue) ->
        [{{messages, Count}}] = rabbit_amqqueue:info(Queue, [messages]), Count end,
    Asked = fun(Queue) ->
        case ra:leader_query(amqqueue:get_pid(Queue), fun rabbit_fifo:query_messages_total/1) of
            {{ok, {{_, Count}}, _}} -> Count;
            _ -> <<>> end end,
    maps:from_list([{{
        element(4, amqqueue:get_name(Queue)),
        case amqqueue:get_type(Queue) of
            rabbit_quorum_queue -> Asked(Queue);
            _ -> Listed(Queue) end}}
        || Queue <- rabbit_amqqueue:list(<<"{broker_definitions.VIRTUAL_HOST}">>)])
end"""
CTL_SECONDS_MAX = 180.0
CONNECT_SECONDS_MAX = 15.0
NOT_CONNECTED = "failed to connect"
STOP_SECONDS_MAX = 30.0


def installed_version() -> tuple[int, int]:
    """Return the installed RabbitMQ's version, ``(3, 10)`` on Debian 12."""
    folder = in_folders("rabbitmq-server", _FOLDERS, PACKAGE).parent.parent.name
    match = re.search(r"(\d+)\.(\d+)", folder)
    return (int(match[1]), int(match[2])) if match else broker_definitions.DEBIAN_12


class NameServer:
    """The program that knows on which port each node of a machine speaks to others (epmd)."""

    def __init__(
        self, name: str, folder: Path, addresses: Sequence[str], network: str = ""
    ) -> None:
        self.port = free_port()
        self._network = network
        epmd = [str(program("epmd", PACKAGE)), "-port", str(self.port)]
        self._process = Process(
            f"{name} name server",
            [*epmd, "-address", ",".join(addresses)],
            folder / "epmd.log",
            network=network,
        )

    def start(self) -> None:
        """Start it, if it does not run, and wait until it answers."""
        if not self._process.alive():
            self._process.start()
            self._process.wait_ready(lambda: answers(self.port, network=self._network))

    def stop(self) -> None:
        """End it."""
        self._process.kill()


class Broker:
    """One private node.

    Everything it writes is under ``folder``; its distribution port and its name server (epmd)
    listen on loopback of its network, on ports of their own.
    """

    _loads_definitions = True

    def __init__(
        self,
        name: str,
        folder: Path,
        definitions: Definitions,
        certificate: Issued,
        port: int = 0,
        *,
        network: Network = MACHINE,
    ) -> None:
        self.name = name
        self._network = network
        self.folder = folder
        self.port = port or free_port()
        self.certificate = certificate
        self._definitions = definitions
        self._sbin = in_folders("rabbitmq-server", _FOLDERS, PACKAGE).parent
        self._distribution_port = free_port()
        self._name_node()
        self._prepare()
        environment = self._environment()
        # Input allowed makes the script become the node itself; -noinput then takes it back.
        self._node = Process(
            f"{name} broker",
            [str(self._sbin / "rabbitmq-server"), "-noinput"],
            folder / "node.log",
            environment=environment | {"RABBITMQ_ALLOW_INPUT": "true"},
            network=network.name,
        )

    @property
    def nodes(self) -> Sequence["Broker"]:
        """It is its only node."""
        return (self,)

    @property
    def pid(self) -> int:
        """The node's process id."""
        return self._node.pid

    def start(self) -> None:
        """Start the node; returns at once."""
        self._names.start()
        self._node.start()

    def wait_ready(self) -> None:
        """Wait until the node takes connections: it listens once everything else is done.

        And until what it has declared is on its disk: one that is killed seconds after it has
        declared a quorum queue gives it another name in its log, and what was confirmed is lost.
        """
        self._node.wait_ready(self.listening)
        self.ask(DECLARED_ON_DISK)

    def listening(self) -> bool:
        """Return whether the node takes connections."""
        return answers(self.port, self._network.broker, self._network.name)

    def alive(self) -> bool:
        """Return whether its process runs."""
        return self._node.alive()

    def terminate(self) -> None:
        """Ask the node to end; returns at once."""
        self._node.terminate()

    def stop(self) -> None:
        """End the node in good order, and its name server."""
        self._node.stop(STOP_SECONDS_MAX)
        self._names.stop()

    def destroy(self) -> None:
        """End at once, for data that nobody will want again."""
        self._node.kill()
        self._names.stop()

    def kill(self) -> None:
        """Kill the node with SIGKILL, as a power cut would; its data stays."""
        self._node.kill()
        wait_until_closed(self.port, STOP_SECONDS_MAX, self._network.broker, self._network.name)

    def restart(self) -> None:
        """Start again on the same data and port, and wait until it is ready."""
        if self._node.alive():
            self._node.stop(STOP_SECONDS_MAX)
        self.start()
        self.wait_ready()

    def control(self, *arguments: str, by: str = "rabbitmqctl") -> str:
        """Run rabbitmqctl, or another, and return what it says; ProcessFailed where it fails."""
        done = subprocess.run(  # noqa: S603  the caller's own command
            [*within(self._network.name), str(self._sbin / by), *arguments],
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=CTL_SECONDS_MAX,
            check=False,
        )
        if done.returncode:
            raise ProcessFailed(f"{by} {arguments[0]} failed: {done.stderr.strip()}")
        return done.stdout

    def ask(self, erlang: str) -> Any:
        """Evaluate an expression on the node and return its value, made JSON there.

        A rabbitmqctl starts a virtual machine of its own to ask; this takes a few milliseconds.
        """
        deadline = time.monotonic() + CONNECT_SECONDS_MAX
        while True:
            done = self._erl_call(f"binary_to_list(rabbit_json:encode({erlang})).\n")
            answer = re.fullmatch(r'\{ok, "(.*)"\}', done.stdout.strip(), re.DOTALL)
            if answer is not None:
                return json.loads(answer[1])
            said = done.stdout + done.stderr
            # A busy node misses a handshake at times; nothing was evaluated then.
            is_worth_it = NOT_CONNECTED in said and self._node.alive()
            if not is_worth_it or time.monotonic() > deadline:
                raise ProcessFailed(f"{self.name} does not answer: {said}")

    def _erl_call(self, erlang: str) -> subprocess.CompletedProcess[str]:
        erl_call = (str(program("erl_call", PACKAGE)), "-sname", self._node_name, "-e")
        return subprocess.run(  # noqa: S603  the caller's own expression
            [*within(self._network.name), *erl_call],
            env=self._environment(),
            input=erlang,
            capture_output=True,
            text=True,
            timeout=CTL_SECONDS_MAX,
            check=False,
        )

    def read_certificates_anew(self) -> None:
        """Let the node take up certificate, key and authority from their files."""
        self.ask(f"begin {PEM_CACHE_CLEARED}, ok end")

    def queue_messages(self) -> dict[str, int]:
        """Return how many messages each queue holds; one without a leader is left out.

        A quorum queue is asked itself: what is listed of it is up to five seconds old.
        """
        told = self.ask(_COUNTED)
        return {str(name): int(count) for name, count in told.items() if count != ""}

    def _name_node(self) -> None:
        """Choose the node's name, and the name server that knows its port."""
        self._node_name = f"{self.name}@localhost"
        self._names = NameServer(self.name, self.folder, (LOOPBACK,), self._network.name)

    def _prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        definitions = self.folder / "definitions.json"
        definitions.write_text(broker_definitions.write(self._definitions), "utf-8")
        loaded = definitions if self._loads_definitions else None
        configuration = rabbitmq_conf(self._network.broker, self.port, loaded) + self._beside()
        (self.folder / "rabbitmq.conf").write_text(configuration, "utf-8")
        tls = advanced_config(self.certificate)
        (self.folder / "advanced.config").write_text(tls, "utf-8")
        (self.folder / "enabled_plugins").write_text(enabled_plugins(), "utf-8")

    def _beside(self) -> str:
        """Return what its rabbitmq.conf has beside."""
        return ""

    def _environment(self) -> dict[str, str]:
        own = str(self.folder)
        return {
            "PATH": settings.environment().get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": own,
            "RABBITMQ_NODENAME": self._node_name,
            "RABBITMQ_CONFIG_FILE": f"{own}/rabbitmq.conf",
            "RABBITMQ_ADVANCED_CONFIG_FILE": f"{own}/advanced.config",
            "RABBITMQ_CONF_ENV_FILE": f"{own}/rabbitmq-env.conf",
            "RABBITMQ_MNESIA_BASE": f"{own}/data",
            "RABBITMQ_LOG_BASE": f"{own}/log",
            "RABBITMQ_GENERATED_CONFIG_DIR": f"{own}/generated",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{own}/enabled_plugins",
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": _ERLANG_ARGUMENTS,
            "ERL_EPMD_PORT": str(self._names.port),
            "ERL_EPMD_ADDRESS": LOOPBACK,
        }
