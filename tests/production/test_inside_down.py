"""The inside is down for long: what is accepted has a bound, all of it is done later, in order.

``OUTSIDE_MIB`` says how much the outside broker may hold; 1 by default.
"""

import itertools
import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from bench.used import descendants
from deploy.brokers.definitions import VIRTUAL_HOST
from hub.messages import Lane, outside_queue
from hub.settings import environment
from tests.servers.agency import PlainAgency, Told
from tests.servers.promises import Shows
from tests.servers.system import System, running

OUTSIDE_MIB = float(environment().get("OUTSIDE_MIB", "1"))
MIB = 1_024 * 1_024
QUEUE = outside_queue(Lane.REQUESTS)
INSIDE = ("hub-1", "ticketing-1", "evidence-1")
GATEWAYS = ("gateway-1", "gateway-2")
AGENCIES = 6
# So often in a row an agency is refused until it gives up.
REFUSED_ENOUGH = 25
POLLED, POLLS = 25, 5
PAGES_MAX = 4 * len(GATEWAYS)
# What a quorum queue itself holds now; what a broker lists of it is up to five seconds old.
HELD = """begin
    {{ok, Queue}} = rabbit_amqqueue:lookup({name}),
    {{ok, {{_, Facts}}, _}} = ra:local_query(amqqueue:get_pid(Queue), fun rabbit_fifo:overview/1),
    [maps:get(num_messages, Facts),
     maps:get(enqueue_message_bytes, Facts) + maps:get(checkout_message_bytes, Facts)]
end"""
ACCEPTED = frozenset({"DONE", "RECEIVED"})
# Nothing was sent, or the broker did not say so in time: repeated, it is done once or not at all.
REFUSED = frozenset({"NOT_ACCEPTED", "OUTCOME_UNKNOWN"})
# A bound takes what is under way beyond it: every agency's, of a few kB at most.
BEYOND_BYTES_MAX = AGENCIES * 4_096
GROWTH_MIB_MAX = 40.0
CATCH_UP_SECONDS_MAX = 240.0


@dataclass
class Outage:
    """What agencies were told while the inside was down, in the order of each booking."""

    system: System
    accepted: dict[str, list[str]] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    odd: list[Told] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def agency(self) -> PlainAgency:
        """Return an agency at the entrance."""
        system = self.system
        return PlainAgency(system.port, system.ca_file, system.agent_number, system.password)

    def place(self, agency: PlainAgency, reference: str) -> Told:
        """Place a booking."""
        day = self.system.opening + timedelta(days=10)
        return agency.place(reference, "STANDARD", day)

    def confirm(self, agency: PlainAgency, reference: str) -> Told:
        """Confirm it, by the name that the agency gave it: it knows no other yet."""
        return agency.ask(
            f'<ConfirmBooking xmlns="urn:lupu:ticketing:1"><RequestReference>C-{reference}'
            f"</RequestReference><PlacedAs>{reference}</PlacedAs><Version>1</Version>"
            "</ConfirmBooking>"
        )

    def book(self, count: int) -> None:
        """Place so many bookings, which are all accepted."""
        agency = self.agency()
        for number in range(count):
            reference = f"P-polled-{number}"
            assert self._note(reference, "place", self.place(agency, reference))
        agency.close()

    def book_until_refused(self, number: int) -> None:
        """Book and confirm until the gateways take no more."""
        agency, in_a_row = self.agency(), 0
        for count in itertools.count():
            reference = f"P-{number}-{count}"
            for act in (self.place, self.confirm):
                told = act(agency, reference)
                is_accepted = self._note(reference, act.__name__, told)
                in_a_row = 0 if is_accepted else in_a_row + 1
                if not is_accepted:
                    break
            if in_a_row >= REFUSED_ENOUGH:
                break
        agency.close()

    def _note(self, reference: str, step: str, told: Told) -> bool:
        with self.lock:
            if told.code in ACCEPTED:
                self.accepted.setdefault(reference, []).append(step)
                return True
            if told.code in REFUSED:
                self.refused.add(reference)
            else:
                self.odd.append(told)
            return False

    def poll(self) -> set[str]:
        """Send the first of what was accepted again; return what was said."""
        agency, said = self.agency(), set[str]()
        for reference in list(self.accepted)[:POLLED]:
            said.add(self.place(agency, reference).code)
        agency.close()
        return said

    def held(self) -> int:
        """Return how many messages wait outside."""
        return self._held()[0]

    def held_bytes(self) -> int:
        """Return how much waits outside, as the broker counts it against its bound."""
        return self._held()[1]

    def _held(self) -> tuple[int, int]:
        name = f'{{resource, <<"{VIRTUAL_HOST}">>, queue, <<"{QUEUE}">>}}'
        messages, held_bytes = self.system.stack.outside.ask(HELD.format(name=name))
        return int(messages), int(held_bytes)

    def gateways_mib(self) -> float:
        """Return how much memory the gateways have."""
        processes = self.system.stack.processes
        pids = [pid for name in GATEWAYS for pid in descendants(processes[name].pid)]
        return sum(_resident_mib(pid) for pid in pids)


