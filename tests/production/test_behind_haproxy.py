"""Several gateways and staff webs behind HAProxy: one killed, one drained, under load."""

import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from deploy.haproxy.health import healthy
from deploy.local.stack import NAMES
from tests.acceptance.evidence_check import proof
from tests.acceptance.kill_check import compare
from tests.acceptance.kill_load import AGENCY, Book, Load, with_clerk
from tests.contract.transports import until
from tests.production.draining import ANSWERS, is_left_out, operator, traffic
from tests.servers.agency import NO_ANSWER
from tests.servers.clerk import PlainClerk
from tests.servers.counters import counted
from tests.servers.promises import Shows
from tests.servers.system import System, running

GATEWAYS, STAFF = ("gateway-1", "gateway-2"), ("staff-1", "staff-2")
KILLS = 4
PAGES = "lupu_staff_page_seconds_count"
FORM = '.*page="bookings.new".*'
ANSWERED = {"DONE", "RECEIVED", "NOT_KNOWN_YET", "PENDING"}
SECONDS_MAX = 60


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Offer the whole system with two gateways and two staff webs."""
    with running(tmp_path_factory.mktemp("system"), names=(*NAMES, "staff-2")) as made:
        yield made


def codes(book: Book) -> set[str]:
    """Return all that was told."""
    return set(book.counts())


def goes_on(load: Load, requests: int = 20) -> bool:
    """Return whether requests are answered from now on."""
    before = len(load.book.told)
    return until(lambda: len(load.book.told) > before + requests, SECONDS_MAX)


def kill(system: System, name: str) -> None:
    """Kill a component with all its processes."""
    system.stack.processes[name].kill()
    assert until(lambda: _refuses(system.stack.places.socket(name)), SECONDS_MAX)


def _refuses(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return True
    return False


def start_again(system: System, name: str) -> None:
    """Start a component that has ended and wait until it can serve."""
    process = system.stack.processes[name]
    process.start()
    process.wait_ready(partial(healthy, system.stack.places.socket(name)))


def is_sent_requests(system: System, gateway: str) -> bool:
    """Return whether HAProxy has sent a gateway requests since it was started."""
    return counted(system, gateway, ANSWERS) > 0


def broken(book: Book) -> Counter[str]:
    """Return how many connections of each client broke."""
    return Counter(
        reference.split("-")[1]
        for (_, reference), answers in book.told.items()
        for one in answers
        if one.code == NO_ANSWER
    )


def right(load: Load, system: System) -> str:
    """Return the figures, once what clients were told is seen to be what the database holds."""
    verdict = compare(load.book, system.stack.places.folder / "database" / "lupu.sqlite")
    assert not load.given_up
    assert verdict.fine(), (verdict.lost, verdict.doubled, verdict.wrong)
    return verdict.line()


@pytest.mark.promise(1)
def test_a_gateway_killed_or_drained_under_load(
    system: System, tmp_path: Path, shows: Shows
) -> None:
    """Killed it breaks what it had, which is repeated and done; drained it breaks nothing."""
    load = Load(system)
    load.start()
    try:
        _kill_in_turn(system, load)
        breaks = broken(load.book)
        _drain_and_restart(system, load, operator(system, tmp_path))
        assert broken(load.book) == breaks
    finally:
        load.finish()
    assert codes(load.book) <= {*ANSWERED, NO_ANSWER}
    assert max(breaks.values(), default=0) <= KILLS
    assert load.book.caught_and_repeated() > 0
    verdict, proved = right(load, system), proof(system)
    assert proved["fine"], proved
    shows(
        gateways_killed=KILLS,
        connections_broken=sum(breaks.values()),
        most_of_one_client=max(breaks.values()),
        repeated_and_done=load.book.caught_and_repeated(),
        broken_by_a_drained_one=0,
        refused=0,
        in_all=verdict,
    )


def _kill_in_turn(system: System, load: Load) -> None:
    for number in range(KILLS):
        assert goes_on(load)
        name = GATEWAYS[number % len(GATEWAYS)]
        assert until(lambda: load.under_way(AGENCY) > 0, SECONDS_MAX)
        kill(system, name)
        assert goes_on(load)
        start_again(system, name)
        assert until(partial(is_sent_requests, system, name), SECONDS_MAX)


def _drain_and_restart(system: System, load: Load, secret: Path) -> None:
    """Drain a gateway, see that nothing comes there, end it, start it, and let it go on."""
    goes, process = GATEWAYS[1], system.stack.processes[GATEWAYS[1]]
    assert goes_on(load)
    traffic(system, secret, "drain", goes)
    assert until(partial(is_left_out, system, goes), SECONDS_MAX)
    last = counted(system, goes, ANSWERS)
    assert goes_on(load)
    assert counted(system, goes, ANSWERS) == last
    assert process.stop()
    assert goes_on(load)
    process.start()
    traffic(system, secret, "resume", goes)
    process.wait_ready(partial(healthy, system.stack.places.socket(goes)))
    assert until(partial(is_sent_requests, system, goes), SECONDS_MAX)


@pytest.mark.promise(6)
def test_a_session_outlives_the_staff_web_that_had_it(
    system: System, tmp_path: Path, shows: Shows
) -> None:
    """Whichever is killed, the next click works on the other: signed in once, the form is good."""
    password = with_clerk(system, tmp_path)
    url, day = system.stack.places.staff_url, system.opening + timedelta(days=10)
    with closing(PlainClerk(url, system.ca_file, "wang", password)) as clerk:
        for _ in range(KILLS):
            form = clerk.form()
            assert form is not None
            had = _had_it(system, clerk)
            kill(system, had)
            told = clerk.place(form, "STANDARD", day)
            assert told.code == "DONE", told
            assert "王小明" in clerk.booking(told.booking)
            start_again(system, had)
            assert until(lambda: _had_it(system, clerk) == had, SECONDS_MAX)  # noqa: B023
        assert clerk.sign_ins == 1
    shows(staff_webs_killed=KILLS, signed_in=clerk.sign_ins, next_click_worked=KILLS)


def _had_it(system: System, clerk: PlainClerk) -> str:
    """Return who of the staff webs answers the clerk's next click."""
    before = {name: counted(system, name, PAGES, FORM) for name in STAFF}
    assert clerk.form() is not None
    (name,) = (name for name in STAFF if counted(system, name, PAGES, FORM) > before[name])
    return name
