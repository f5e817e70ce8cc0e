"""Two versions of a message side by side, whoever is of the newer kind first."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from adapters.quarantine import REASON
from adapters.xml import Schemas, parse
from hub.envelope import Wire
from hub.messages import QUARANTINE_QUEUE
from tests.acceptance.followed import Followed
from tests.acceptance.lost_property import HUB, WORKER, World, at_work
from tests.contract.transports import AmqpTransport, until
from tests.servers.brokers import OBSERVER, Authorities

FIND, FIND_2 = (f"{{urn:lupu:lostproperty:{version}}}RegisterFind" for version in (1, 2))
KEY, KEY_2 = "RegisterFind.1", "RegisterFind.2"
UMBRELLA = {"What": "雨伞", "FoundOn": date(2010, 5, 1)}
UMBRELLA_2 = {"What": "雨伞", "Where": "Gate 5", "FoundOn": date(2010, 5, 1)}
# What a newer version changes, as CONTRIBUTING.md says: rows beside the old ones, a handler for
# each, each answered in its own version.
ROWS = """    _row("urn:lupu:lostproperty:2", "RegisterFind", _IN, Lane.REQUESTS, "lostproperty"),
    _row("urn:lupu:lostproperty:2", "RegisterFindResponse", _OUT, Lane.REPLIES, "lostproperty"),
"""
BELOW = '"RegisterFindResponse", _OUT, Lane.REPLIES, "lostproperty"),\n'
CHANGES = {
    "hub/messages.py": [(BELOW, BELOW + ROWS)],
    "internal_apps/lostproperty/handlers.py": [
        ("schemas: Schemas, message", "schemas: Schemas, version: int, message"),
        ('"RegisterFindResponse.1"', 'f"RegisterFindResponse.{version}"'),
    ],
    "internal_apps/lostproperty/__main__.py": [
        (
            '{"RegisterFind.1": partial(register, around.schemas)}',
            '{f"RegisterFind.{n}": partial(register, around.schemas, n) for n in (1, 2)}',
        )
    ],
}


@dataclass(frozen=True, slots=True)
class Trees:
    """The source that knows one version of a find, and the source that knows both."""

    before: Followed
    now: Followed


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Trees:
    """Offer both."""
    before, now = (Followed(tmp_path_factory.mktemp(name)) for name in ("before", "now"))
    contract = (now.folder / "schemas/xsd/lostproperty-1.xsd").read_text("utf-8")
    what = '<xs:element name="What" type="l:Text"/>'
    newer = contract.replace("urn:lupu:lostproperty:1", "urn:lupu:lostproperty:2").replace(
        what, f'{what}<xs:element name="Where" type="l:Text"/>'
    )
    (now.folder / "schemas/xsd/lostproperty-2.xsd").write_text(newer, "utf-8")
    for name, changes in CHANGES.items():
        _change(now.folder / name, changes)
    return Trees(before, now)


def _change(path: Path, changes: list[tuple[str, str]]) -> None:
    text = path.read_text("utf-8")
    for old, new in changes:
        assert text.count(old) == 1, (path.name, old)
        text = text.replace(old, new)
    path.write_text(text, "utf-8")


@pytest.fixture(scope="module")
def world(
    trees: Trees, authorities: Authorities, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """Offer the brokers of before, with nobody at work yet."""
    with at_work(trees.before, authorities, tmp_path_factory.mktemp("versions")) as world:
        world.schemas = Schemas(trees.now.folder / "schemas/xsd")
        yield world


def ask(world: World, reference: str, *, newer: bool) -> None:
    """Send a find as a gateway of before does, or as one of now."""
    element, values = (FIND_2, UMBRELLA_2) if newer else (FIND, UMBRELLA)
    world.ask(reference, world.schemas.write(element, values), KEY_2 if newer else KEY)


def answered(world: World, reference: str, count: int = 1) -> Wire:
    """Return the last of ``count`` answers; it keeps its own contract."""
    reply = world.answers(reference, count)[-1]
    world.schemas.values(parse(reply.body))
    return reply


@pytest.mark.parametrize(("hub", "worker"), [("before", "now"), ("now", "now"), ("now", "before")])
def test_a_gateway_of_before_is_answered_by_any_mixture(
    trees: Trees, world: World, hub: str, worker: str
) -> None:
    """In the version in which it asked, once, whichever of hub and worker is newer."""
    world.run(HUB, getattr(trees, hub))
    world.run(WORKER, getattr(trees, worker))
    ask(world, f"B-{hub}-{worker}", newer=False)
    assert answered(world, f"B-{hub}-{worker}").type == "RegisterFindResponse.1"


def test_both_versions_are_answered_side_by_side_each_in_its_own(
    trees: Trees, world: World
) -> None:
    """A gateway of before and one of now at once; the same reference in the other is refused."""
    world.run(HUB, trees.now)
    world.run(WORKER, trees.now)
    ask(world, "S-1", newer=False)
    ask(world, "S-2", newer=True)
    assert answered(world, "S-1").type == "RegisterFindResponse.1"
    assert answered(world, "S-2").type == "RegisterFindResponse.2"
    rows = len(world.finds())
    ask(world, "S-1", newer=True)
    assert b"REFERENCE_REUSED" in answered(world, "S-1", 2).body
    assert len(world.finds()) == rows


@pytest.mark.parametrize(("hub", "worker"), [("before", "now"), ("now", "before")])
def test_what_came_too_early_is_kept_with_its_reason_and_holds_up_nobody(
    trees: Trees, world: World, hub: str, worker: str
) -> None:
    """A gateway of now before the hubs or the workers: kept where it was not known, to replay."""
    broker = world.brokers.outside if hub == "before" else world.brokers.inside
    with closing(AmqpTransport(broker)) as observer:
        kept = observer.consume(OBSERVER, QUARANTINE_QUEUE)
        world.run(HUB, getattr(trees, hub))
        world.run(WORKER, getattr(trees, worker))
        early, known = f"E-{hub}", f"K-{hub}"
        ask(world, early, newer=True)
        ask(world, known, newer=False)
        assert answered(world, known).type == "RegisterFindResponse.1"
        assert until(lambda: len(kept.deliveries) == 1)
    wire = kept.deliveries[0].wire
    assert wire.message_id.endswith(early)
    assert "not in the map" in wire.headers[REASON]