def _resident_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    return next(int(one.split()[1]) * 1_024 / MIB for one in lines if one.startswith("VmRSS:"))


@pytest.fixture(scope="module")
def outage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outage]:
    """Offer a system whose outside broker may hold little, with its inside down."""
    folder = tmp_path_factory.mktemp("inside-down")
    with running(folder, reply_wait_seconds=0.2, query_wait_seconds=0.2) as system:
        found = Outage(system)
        agency = found.agency()
        assert found.place(agency, "P-before").code in ACCEPTED
        agency.close()
        bound = {"max-length-bytes": int(OUTSIDE_MIB * MIB), "overflow": "reject-publish"}
        system.stack.outside.control(
            *("set_policy", "-p", VIRTUAL_HOST, "--priority", "100", "--apply-to", "queues"),
            *("little", f"^{QUEUE}$", json.dumps(bound)),
        )
        for name in INSIDE:
            system.stack.processes[name].kill()
        system.stack.inside.kill()
        yield found


@pytest.mark.promise(1)
def test_the_outside_holds_a_stated_bound_and_all_of_it_is_done_in_order_later(
    outage: Outage, shows: Shows
) -> None:
    """Then gateways refuse clearly, grow no more, and polling adds nothing to what waits."""
    outage.book(POLLED)
    held = outage.held()
    polls = [outage.poll() for _ in range(POLLS)]
    assert set[str]().union(*polls) == {"RECEIVED"}
    # A gateway knows what it sent itself: each other one sends a repeat once, and then asks too.
    # Of its book each sends a page, and again less and less often.
    added = outage.held() - held
    assert added <= POLLED * (len(GATEWAYS) - 1) + PAGES_MAX
    _book_until_refused(outage)
    before_mib = outage.gateways_mib()
    assert outage.held_bytes() <= OUTSIDE_MIB * MIB + BEYOND_BYTES_MAX
    _book_until_refused(outage)
    assert outage.odd == []
    grown_mib = outage.gateways_mib() - before_mib
    assert grown_mib < GROWTH_MIB_MAX
    seconds = _bring_back(outage)
    lost, doubled, disordered = _compare(outage)
    assert (lost, doubled, disordered) == ([], [], [])
    shows(
        outside_held_at_most_MiB=f"{OUTSIDE_MIB:g}",
        accepted_meanwhile=sum(len(steps) for steps in outage.accepted.values()),
        bookings_refused=len(outage.refused),
        polls=POLLS * POLLED,
        messages_added_by_polls=added,
        gateways_grew_MiB=f"{max(grown_mib, 0):.0f}",
        done_after_seconds=f"{seconds:.0f}",
        lost=len(lost),
        doubled=len(doubled),
        out_of_order=len(disordered),
    )


def _book_until_refused(outage: Outage) -> None:
    start = len(outage.accepted) + len(outage.refused)
    threads = [
        threading.Thread(target=outage.book_until_refused, args=(start + number * 100_000,))
        for number in range(AGENCIES)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _bring_back(outage: Outage) -> float:
    """Start the inside again; return how long it took until nothing waited any more."""
    stack, begun = outage.system.stack, time.monotonic()
    stack.inside.restart()
    for name in INSIDE:
        stack.processes[name].start()
    agency, left = outage.agency(), dict(outage.accepted)
    while left:
        assert time.monotonic() - begun < CATCH_UP_SECONDS_MAX, (len(left), outage.held())
        for reference, steps in list(left.items()):
            told = outage.confirm(agency, reference) if "confirm" in steps else None
            told = told or outage.place(agency, reference)
            if told.code != "DONE":
                time.sleep(0.2)
                break
            del left[reference]
    agency.close()
    return time.monotonic() - begun


def _compare(outage: Outage) -> tuple[list[str], list[str], list[str]]:
    """Return which accepted bookings are not there, are there twice, are not as was asked."""
    file = outage.system.stack.places.folder / "database" / "lupu.sqlite"
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as rows:
        held: dict[str, list[str]] = {}
        for placed_as, state in rows.execute("SELECT placed_as, state FROM bookings"):
            held.setdefault(placed_as, []).append(state)
    lost = [one for one in outage.accepted if one not in held]
    doubled = [one for one, states in held.items() if len(states) > 1]
    wanted = {
        reference: "CONFIRMED" if "confirm" in steps else "HELD"
        for reference, steps in outage.accepted.items()
    }
    # What was refused in doubt may have come all the same: then it is done too.
    wrong = [
        reference
        for reference, state in wanted.items()
        if reference not in outage.refused and held.get(reference) != [state]
    ]
    return lost, doubled, wrong
