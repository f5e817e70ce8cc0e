"""A broker loses its disk with what waits in it: the books name it, and repeats level it."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import timedelta
from typing import Any

import pytest

from deploy.local.any_broker import AnyBroker
from tests.acceptance.evidence_check import PAUSE_SECONDS, count_as_lost_after, verified
from tests.contract.transports import until
from tests.servers.agency import PlainAgency
from tests.servers.crossed import CROSSED
from tests.servers.promises import Shows
from tests.servers.system import System, running

NAMES = ("gateway-1", "gateway-2", "hub-1", "ticketing-1", "evidence-1")
WAITING = 12
WAIT_SECONDS = 120.0
RECENT_SECONDS = 5.0


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Run the system with patience cut short: a repeat is sent again, a lost one named, soon."""
    folder = tmp_path_factory.mktemp("wiped")
    with running(
        folder, names=NAMES, reply_wait_seconds=0.5, recent_seconds=RECENT_SECONDS
    ) as made:
        count_as_lost_after(made, 3)
        yield made


def place(system: System, references: list[str]) -> set[str]:
    """Send requests, or repeat them; return what was said."""
    day, said = system.opening + timedelta(days=10), set[str]()
    agency = PlainAgency(system.port, system.ca_file, system.agent_number, system.password)
    with closing(agency):
        for reference in references:
            said.add(agency.place(reference, "STANDARD", day).code)
    return said


def wipe(broker: AnyBroker) -> None:
    """Take its disk from a broker; an empty one loads its definitions when it starts."""
    broker.kill()
    shutil.rmtree(broker.folder / "data")
    broker.restart()


def holds(broker: AnyBroker, queue: str) -> int:
    """Return how many messages wait in a queue."""
    return broker.queue_messages().get(queue, 0)


def lost(system: System) -> dict[str, Any]:
    """Return what is named as lost, by the agency's reference."""
    items = verified(system, "--route", "ticketing")["items"]
    return {one["request"].rpartition("/")[2]: one for one in items if one["verdict"] == "lost"}


def levelled(system: System, references: list[str], shows: Shows, broker: str) -> None:
    """See exactly these named as lost; have the agencies repeat, and each done once."""

    def named() -> bool:
        with suppress(AssertionError):
            return set(references) <= set(lost(system))
        return False

    assert until(named, WAIT_SECONDS, pause_seconds=PAUSE_SECONDS), lost(system).keys()
    assert {one for one in lost(system) if one.startswith(broker)} == set(references)
    assert until(lambda: place(system, references) == {"DONE"}, WAIT_SECONDS, pause_seconds=0.5)
    file = system.stack.places.folder / "database" / "lupu.sqlite"
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as rows:
        held = [one for (one,) in rows.execute("SELECT placed_as FROM bookings")]
    assert sorted(one for one in held if one in references) == sorted(references)

    def came_again() -> bool:
        return all(one["repeated_at"] for one in lost(system).values())

    assert until(came_again, WAIT_SECONDS, pause_seconds=PAUSE_SECONDS), lost(system)
    shows(disk_lost=broker, named_as_lost=len(references), repeated_and_done_once=len(references))


@pytest.mark.promise(4)
@pytest.mark.parametrize(("side", "stopped"), [("outside", "hub-1"), ("inside", "ticketing-1")])
def test_what_waited_on_a_disk_that_is_gone_is_named_and_levelled(
    system: System, shows: Shows, side: str, stopped: str
) -> None:
    """Confirmed, and gone before it crossed or after: each by its id; repeated, done once."""
    broker = {one.name: one for one in (system.stack.outside, system.stack.inside)}[side]
    references = [f"{side}-{number}" for number in range(WAITING)]
    process = system.stack.processes[stopped]
    process.stop()
    assert place(system, references) == {"RECEIVED"}
    assert until(lambda: holds(broker, CROSSED[side]) >= WAITING, WAIT_SECONDS)
    wipe(broker)
    process.start()
    levelled(system, references, shows, side)
