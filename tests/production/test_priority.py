"""What is urgent is answered while thousands of other requests wait.

``BACKLOG`` says how many wait; 2000 by default.
"""

import statistics
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from hub.messages import Lane, inside_queue
from hub.settings import environment
from tests.contract.transports import until
from tests.servers.agency import NO_ANSWER, PlainAgency, Told
from tests.servers.promises import Shows
from tests.servers.system import System, running

BACKLOG = int(environment().get("BACKLOG", "2000"))
QUEUE = inside_queue("ticketing", Lane.REQUESTS)
WORKER = "ticketing-1"
AGENCIES, PROBES, PROBES_MIN = 8, 12, 4
# What is urgent waits for the batch under way, and shares the machine with those that follow.
TIMES_MAX, SECONDS_MAX = 10, 1.0
# Behind the backlog the first would wait for nearly as long as that takes.
SHARE_MAX = 0.25
POLL_SECONDS = 0.01


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Offer a system whose gateways let few wait, so that a backlog is sent quickly."""
    folder = tmp_path_factory.mktemp("priority")
    with running(folder, reply_wait_seconds=0.5, waiting_max=1) as started:
        yield started


@pytest.mark.promise(1)
def test_what_is_urgent_is_answered_while_thousands_wait(system: System, shows: Shows) -> None:
    """A confirmation passes new sales, which are all done later."""
    agency = _agency(system)
    placed = [_done(agency, f"U-{number}", system) for number in range(2 * PROBES)]
    quiet = [_confirm_seconds(agency, one) for one in placed[:PROBES]]
    worker = system.stack.processes[WORKER]
    worker.kill()
    _send_backlog(system)
    worker.start()
    begun = time.monotonic()
    assert until(lambda: _waiting(system) < BACKLOG, seconds=60)
    busy, left = _behind_backlog(agency, placed[PROBES:], system)
    assert until(lambda: _waiting(system) == 0, seconds=240)
    drained = time.monotonic() - begun
    _done(agency, "B-0-0", system)
    agency.close()
    in_quiet, in_backlog = statistics.median(quiet), statistics.median(busy)
    shows(
        waited=BACKLOG,
        probes=len(busy),
        left_after_the_probes=left,
        answered_in_quiet_ms=f"{in_quiet * 1_000:.0f}",
        answered_in_backlog_ms=f"{in_backlog * 1_000:.0f}",
        longest_in_backlog_ms=f"{max(busy) * 1_000:.0f}",
        backlog_done_after_seconds=f"{drained:.0f}",
    )
    assert len(busy) >= PROBES_MIN, "Nothing waited any more: give a larger BACKLOG."
    assert in_backlog <= max(TIMES_MAX * in_quiet, SECONDS_MAX)
    assert max(busy) <= SHARE_MAX * drained


def _agency(system: System) -> PlainAgency:
    return PlainAgency(system.port, system.ca_file, system.agent_number, system.password)


def _done(agency: PlainAgency, reference: str, system: System) -> Told:
    day = system.opening + timedelta(days=10)
    found: list[Told] = []

    def is_done() -> bool:
        found.append(agency.place(reference, "STANDARD", day))
        return found[-1].code == "DONE"

    assert until(is_done, seconds=30), found[-1]
    return found[-1]


def _confirm_seconds(agency: PlainAgency, placed: Told) -> float:
    """Confirm a booking; return how long it took until the agency was told so."""
    begun, reference = time.monotonic(), f"C-{placed.booking}"
    while True:
        told = agency.versioned("ConfirmBooking", reference, placed.booking, placed.version)
        if told.code == "DONE":
            return time.monotonic() - begun
        assert told.code in ("RECEIVED", NO_ANSWER), told  # idle for long, it is disconnected
        time.sleep(POLL_SECONDS)


def _behind_backlog(
    agency: PlainAgency, placed: list[Told], system: System
) -> tuple[list[float], int]:
    """Confirm as long as the backlog lasts; return how long each took, and what still waits."""
    seconds: list[float] = []
    left = BACKLOG
    for one in placed:
        took = _confirm_seconds(agency, one)
        waits = _waiting(system)
        if not waits:
            break
        seconds.append(took)
        left = waits
    return seconds, left


def _send_backlog(system: System) -> None:
    threads = [threading.Thread(target=_send, args=(system, number)) for number in range(AGENCIES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert until(lambda: _waiting(system) == BACKLOG, seconds=60), _waiting(system)


def _send(system: System, number: int) -> None:
    agency, day = _agency(system), system.opening + timedelta(days=10)
    for count in range(BACKLOG // AGENCIES):
        told = agency.place(f"B-{number}-{count}", "STANDARD", day)
        assert told.code == "RECEIVED", told
    agency.close()


def _waiting(system: System) -> int:
    return system.stack.inside.queue_messages().get(QUEUE, 0)
