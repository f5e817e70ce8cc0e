"""An agency's feed arrives whole, whoever dies on the way, and holds nobody up.

``FEED_MB`` says how large it is; 5 by default, 200 for the whole measure.
"""

import http.client
import itertools
import re
import sqlite3
import ssl
import statistics
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from bench.used import descendants
from hub.settings import environment
from tests.contract.transports import until
from tests.servers.agency import PlainAgency
from tests.servers.feeds import booking, pieces
from tests.servers.promises import Shows
from tests.servers.system import System, running

FEED_MB = float(environment().get("FEED_MB", "5"))
# As exporters write it: most of it is white space.
NAME, LINES, INDENT = "F-2010", 4, 40
GATEWAYS = ("gateway-1", "gateway-2")
GROWTH_MIB_MAX = 30.0
LATE_SECONDS_MAX = 10.0
DONE_SECONDS_MAX = 60.0 + 120.0 * FEED_MB
MIB = 1_024 * 1_024


@dataclass
class Sending:
    """An agency that sends one feed, again and again until it is accepted."""

    system: System
    count: int
    tries: int = 0
    sent: int = 0
    answers: list[str] = field(default_factory=list)

    def pieces(self) -> Iterator[bytes]:
        """Yield the feed; it is in no memory whole."""
        day = (self.system.opening + timedelta(days=20)).isoformat()
        each = (
            (f"FD-{number}", booking(f"FD-{number}", day, lines=LINES, indent=INDENT))
            for number in range(self.count)
        )
        text = pieces(NAME, each)
        self.sent = 0
        for piece in text:
            yield piece.encode()
            self.sent += 1

    def send(self) -> None:
        """Send it until every booking is accepted."""
        while not self.answers or not self.answers[-1].startswith("202"):
            self.tries += 1
            try:
                self.answers.append(self._ask("POST", "/feeds", self.pieces()))
            except (OSError, http.client.HTTPException) as error:
                self.answers.append(type(error).__name__)
                time.sleep(0.5)

    def state(self) -> dict[str, str]:
        """Ask how far it is; nothing while nobody can say."""
        try:
            text = self._ask("GET", f"/feeds/{NAME}")
        except (OSError, http.client.HTTPException):
            return {}
        return dict(re.findall(r"<(Status|Count|Known|Done|RefusedCount|Missing)>([^<]*)<", text))

    def known(self) -> int:
        """Return how many bookings have come in."""
        return int(self.state().get("Known", 0))

    def _ask(self, method: str, path: str, body: Iterator[bytes] | None = None) -> str:
        system = self.system
        context = ssl.create_default_context(cafile=str(system.ca_file))
        connection = http.client.HTTPSConnection(
            "localhost", system.port, timeout=120, context=context
        )
        word = b64encode(f"{system.agent_number}:{system.password}".encode()).decode()
        try:
            connection.request(
                method, path, body, {"Authorization": f"Basic {word}"}, encode_chunked=True
            )
            answer = connection.getresponse()
            return f"{answer.status} {answer.read().decode()}"
        finally:
            connection.close()


@dataclass
class Watching:
    """What goes on beside the feed: bookings by SOAP, and how much memory gateways have."""

    system: System
    seconds: list[float] = field(default_factory=list)
    most_mib: float = 0.0
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Book and look until the end."""
        day = self.system.opening + timedelta(days=10)
        agency = PlainAgency(
            self.system.port, self.system.ca_file, self.system.agent_number, self.system.password
        )
        for number in itertools.count():
            if self.ended.is_set():
                break
            begun = time.monotonic()
            while agency.place(f"S-{number}", "STANDARD", day).code != "DONE":
                time.sleep(0.05)
            self.seconds.append(time.monotonic() - begun)
            self.most_mib = max(self.most_mib, gateways_mib(self.system))
            self.ended.wait(0.2)
        agency.close()


def gateways_mib(system: System) -> float:
    """Return how much memory the largest of the gateways' processes has."""
    processes = system.stack.processes
    pids = [pid for name in GATEWAYS for pid in descendants(processes[name].pid)]
    return max((_resident_mib(pid) for pid in pids), default=0.0)


def _resident_mib(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    except OSError:
        return 0.0
    sizes = [int(one.split()[1]) * 1_024 / MIB for one in lines if one.startswith("VmRSS:")]
    return sizes[0] if sizes else 0.0


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Offer a whole system."""
    with running(tmp_path_factory.mktemp("feeds")) as started:
        yield started


@pytest.mark.promise(1)
def test_a_feed_is_done_once_whoever_dies_on_the_way(system: System, shows: Shows) -> None:
    """Sent again it goes on; the totals agree, memory stays flat, others are answered."""
    one = len(booking("FD-100000", "2010-05-20", lines=LINES, indent=INDENT).encode())
    sending = Sending(system, int(FEED_MB * 1_000_000 / one))
    watching = Watching(system)
    beside = threading.Thread(target=watching.run)
    beside.start()
    assert until(lambda: len(watching.seconds) > 3, seconds=60)
    before_mib = gateways_mib(system)
    feeding, begun = threading.Thread(target=sending.send), time.monotonic()
    feeding.start()
    _kill_each(system, sending)
    feeding.join(DONE_SECONDS_MAX)
    assert until(lambda: sending.state().get("Status") == "COMPLETE", seconds=DONE_SECONDS_MAX), (
        sending.state(),
        sending.answers[-3:],
    )
    took = time.monotonic() - begun
    watching.ended.set()
    beside.join()
    said, held = sending.state(), _held(system)
    shows(
        feed_MB=f"{FEED_MB:g}",
        bookings=sending.count,
        sent_times=sending.tries,
        said=" ".join(f"{name} {value}" for name, value in said.items()),
        held_in_the_database=len(held),
        held_twice=len(held) - len(set(held)),
        seconds=f"{took:.0f}",
        gateways_grew_MiB=f"{max(0.0, watching.most_mib - before_mib):.0f}",
        by_soap_meanwhile=len(watching.seconds),
        answered_in_s=f"{statistics.median(watching.seconds):.2f}",
        longest_s=f"{max(watching.seconds):.1f}",
    )
    assert (said["Count"], said["Done"], said["Missing"]) == (str(sending.count),) * 2 + ("0",)
    assert sending.tries > 1
    assert sorted(held) == sorted(f"FD-{number}" for number in range(sending.count))
    assert watching.most_mib - before_mib < GROWTH_MIB_MAX
    assert statistics.median(watching.seconds) < LATE_SECONDS_MAX


def _kill_each(system: System, sending: Sending) -> None:
    """Kill hub, worker and each gateway while the feed is on its way, and start them again."""
    assert until(lambda: sending.sent > sending.count // 4, seconds=DONE_SECONDS_MAX)
    for name in GATEWAYS:
        _kill(system, name)
    for number, name in enumerate(("hub-1", "ticketing-1"), start=1):
        least = sending.count * number // 4
        assert until(partial(_has_come, sending, least), seconds=DONE_SECONDS_MAX)
        _kill(system, name)


def _has_come(sending: Sending, least: int) -> bool:
    return sending.known() >= least


def _kill(system: System, name: str) -> None:
    process = system.stack.processes[name]
    process.kill()
    time.sleep(0.5)
    process.start()


def _held(system: System) -> list[str]:
    file = system.stack.places.folder / "database" / "lupu.sqlite"
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as rows:
        found = rows.execute("SELECT placed_as FROM bookings WHERE placed_as LIKE 'FD-%'")
        return [str(row[0]) for row in found]
