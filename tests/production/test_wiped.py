"""A broker loses its disk with what waits in it: the books name it, and repeats level it."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import timedelta
from typing import Any

import pytest

from deploy.local.broker import Broker
from tests.acceptance.evidence_check import PAUSE_SECONDS, count_as_lost_after, verified
from tests.contract.transports import until
from tests.servers.agency import PlainAgency
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


def wipe(broker: Broker) -> None:
    """Take its disk from a broker; an empty one loads its definitions when it starts."""
    broker.kill()
    shutil.rmtree(broker.folder / "data")
    broker.restart()


def holds(broker: Broker, queue: str) -> int:
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
def test_what_waited_outside_on_a_disk_that_is_gone_is_named_and_levelled(
    system: System, shows: Shows
) -> None:
    """Sent, confirmed, gone: each by its request id; its agency repeats, and it is done once."""
    references = [f"outside-{number}" for number in range(WAITING)]
    hub = system.stack.processes["hub-1"]
    hub.stop()
    assert place(system, references) == {"RECEIVED"}
    assert holds(system.stack.outside, "inward.requests") >= WAITING
    wipe(system.stack.outside)
    hub.start()
    levelled(system, references, shows, "outside")


@pytest.mark.promise(4)
def test_what_waited_inside_on_a_disk_that_is_gone_is_named_and_levelled(
    system: System, shows: Shows
) -> None:
    """What had crossed and nobody had handled yet is lost as well, and named as well."""
    references = [f"inside-{number}" for number in range(WAITING)]
    worker = system.stack.processes["ticketing-1"]
    worker.stop()
    assert place(system, references) == {"RECEIVED"}
    inside = system.stack.inside
    assert until(lambda: holds(inside, "ticketing.requests") == WAITING, WAIT_SECONDS)
    wipe(inside)
    worker.start()
    levelled(system, references, shows, "inside")
