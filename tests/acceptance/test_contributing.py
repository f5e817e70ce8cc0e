"""Whoever does what CONTRIBUTING.md says has a new application behind the real bridge."""

import contextlib
import json
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.quarantine import REASON
from adapters.xml import Schemas, parse
from deploy.local.broker import installed_version
from deploy.local.process import Process
from hub.envelope import Message, RequestId, Transmission, Wire, to_wire
from hub.messages import INWARD_EXCHANGE, QUARANTINE_QUEUE, Lane
from hub.ports import Address, Published
from tests.acceptance.followed import Followed
from tests.contract.transports import AmqpTransport, Got, until
from tests.servers.brokers import OBSERVER, Authorities, Brokers
from tests.servers.components import dialled, write_toml
from tests.structure.source import ROOT

GATEWAY, HUB, WORKER = "gateway-1", "hub-1", "lostproperty-1"
REPLIES = f"replies.{GATEWAY}.b00t"
OUTCOME = "GetOutcome.1"
FIND = "{urn:lupu:lostproperty:1}RegisterFind"
UMBRELLA = {"What": "𠮷田的雨伞", "FoundOn": date(2010, 5, 1)}
LINES_MAX = 200
TESTS = (
    "tests/unit/test_lostproperty.py",
    "tests/structure/test_imports.py",
    "tests/structure/test_map.py",
)


@dataclass
class World:
    """The changed tree at work: both brokers, its hub, its new worker, and gateway-1."""

    brokers: Brokers
    schemas: Schemas
    database: Path
    gateway: AmqpTransport
    replies: Got
    sent: int = 0

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
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            return connection.execute("SELECT label, what, found_on FROM finds").fetchall()


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Followed:
    """Offer the tree after every step was taken."""
    return Followed(tmp_path_factory.mktemp("contributing"))


@pytest.fixture(scope="module")
def world(
    followed: Followed, authorities: Authorities, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """Offer the changed tree at work."""
    folder = tmp_path_factory.mktemp("lostproperty")
    brokers = Brokers(
        folder, authorities, (defined(followed, "outside"), defined(followed, "inside"))
    )
    with contextlib.ExitStack() as ending:
        ending.callback(brokers.stop)
        brokers.start()
        database = folder / "inside.sqlite"
        hub, worker = configured(brokers, folder, database)
        followed.run("lupu", "database", "upgrade", "-c", str(worker), "-n", WORKER)
        for name, config in ((HUB, hub), (WORKER, worker)):
            command = [sys.executable, "-m", "lupu", name.partition("-")[0], "run"]
            process = Process(
                name,
                [*command, "-c", str(config), "-n", name],
                folder / f"{name}.log",
                folder=followed.folder,
            )
            process.start()
            ending.callback(process.stop)
        gateway = AmqpTransport(brokers.outside)
        ending.callback(gateway.close)
        replies = gateway.consume(GATEWAY, REPLIES, kind="exclusive")
        yield World(brokers, Schemas(followed.folder / "schemas/xsd"), database, gateway, replies)


def defined(followed: Followed, side: str) -> dict[str, Any]:
    """Return a broker's definitions as the changed tree makes them."""
    version = ".".join(map(str, installed_version()))
    names = (GATEWAY, HUB, WORKER)
    made = followed.run("lupu", "brokers", "definitions", side, *names, "--rabbitmq", version)
    definitions: dict[str, Any] = json.loads(made)
    return definitions


def configured(brokers: Brokers, folder: Path, database: Path) -> tuple[Path, Path]:
    """Write the hub's and the worker's configuration."""
    hub = {
        "outside_broker": dialled(brokers.outside(HUB)),
        "inside_broker": dialled(brokers.inside(HUB)),
        "sealing": brokers.keys.section,
    }
    worker = {
        "inside_broker": dialled(brokers.inside(WORKER)),
        "database": {"file": str(database)},
    }
    return write_toml(folder / "hub.toml", hub), write_toml(folder / "inside.toml", worker)


def test_the_steps_are_few(followed: Followed) -> None:
    """A contract, rows in the map, one folder, one line of wiring and a test: nothing else."""
    assert len((ROOT / "CONTRIBUTING.md").read_text("utf-8").splitlines()) <= LINES_MAX
    assert followed.changed == ["hub/messages.py", "lupu/processes.py"]
    folder = "internal_apps/lostproperty/"
    outside = [name for name in followed.created if not name.startswith(folder)]
    assert outside == ["schemas/xsd/lostproperty-1.xsd", "tests/unit/test_lostproperty.py"]


def test_what_is_shown_keeps_the_rules(followed: Followed) -> None:
    """The changed tree is formatted, clean, typed, along the arrows; the shown test passes."""
    python = [name for name in followed.created if name.endswith(".py")]
    followed.run("ruff", "format", "--check", *python, *followed.changed)
    followed.run("ruff", "check", *python, *followed.changed)
    followed.run("mypy", *python)
    followed.run("pytest", "-q", "-p", "no:cacheprovider", *TESTS)


def test_a_find_crosses_the_bridge_and_its_answer_comes_back(world: World) -> None:
    """The new message has its effect once, and the answer lies in the gateway's reply queue."""
    world.ask("F-1", world.schemas.write(FIND, UMBRELLA))
    (reply,) = world.answers("F-1", 1)
    said = world.schemas.values(parse(reply.body))
    assert reply.type == "RegisterFindResponse.1"
    assert reply.correlation_id == f"{GATEWAY}.b00t.{world.sent}"
    assert said["KeptUntil"] == date(2010, 7, 30)
    assert (said["Label"], "𠮷田的雨伞", "2010-05-01") in world.finds()


def test_a_repeat_is_answered_from_the_store(world: World) -> None:
    """The same request again is told the very same label and adds no row."""
    body = world.schemas.write(FIND, UMBRELLA)
    world.ask("F-2", body)
    (first,) = world.answers("F-2", 1)
    before = world.finds()
    world.ask("F-2", body)
    again = world.answers("F-2", 2)[1]
    assert again.body == first.body
    assert again.correlation_id != first.correlation_id
    assert world.finds() == before


def test_the_outcome_of_a_find_can_be_fetched(world: World) -> None:
    """GetOutcome is answered by the new application without a line of its own."""
    world.ask("F-4", world.schemas.write(FIND, UMBRELLA))
    (first,) = world.answers("F-4", 1)
    world.ask("F-4", world.schemas.write("{urn:lupu:common:1}GetOutcome", {}), OUTCOME)
    assert world.answers("F-4", 2)[1].body == first.body


def test_a_find_that_breaks_the_contract_stays_outside(world: World) -> None:
    """What the new XSD does not allow lies in the outside quarantine, and nobody handles it."""
    kept = world.gateway.consume(OBSERVER, QUARANTINE_QUEUE)
    body = world.schemas.write(FIND, UMBRELLA).replace(b"2010-05-01", b"yesterday")
    world.ask("F-3", body)
    assert until(lambda: len(kept.deliveries) == 1)
    assert body not in kept.deliveries[0].wire.body  # it is kept as it came, sealed
    assert "FoundOn breaks the schema" in kept.deliveries[0].wire.headers[REASON]
    assert not [one for one in world.replies.deliveries if one.wire.message_id.endswith("/F-3")]
