"""Clients that never give up a request, and a book of everything they were told."""

import itertools
import random
import secrets
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

from tests.servers.agency import NO_ANSWER, PlainAgency, Told
from tests.servers.clerk import PlainClerk
from tests.servers.system import System

# What a client is told to send again under the same reference.
AGAIN = frozenset({NO_ANSWER, "NOT_ACCEPTED", "OUTCOME_UNKNOWN", "INTERNAL", "PENDING"})
ASK_LATER = frozenset({"RECEIVED", "NOT_KNOWN_YET"})
# What a client is left with that a kill caught in the middle of a request.
CAUGHT = frozenset({NO_ANSWER, "OUTCOME_UNKNOWN", "RECEIVED"})
AGENCY, CLERK = "agent:1001", "staff:wang"
CLERKS = 2
QUANTITY, CHANGED_QUANTITY = 1, 2
PAUSE_SECONDS = 0.2
SETTLE_SECONDS_MAX = 90.0


def with_clerk(system: System, folder: Path) -> str:
    """Add the clerk's account; return its password."""
    secret = folder / "password"
    secret.write_text(secrets.token_urlsafe(), "utf-8")
    named = ("--full-name", "王丽", "--role", "clerk", "--password-file", str(secret))
    system.stack.lupu("inside", "staff", "add", "wang", *named)
    return secret.read_text("utf-8")


@dataclass
class Book:
    """What every client was told, by operation and reference; safe for many threads."""

    told: dict[tuple[str, str], list[Told]] = field(default_factory=lambda: defaultdict(list))
    by_clerks: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, operation: str, reference: str, told: Told, sender: str = AGENCY) -> None:
        """Remember an answer."""
        with self.lock:
            self.told[operation, reference].append(told)
            if sender == CLERK:
                self.by_clerks.add(reference)

    def sender(self, reference: str) -> str:
        """Return who asks under this reference."""
        return CLERK if reference in self.by_clerks else AGENCY

    def final(self, operation: str) -> dict[str, list[Told]]:
        """Return the final answers of an operation by reference."""
        return {
            reference: [one for one in answers if one.code not in AGAIN | ASK_LATER]
            for (name, reference), answers in self.told.items()
            if name == operation
        }

    def caught(self) -> int:
        """Return how many calls a kill left without an outcome."""
        return sum(one.code in CAUGHT for answers in self.told.values() for one in answers)

    def caught_and_repeated(self) -> int:
        """Return how many requests were left without an outcome, sent again, and got one."""
        return sum(
            any(one.code in CAUGHT for one in answers[:-1]) and answers[-1].code == "DONE"
            for answers in self.told.values()
        )

    def done_share(self) -> float:
        """Return the share of requests whose last answer is DONE."""
        done = sum(answers[-1].code == "DONE" for answers in self.told.values())
        return done / max(len(self.told), 1)

    def counts(self) -> dict[str, int]:
        """Return how often each answer was given."""
        counts: dict[str, int] = defaultdict(int)
        for answers in self.told.values():
            for one in answers:
                counts[one.code] += 1
        return dict(sorted(counts.items(), key=lambda pair: -pair[1]))


class Load:
    """Agencies that place bookings and change, confirm or cancel some, and clerks that book.

    Each goes on with a request until it has a final answer. No clerks without a password.
    """

    def __init__(self, system: System, clerk_password: str = "", threads: int = 8) -> None:
        self.book = Book()
        self._system = system
        self._clerk_password = clerk_password
        self._stop = threading.Event()
        self._day = system.opening + timedelta(days=10)
        self._threads = [
            *(threading.Thread(target=self._agency, args=(one,)) for one in range(threads)),
            *(
                threading.Thread(target=self._clerk)
                for _ in range(CLERKS if clerk_password else 0)
            ),
        ]
        self.given_up: list[str] = []
        self._lock = threading.Lock()
        self._under_way = {AGENCY: 0, CLERK: 0}

    def under_way(self, sender: str) -> int:
        """Return how many clients of a kind wait for an answer at this moment."""
        return self._under_way[sender]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        """Begin nothing new, bring what is under way to its end, and return."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _agency(self, number: int) -> None:
        system = self._system
        agency = PlainAgency(
            system.port, system.ca_file, system.agent_number, system.password, wait_seconds=20
        )
        chance = random.Random(number)  # noqa: S311  a load, not a secret
        for count in itertools.count():
            if self._stop.is_set():
                break
            self._one(agency, f"{number}-{count}", chance)
        agency.close()

    def _one(self, agency: PlainAgency, own: str, chance: random.Random) -> None:
        reference = f"P-{own}"
        placed = self._until_final(
            "PlaceBooking", reference, lambda: agency.place(reference, "STANDARD", self._day)
        )
        if placed.code != "DONE" or chance.random() < 0.5:
            return
        version = 1
        if chance.random() < 0.5:
            reference = f"Cha-{own}"
            line = ("STANDARD", self._day, CHANGED_QUANTITY)
            change = partial(agency.change, reference, placed.booking, version, line)
            version = self._until_final("ChangeBooking", reference, change).version
        operation = chance.choice(("ConfirmBooking", "CancelBooking"))
        reference = f"{operation[:3]}-{own}"
        act = partial(agency.versioned, operation, reference, placed.booking, version)
        self._until_final(operation, reference, act)

    def _clerk(self) -> None:
        system = self._system
        url = system.stack.places.staff_url
        clerk = PlainClerk(url, system.ca_file, "wang", self._clerk_password)
        while not self._stop.is_set():
            form = clerk.form()
            if form is None:
                time.sleep(PAUSE_SECONDS)
                continue
            send = partial(clerk.place, form, "STANDARD", self._day)
            self._until_final("PlaceBooking", form["token"], send, CLERK)
        clerk.close()

    def _noted(self, send: Callable[[], Told], sender: str) -> Told:
        with self._lock:
            self._under_way[sender] += 1
        try:
            return send()
        finally:
            with self._lock:
                self._under_way[sender] -= 1

    def _until_final(
        self, operation: str, reference: str, send: Callable[[], Told], sender: str = AGENCY
    ) -> Told:
        deadline = 0.0
        while True:
            answer = self._noted(send, sender)
            self.book.write(operation, reference, answer, sender)
            if answer.code not in AGAIN | ASK_LATER:
                return answer
            if self._stop.is_set():
                deadline = deadline or time.monotonic() + SETTLE_SECONDS_MAX
                if time.monotonic() > deadline:
                    self.given_up.append(f"{operation} {reference}: {answer.code}")
                    return answer
            time.sleep(PAUSE_SECONDS)
