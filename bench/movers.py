"""The two ways across that are compared: our hub, and RabbitMQ's own shovel."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import urlencode

from bench.backlog import ARRIVALS
from deploy.brokers.definitions import VIRTUAL_HOST
from deploy.local.process import Process
from hub import settings
from hub.messages import INWARD_EXCHANGE, Lane, outside_queue
from hub.settings import Broker
from tests.servers.brokers import OBSERVER, Brokers

SHOVEL = "bench"
LUPU = (sys.executable, "-m", "lupu")
ROOT = Path(__file__).resolve().parents[1]


class NotCompiled(Exception):
    """What was to be measured compiled is not; the figure would be another's."""


@cache
def compiled() -> Mapping[str, str]:
    """Return an environment whose Python takes Lupu as ``make compiled`` made it."""
    path = f"{ROOT / 'build' / 'compiled'}{os.pathsep}{ROOT}"
    own = {"PYTHONPATH": path, "PYTHONSAFEPATH": "1"}
    environment = {**settings.environment(), **own}
    asked = [sys.executable, "-c", "import hub.channel as c; print(c.__file__)"]
    said = subprocess.run(  # noqa: S603  our own interpreter
        asked, env=environment, capture_output=True, text=True, check=True
    )
    if not said.stdout.strip().endswith(".so"):
        raise NotCompiled("make compiled")
    return environment


@contextmanager
def hubs(
    brokers: Brokers,
    folder: Path,
    processes: int,
    prefetch: int,
    *,
    without: str = "",
    interpreted: bool = False,
) -> Iterator[list[Process]]:
    """Run hub processes, each as the command line starts it; or ``without`` a part of it.

    Compiled, unless they are to be ``interpreted``.
    """
    environment = None if interpreted else compiled()
    started = [
        Process(name, command, folder / f"{name}.log", environment=environment)
        for name, command in (
            _hub(brokers, folder, f"hub-{number + 1}", prefetch, without)
            for number in range(processes)
        )
    ]
    try:
        for process in started:
            process.start()
        yield started
    finally:
        for process in started:
            process.stop()


def _hub(
    brokers: Brokers, folder: Path, name: str, prefetch: int, without: str
) -> tuple[str, list[str]]:
    config = folder / f"{name}.toml"
    sides = [("outside_broker", brokers.outside(name)), ("inside_broker", brokers.inside(name))]
    text = [f"[{section}]\n{broker(side)}" for section, side in sides]
    sealing = f"[sealing]\n{entries(brokers.keys.section)}"
    hub = f"[hub]\nrequests_prefetch_max = {prefetch}\n"
    config.write_text("\n".join([*text, sealing, hub]), "utf-8")
    command = [*LUPU, "hub", "run", "--config", str(config), "--name", name]
    if without:
        command = [sys.executable, "-m", "bench.hub_without", without, str(config), name]
    return name, command


def broker(settings: Broker) -> str:
    """Return the entries of a broker's section."""
    paths = {name: str(getattr(settings, name)) for name in ("authority", "certificate", "key")}
    values = {"host": settings.host, "port": settings.port, **paths}
    return entries(values)


def entries(values: Mapping[str, object]) -> str:
    """Return the entries of a section."""
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items())


@contextmanager
def shovel(brokers: Brokers, prefetch: int) -> Iterator[None]:
    """Run a dynamic shovel inside, dialling both brokers over mutual TLS, ack-mode on-confirm."""
    definition = {
        "src-protocol": "amqp091",
        "src-uri": _uri(brokers.outside(OBSERVER)),
        "src-queue": outside_queue(Lane.REQUESTS),
        "src-prefetch-count": prefetch,
        "dest-protocol": "amqp091",
        "dest-uri": _uri(brokers.inside(OBSERVER)),
        "dest-exchange": INWARD_EXCHANGE,
        "dest-exchange-key": ARRIVALS,
        "ack-mode": "on-confirm",
    }
    inside = brokers.inside_broker
    inside.control("set_parameter", "-p", VIRTUAL_HOST, "shovel", SHOVEL, json.dumps(definition))
    try:
        yield
    finally:
        inside.control("clear_parameter", "-p", VIRTUAL_HOST, "shovel", SHOVEL)


def _uri(broker: Broker) -> str:
    query = urlencode(
        {
            "cacertfile": broker.authority,
            "certfile": broker.certificate,
            "keyfile": broker.key,
            "verify": "verify_peer",
            "server_name_indication": broker.certified(broker.host),
            "auth_mechanism": "external",
        }
    )
    return f"amqps://{broker.host}:{broker.port}/{VIRTUAL_HOST}?{query}"
