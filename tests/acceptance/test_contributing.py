"""Whoever does what CONTRIBUTING.md says has a new application behind the real bridge."""

from collections.abc import Iterator
from datetime import date

import pytest

from adapters.quarantine import REASON
from adapters.xml import parse
from hub.messages import QUARANTINE_QUEUE
from tests.acceptance.followed import Followed
from tests.acceptance.lost_property import GATEWAY, HUB, OUTCOME, WORKER, World, at_work
from tests.contract.transports import until
from tests.servers.brokers import OBSERVER, Authorities
from tests.structure.source import ROOT

FIND = "{urn:lupu:lostproperty:1}RegisterFind"
UMBRELLA = {"What": "𠮷田的雨伞", "FoundOn": date(2010, 5, 1)}
LINES_MAX = 200
TESTS = (
    "tests/unit/test_lostproperty.py",
    "tests/structure/test_imports.py",
    "tests/structure/test_map.py",
)


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Followed:
    """Offer the tree after every step was taken."""
    return Followed(tmp_path_factory.mktemp("contributing"))


@pytest.fixture(scope="module")
def world(
    followed: Followed, authorities: Authorities, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """Offer the changed tree at work."""
    with at_work(followed, authorities, tmp_path_factory.mktemp("lostproperty")) as world:
        world.run(HUB, followed)
        world.run(WORKER, followed)
        yield world


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
