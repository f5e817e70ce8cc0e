"""Components of Lupu as processes of their own, on the test's brokers."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.local.process import Process
from hub.settings import Broker
from tests.servers.brokers import Brokers


def dialled(broker: Broker) -> dict[str, Any]:
    """Return a broker's section of the configuration."""
    return {
        "host": broker.host,
        "port": broker.port,
        "authority": str(broker.authority),
        "certificate": str(broker.certificate),
        "key": str(broker.key),
    }


def write_toml(path: Path, sections: Mapping[str, Mapping[str, Any]]) -> Path:
    """Write a configuration file."""
    lines = []
    for name, entries in sections.items():
        lines.append(f"[{name}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in entries.items()]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@contextmanager
def hub(brokers: Brokers, folder: Path, name: str = "hub-1") -> Iterator[Process]:
    """Run a hub between the two brokers."""
    sections = {
        "outside_broker": dialled(brokers.outside(name)),
        "inside_broker": dialled(brokers.inside(name)),
        "sealing": brokers.keys.section,
    }
    with _running(folder, name, sections) as process:
        yield process


@contextmanager
def ticketing(
    brokers: Brokers, folder: Path, database: Path, name: str = "ticketing-1"
) -> Iterator[Process]:
    """Run a ticketing worker on the inside broker and an SQLite database."""
    sections = {
        "inside_broker": dialled(brokers.inside(name)),
        "database": {"file": str(database)},
    }
    with _running(folder, name, sections) as process:
        yield process


@contextmanager
def _running(
    folder: Path, name: str, sections: Mapping[str, Mapping[str, Any]]
) -> Iterator[Process]:
    config = write_toml(folder / f"{name}.toml", sections)
    kind = name.rpartition("-")[0]
    command = [sys.executable, "-m", "lupu", kind, "run", "-c", str(config), "-n", name]
    process = Process(name, command, folder / f"{name}.log")
    process.start()
    try:
        yield process
    finally:
        process.stop()
