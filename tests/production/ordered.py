"""Agencies that send what changes a booking without waiting for what became of it before."""

import itertools
import sqlite3
import threading
import time
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from tests.contract.transports import until
from tests.servers.agency import NO_ANSWER, PlainAgency, Told
from tests.servers.system import System

AGENCIES = 6
SENT = "DONE", "RECEIVED"
LATER = "RECEIVED", "NOT_KNOWN_YET", "PENDING", "NO_ANSWER", "NOT_ACCEPTED", "OUTCOME_UNKNOWN"
REFUSED = "NOT_ACCEPTED", "OUTCOME_UNKNOWN"
TICKETS = 2
PAUSE_SECONDS = 0.1
SETTLE_SECONDS_MAX = 120.0
STEPS = ("PlaceBooking", "ChangeBooking", "ConfirmBooking")


@dataclass
class Orders:
    """Each booking is placed, changed and confirmed as fast as that is accepted.

    ``name``: begins every reference. Gateways must be set to ``reply_wait_seconds=0``: then
    nobody waits for an outcome.
    """

    system: System
    name: str
    said: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    bookings: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    given_up: list[str] = field(default_factory=list)
    slowest_seconds: float = 0.0

    def __post_init__(self) -> None:
        """Make the agencies; nothing is sent yet."""
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._book, args=(n,)) for n in range(AGENCIES)]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        """Begin nothing new and bring what is under way to its end."""
        self._ending.set()
        for thread in self._threads:
            thread.join()

    def goes_on(self, seconds_max: float = 120.0) -> float:
        """Return after how many seconds all agencies could do a whole booking more."""
        began, before = time.monotonic(), len(self.bookings)
        assert until(lambda: len(self.bookings) > before + 2 * AGENCIES, seconds_max), self.said
        return time.monotonic() - began

    def refused(self) -> int:
        """Return how often a request was refused, or not known to be accepted."""
        return sum(self.said[code] for code in REFUSED)

    def questions_refused(self) -> int:
        """Return how often a question what became of a request was refused."""
        return sum(self.asked[code] for code in REFUSED)

    def broken(self) -> int:
        """Return how many connections broke."""
        return self.said[NO_ANSWER] + self.asked[NO_ANSWER]

    def _book(self, number: int) -> None:
        system = self.system
        agency = PlainAgency(system.port, system.ca_file, system.agent_number, system.password)
        with closing(agency):
            for count in itertools.count():
                if self._ending.is_set():
                    return
                self._one(agency, f"{self.name}-{number}-{count}")

    def _one(self, agency: PlainAgency, own: str) -> None:
        for step in STEPS:
            if not self._until(lambda: self._send(agency, step, own), SENT):  # noqa: B023
                self.given_up.append(f"{step} {own}")
                return
        for step in STEPS:
            reference = f"{step[:2]}-{own}"
            told = self._until(lambda: agency.answer_to(step, reference))  # noqa: B023
            self.bookings[own][step] = told.booking if told and told.code == "DONE" else ""

    def _until(self, send: object, wanted: tuple[str, ...] = ()) -> Told | None:
        """Send again until the answer is wanted, or any that is final."""
        began = time.monotonic()
        while time.monotonic() - began < SETTLE_SECONDS_MAX:
            told: Told = send()  # type: ignore[operator]
            with self._lock:
                (self.said if wanted else self.asked)[told.code] += 1
                self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - began)
            if told.code in wanted or told.code not in LATER:
                return told
            time.sleep(PAUSE_SECONDS)
        return None

    def _send(self, agency: PlainAgency, step: str, own: str) -> Told:
        day = self.system.opening + timedelta(days=10)
        reference = f"{step[:2]}-{own}"
        if step == "PlaceBooking":
            return agency.place(reference, "STANDARD", day)
        lines = (
            "<Lines><Line><TicketType>STANDARD</TicketType>"
            f"<Day>{day}</Day><Quantity>{TICKETS}</Quantity></Line></Lines>"
        )
        is_change = step == "ChangeBooking"
        return agency.ask(
            f'<{step} xmlns="urn:lupu:ticketing:1"><RequestReference>{reference}'
            f"</RequestReference><PlacedAs>Pl-{own}</PlacedAs>"
            f"<Version>{1 if is_change else 2}</Version>{lines if is_change else ''}</{step}>"
        )


@dataclass(frozen=True, slots=True)
class Compared:
    """How what agencies were told and what the database holds agree."""

    bookings: int
    lost: list[str]
    doubled: list[str]
    disordered: list[str]

    @property
    def fine(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.doubled or self.disordered)


def compare(orders: Orders, database: Path) -> Compared:
    """Compare; a booking whose steps were not done in their order is not as it was asked."""
    held: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as rows:
        for placed_as, *row in rows.execute(
            "SELECT placed_as, b.reference, state, SUM(quantity) FROM bookings b"
            " JOIN booking_lines l ON l.reference = b.reference GROUP BY placed_as, b.reference"
        ):
            if placed_as.startswith(f"Pl-{orders.name}-"):
                held[placed_as.removeprefix("Pl-")].append(tuple(row))
    lost, disordered = [], []
    for own, told in orders.bookings.items():
        found = held.get(own, [])
        if not found:
            lost.append(own)
        elif set(told.values()) != {found[0][0]} or found[0][1:] != ("CONFIRMED", TICKETS):
            disordered.append(f"{own}: told {told}, held {found}")
    doubled = [own for own, found in held.items() if len(found) > 1]
    return Compared(len(orders.bookings), lost, doubled, disordered)
