"""The example of CONTRIBUTING.md at work on real brokers, each component of a tree of its own."""

import contextlib
import json
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from adapters.xml import Schemas
from deploy.local.broker import installed_version
from deploy.local.process import Process
from hub.envelope import Message, RequestId, Transmission, Wire, to_wire
from hub.messages import INWARD_EXCHANGE, Lane
from hub.ports import Address, Published
from tests.acceptance.followed import Followed
from tests.contract.transports import AmqpTransport, Got, until
from tests.servers.brokers import Authorities, Brokers
from tests.servers.components import dialled, write_toml

GATEWAY, HUB, WORKER = "gateway-1", "hub-1", "lostproperty-1"
REPLIES = f"replies.{GATEWAY}.b00t"
OUTCOME = "GetOutcome.1"
DATABASE = "inside.sqlite"


@dataclass
class World:
    """Both brokers, a hub, the application's worker, and gateway-1, which is this process."""

    brokers: Brokers
    schemas: Schemas
    folder: Path
    gateway: AmqpTransport
    replies: Got
    configurations: dict[str, Path]
    processes: dict[str, Process] = field(default_factory=dict)
    sent: int = 0

    def run(self, name: str, tree: Followed) -> None:
        """Run a component from a tree, instead of the one that runs."""
        self.stop(name)
        if name == WORKER:
            config = str(self.configurations[name])
            tree.run("lupu", "database", "upgrade", "-c", config, "-n", name)
        command = [sys.executable, "-m", "lupu", name.partition("-")[0], "run"]
        self.processes[name] = Process(
            name,
            [*command, "-c", str(self.configurations[name]), "-n", name],
            self.folder / f"{name}.log",
            folder=tree.folder,
        )
        self.processes[name].start()

    def stop(self, *names: str) -> None:
        """End components in good order; all of them where none is named."""
        for name in names or tuple(self.processes):
            if name in self.processes:
                self.processes.pop(name).stop()

    def ask(self, reference: str, body: bytes, key: str = "RegisterFind.1") -> None:
        """Publish a find, or a question for its outcome, as the gateway does."""
        self.sent += 1
        message = Message(
            type=key,
            id=RequestId("agent:1001", "RegisterFind", reference),
            transmission=Transmission(GATEWAY, "b00t", self.sent),
            accepted_at=datetime.now(UTC),
            body=body,
            reply_to=REPLIES,
        )
        lane = Lane.QUERIES if key == OUTCOME else Lane.REQUESTS
        to = Address(INWARD_EXCHANGE, lane.value)
        wire = self.brokers.keys.seal(to_wire(message, account=GATEWAY), GATEWAY, lane)
        assert self.gateway.send(GATEWAY, to, wire) is Published.CONFIRMED

    def answers(self, reference: str, count: int) -> list[Wire]:
        """Wait for ``count`` answers to a request."""
        ending = f"/{reference}"

        def came() -> list[Wire]:
            wires = (one.wire for one in self.replies.deliveries)
            return [wire for wire in wires if wire.message_id.endswith(ending)]

        assert until(lambda: len(came()) >= count), f"{len(came())} answers"
        return [self.brokers.keys.opened(wire, GATEWAY) for wire in came()]

    def finds(self) -> list[tuple[Any, ...]]:
        """Return what is in the new application's table."""
        with contextlib.closing(sqlite3.connect(self.folder / DATABASE)) as connection:
            return connection.execute("SELECT label, what, found_on FROM finds").fetchall()


@contextlib.contextmanager
def at_work(tree: Followed, authorities: Authorities, folder: Path) -> Iterator[World]:
    """Offer brokers as a tree defines them; hub and worker are to be run."""
    brokers = Brokers(folder, authorities, (_defined(tree, "outside"), _defined(tree, "inside")))
    with contextlib.ExitStack() as ending:
        ending.callback(brokers.stop)
        brokers.start()
        gateway = AmqpTransport(brokers.outside)
        ending.callback(gateway.close)
        replies = gateway.consume(GATEWAY, REPLIES, kind="exclusive")
        schemas = Schemas(tree.folder / "schemas/xsd")
        configurations = _configured(brokers, folder)
        world = World(brokers, schemas, folder, gateway, replies, configurations)
        ending.callback(world.stop)
        yield world


def _defined(tree: Followed, side: str) -> dict[str, Any]:
    """Return a broker's definitions as a tree makes them."""
    version = ".".join(map(str, installed_version()))
    names = (GATEWAY, HUB, WORKER)
    made = tree.run("lupu", "brokers", "definitions", side, *names, "--rabbitmq", version)
    definitions: dict[str, Any] = json.loads(made)
    return definitions


def _configured(brokers: Brokers, folder: Path) -> dict[str, Path]:
    """Write the hub's and the worker's configuration."""
    hub = {
        "outside_broker": dialled(brokers.outside(HUB)),
        "inside_broker": dialled(brokers.inside(HUB)),
        "sealing": brokers.keys.section,
    }
    worker = {
        "inside_broker": dialled(brokers.inside(WORKER)),
        "database": {"file": str(folder / DATABASE)},
    }
    return {
        HUB: write_toml(folder / "hub.toml", hub),
        WORKER: write_toml(folder / "inside.toml", worker),
    }
