"""One outcome, whoever asks, how often and through which gateway: real brokers, real SOAP."""

import json
import sqlite3
import threading
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

from deploy.haproxy.health import healthy
from tests.contract.transports import until
from tests.servers.agency import PlainAgency, Told
from tests.servers.system import System, running

GATEWAYS = ("gateway-1", "gateway-2")
RACERS = 6
ROUNDS = 8
SECONDS_MAX = 30.0


@contextmanager
def connected(system: System) -> Iterator[list[PlainAgency]]:
    """Open connections of one agency; HAProxy gives each request to the gateways in turn."""
    signed_in = (system.port, system.ca_file, system.agent_number, system.password)
    made = [PlainAgency(*signed_in) for _ in range(RACERS)]
    yield made
    for agency in made:
        agency.close()


def place(agency: PlainAgency, system: System, reference: str, quantity: int = 1) -> Told:
    """Place a booking."""
    day = system.opening + timedelta(days=10)
    return agency.place(reference, "STANDARD", day, quantity)


def outcome(agency: PlainAgency, system: System, reference: str, quantity: int = 1) -> Told:
    """Repeat a request until it is decided."""
    told: list[Told] = []

    def is_decided() -> bool:
        told.append(place(agency, system, reference, quantity))
        return told[-1].code in {"DONE", "REFERENCE_REUSED"}

    assert until(is_decided, SECONDS_MAX), told[-1].text
    return told[-1]


def race(agencies: Sequence[PlainAgency], send: Callable[[PlainAgency, int], Told]) -> list[Told]:
    """Have all send at the same moment; each is told its number, from 1 on."""
    start = threading.Barrier(len(agencies))

    def together(agency: PlainAgency, number: int) -> Told:
        start.wait()
        return send(agency, number)

    with ThreadPoolExecutor(len(agencies)) as pool:
        return list(pool.map(together, agencies, range(1, len(agencies) + 1)))


def bookings(system: System, name: str) -> dict[str, int]:
    """Return how many bookings there are by the reference, of that name, that placed them."""
    path = system.stack.places.database["file"]
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        counted = "SELECT placed_as, COUNT(*) FROM bookings WHERE placed_as LIKE ? GROUP BY 1"
        return dict(connection.execute(counted, (f"{name}%",)).fetchall())


def done_at(system: System, gateway: str) -> bool:
    """Return whether a gateway has answered bookings."""
    port = system.stack.metrics_ports[gateway]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    counted = [line for line in lines if line.startswith("lupu_gateway_answers_total{")]
    return any('"PlaceBooking"' in line and '"DONE"' in line for line in counted)


def test_gateways_race_with_one_reference(running_system: System) -> None:
    """Each reference is one booking, and whoever sends it is told that one."""
    system = running_system
    with connected(system) as agencies:
        for number in range(ROUNDS):
            reference = f"RACE-{number}"
            race(agencies, lambda agency, _, named=reference: place(agency, system, named))  # type: ignore[misc]
            told = {outcome(agency, system, reference) for agency in agencies}
            assert len(told) == 1, told
            assert told.pop().code == "DONE"
    assert bookings(system, "RACE-") == {f"RACE-{number}": 1 for number in range(ROUNDS)}
    assert all(done_at(system, gateway) for gateway in GATEWAYS)


def test_of_two_requests_under_one_reference_one_is_done(running_system: System) -> None:
    """The other is refused, whichever comes first, and recorded; a command lists it."""
    system = running_system
    with connected(system) as agencies:
        told = race(agencies, lambda agency, number: outcome(agency, system, "TWICE", number))
    codes = sorted(one.code for one in told)
    assert codes == ["DONE", *["REFERENCE_REUSED"] * (RACERS - 1)]
    assert bookings(system, "TWICE") == {"TWICE": 1}
    said = json.loads(system.stack.lupu("inside", "requests", "reused", "--json"))
    request_id = f"agent:{system.agent_number}/PlaceBooking/TWICE"
    found = [one for one in said if one["request_id"] == request_id]
    assert len({one["digest"] for one in found} - {found[0]["digest_of_first"]}) == RACERS - 1
    plain = system.stack.lupu("inside", "requests", "reused")
    assert plain.splitlines()[-1] == f"{len(said)} refused"


def test_a_repeat_meets_its_first_on_the_way_and_after_everything_was_started_anew(
    tmp_path: Path,
) -> None:
    """While nobody works inside both gateways say RECEIVED; after that all say the same."""
    names = (*GATEWAYS, "hub-1", "ticketing-1", "operator-1")
    with running(tmp_path, names=names) as system, connected(system) as agencies:
        _repeat_early_and_after_a_new_start(system, agencies)


def _repeat_early_and_after_a_new_start(system: System, agencies: list[PlainAgency]) -> None:
    stack = system.stack
    stack.processes["ticketing-1"].stop()
    early = race(agencies, lambda agency, _: place(agency, system, "EARLY"))
    assert {told.code for told in early} == {"RECEIVED"}
    stack.processes["ticketing-1"].start()
    first = outcome(agencies[0], system, "EARLY")
    for process in stack.processes.values():
        process.stop()
    for broker in (stack.outside, stack.inside):
        broker.restart()
    stack.wait_for_brokers()
    for process in stack.processes.values():
        process.start()
    for name in GATEWAYS:
        stack.processes[name].wait_ready(lambda n=name: healthy(stack.places.socket(n)))  # type: ignore[misc]
    assert {outcome(agency, system, "EARLY") for agency in agencies} == {first}
    assert outcome(agencies[0], system, "EARLY", quantity=2).code == "REFERENCE_REUSED"
    assert bookings(system, "EARLY") == {"EARLY": 1}
