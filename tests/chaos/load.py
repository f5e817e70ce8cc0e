"""Constant load: agencies that never give up a request, and a record of all they were told."""

import itertools
import queue
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta

from tests.chaos.clients import Agency, Answer, Client, Plain, Values, Zeep
from tests.chaos.records import Record
from tests.servers.system import System, add_agency

# Whoever is told this sends the same again under the same reference.
AGAIN = frozenset(
    {
        *("NO_ANSWER", "NOT_ACCEPTED", "NOT_TAKEN_NOW", "OUTCOME_UNKNOWN", "INTERNAL"),
        *("TOO_MANY_REQUESTS", "CREDENTIALS_STALE", "RECEIVED", "NOT_KNOWN_YET", "PENDING"),
    }
)
NAMES = ("王小明", "李娜", "𠮷田", "O'Brien & Söhne", "张伟 <家>", "欧阳 修")
TYPES = ("STANDARD", "STANDARD", "STANDARD", "STANDARD_SPECIAL", "PEAK", "EVENING")
PLAIN_THREADS, ZEEP_THREADS, PROBES, SETTLERS = 4, 2, 3, 2
ASK_SECONDS, PROBE_SECONDS, PAUSE_SECONDS = 0.5, 0.3, 0.5
ANSWER_SECONDS, PROBE_ANSWER_SECONDS = 12.0, 2.5
SETTLE_SECONDS_MAX = 240.0
_REMEMBERED = 2_000


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as it can be sent again; ``sender`` as the database names it."""

    sender: str
    operation: str
    values: Values


class Load:
    """Threads of agencies at a modest rate; each goes on with a request until it is decided.

    Probes send something fresh all the while, so that a stall ends in the record when it ends in
    truth; what a probe is left with is brought to its end by others.
    """

    def __init__(self, system: System, record: Record, seed: int) -> None:
        self._record, self._seed = record, seed
        self.days: Sequence[date] = [system.opening + timedelta(days=n) for n in range(5, 90)]
        self._stop = threading.Event()
        self._turn, self._is_paused, self._under_way = threading.Condition(), False, 0
        self._all_asked = threading.Event()
        self._open: queue.SimpleQueue[Asked] = queue.SimpleQueue()
        self._done: list[Asked] = []
        self._deadline = float("inf")
        self.undecided: list[Asked] = []
        limits = ("--group", "--per-second", "10000")
        agencies = [
            Agency(number, add_agency(system.stack, number, *limits))
            for number in ("2001", "2002", "2003", "2004")
        ]
        self._wait_until_known(system, agencies)
        self._threads = [
            self._thread(
                self._agency,
                f"p{one}",
                agencies[one % 2],
                Plain(system, agencies[one % 2], ANSWER_SECONDS),
            )
            for one in range(PLAIN_THREADS)
        ]
        self._threads += [
            self._thread(
                self._agency, f"z{one}", agencies[2], Zeep(system, agencies[2], ANSWER_SECONDS)
            )
            for one in range(ZEEP_THREADS)
        ]
        probe = agencies[3]
        self._threads += [
            self._thread(self._probe, f"f{one}", probe, Plain(system, probe, PROBE_ANSWER_SECONDS))
            for one in range(PROBES)
        ]
        self._settlers = [
            self._thread(self._settle, f"s{one}", probe, Plain(system, probe, ANSWER_SECONDS))
            for one in range(SETTLERS)
        ]

    def start(self) -> None:
        """Begin."""
        for thread in (*self._threads, *self._settlers):
            thread.start()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let nothing new be begun until the block ends; what was is at its end before."""
        with self._turn:
            self._is_paused = True
            self._turn.wait_for(lambda: not self._under_way and self._open.empty())
        try:
            yield
        finally:
            with self._turn:
                self._is_paused = False
                self._turn.notify_all()

    @contextmanager
    def _one(self, *, waits: bool = True) -> Iterator[None]:
        """Count what is begun until it ends; ``waits``: for a pause to be over."""
        with self._turn:
            if waits:
                self._turn.wait_for(lambda: not self._is_paused)
            self._under_way += 1
        try:
            yield
        finally:
            with self._turn:
                self._under_way -= 1
                self._turn.notify_all()

    def finish(self) -> None:
        """Begin nothing new, bring what is open to its end, and return."""
        self._deadline = time.monotonic() + SETTLE_SECONDS_MAX
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._all_asked.set()
        for thread in self._settlers:
            thread.join()

    def _wait_until_known(self, system: System, agencies: list[Agency]) -> None:
        """Wait until every gateway knows every agency."""
        for agency in agencies:
            client, right = Plain(system, agency, ANSWER_SECONDS), 0
            while right < 6:
                code, _ = client.ask("GetBooking", {"booking": "0000-0000-0000"})
                right = right + 1 if code == "NO_SUCH_BOOKING" else 0
                time.sleep(0.05)

    def _thread(
        self,
        run: Callable[[str, str, Client, random.Random], None],
        name: str,
        agency: Agency,
        client: Client,
    ) -> threading.Thread:
        dice = random.Random(f"{self._seed} {name}")
        return threading.Thread(
            target=run, args=(name, f"agent:{agency.number}", client, dice), name=name
        )

    def _ask(self, client: Client, asked: Asked, attempt: int) -> Answer:
        began = time.time()
        code, said = client.ask(asked.operation, asked.values)
        self._record.write(
            at=began,
            took=time.time() - began,
            client=client.name,
            sender=asked.sender,
            operation=asked.operation,
            values=asked.values,
            attempt=attempt,
            code=code,
            said=said,
        )
        return code, said

    def _decided(self, client: Client, asked: Asked, first: int = 1) -> Answer:
        """Send until there is an outcome."""
        for attempt in itertools.count(first):
            answer = self._ask(client, asked, attempt)
            if answer[0] not in AGAIN:
                self._remember(asked)
                return answer
            if time.monotonic() > self._deadline:
                self.undecided.append(asked)
                return answer
            time.sleep(PAUSE_SECONDS)
        raise AssertionError

    def _remember(self, asked: Asked) -> None:
        self._done.append(asked)
        del self._done[:-_REMEMBERED]

    def _agency(self, name: str, sender: str, client: Client, dice: random.Random) -> None:
        for count in itertools.count():
            if self._stop.is_set():
                return
            with self._one():
                self._walk(f"{name}-{count}", sender, client, dice)
                self._once_more(sender, client, dice)
            self._stop.wait(ASK_SECONDS)

    def _walk(self, own: str, sender: str, client: Client, dice: random.Random) -> None:
        """Place a booking; perhaps change it, read it, confirm or cancel it."""
        code, said = self._decided(client, self._place(own, sender, dice))
        if code != "DONE" or "booking" not in said or dice.random() < 0.4:
            return
        named = {"booking": said["booking"], "version": said["version"]}
        if dice.random() < 0.5:
            values = {"reference": f"Cha-{own}", **named, "line": self._line(dice)}
            code, said = self._decided(client, Asked(sender, "ChangeBooking", values))
            if code == "DONE":
                named["version"] = said.get("version", 0)
        if dice.random() < 0.5:
            self._ask(client, Asked(sender, "GetBooking", {"booking": named["booking"]}), 1)
        operation = dice.choice(("ConfirmBooking", "CancelBooking"))
        values = {"reference": f"{operation[:3]}-{own}", **named}
        self._decided(client, Asked(sender, operation, values))

    def _once_more(self, sender: str, client: Client, dice: random.Random) -> None:
        """Now and then, send something decided again; or its reference, with other values."""
        mine = [one for one in self._done[-200:] if one.sender == sender]
        if not mine or dice.random() > 0.15:
            return
        old = dice.choice(mine)
        values = dict(old.values)
        if dice.random() < 0.4:
            if "line" in values:
                ticket_type, day, quantity = values["line"]
                values["line"] = [ticket_type, day, quantity % 9 + 1]
            else:
                values["version"] += 1
        self._decided(client, Asked(old.sender, old.operation, values), first=100)

    def _probe(self, name: str, sender: str, client: Client, dice: random.Random) -> None:
        for count in itertools.count():
            if self._stop.is_set():
                return
            with self._one():
                asked = self._place(f"{name}-{count}", sender, dice)
                code, _ = self._ask(client, asked, 1)
                if code in AGAIN:
                    self._open.put(asked)
            self._stop.wait(PROBE_SECONDS)

    def _settle(self, _name: str, _sender: str, client: Client, _dice: random.Random) -> None:
        while not (self._open.empty() and self._all_asked.is_set()):
            with self._one(waits=False):
                self._settle_one(client)
            time.sleep(PAUSE_SECONDS / 2)

    def _settle_one(self, client: Client) -> None:
        try:
            asked = self._open.get_nowait()
        except queue.Empty:
            return
        code, _ = self._ask(client, asked, 2)
        if code not in AGAIN:
            return
        if time.monotonic() > self._deadline:
            self.undecided.append(asked)
        else:
            self._open.put(asked)

    def _place(self, own: str, sender: str, dice: random.Random) -> Asked:
        values = {
            "reference": f"P-{own}",
            "name": f"{dice.choice(NAMES)} {own}",
            "line": self._line(dice),
        }
        return Asked(sender, "PlaceBooking", values)

    def _line(self, dice: random.Random) -> list[str | int]:
        return [dice.choice(TYPES), str(dice.choice(self.days)), dice.randint(1, 9)]
