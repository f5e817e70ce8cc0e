"""A release is installed, upgraded and taken back under load, as OPERATING.md says."""

import itertools
import math
import threading
import time
from collections import defaultdict
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from certs.authority import Authority
from tests.contract.transports import until
from tests.production.installation import INSIDE, LUPU, NEW, OLD, Installation, installed
from tests.servers.agency import NO_ANSWER, PlainAgency
from tests.servers.promises import Shows

AGENCIES = 4
PACE_SECONDS = 0.05
SETTLE_SECONDS_MAX = 60.0
# What an agency may be told while its request is on its way; all else but DONE is a refusal.
ON_ITS_WAY = {"RECEIVED", "NOT_KNOWN_YET"}


class Load:
    """Agencies that book without a pause and go on with each request until it has its answer."""

    def __init__(self, made: Installation) -> None:
        self._made = made
        self._ending = threading.Event()
        self._given_up_at = math.inf
        self.told: dict[str, list[str]] = defaultdict(list)
        self.bookings: dict[str, str] = {}
        self._threads = [threading.Thread(target=self._book, args=(n,)) for n in range(AGENCIES)]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def goes_on(self) -> bool:
        """Return whether bookings are made from now on."""
        before = len(self.bookings)
        return until(lambda: len(self.bookings) > before + AGENCIES, 60)

    def finish(self) -> None:
        """Bring what is under way to its end, or give it up."""
        self._given_up_at = time.monotonic() + SETTLE_SECONDS_MAX
        self._ending.set()
        for thread in self._threads:
            thread.join()

    def count(self, *codes: str) -> int:
        """Return how often one of these was told."""
        return sum(code in codes for told in list(self.told.values()) for code in told)

    def refused(self) -> list[str]:
        """Return what was told that is neither an outcome nor a receipt."""
        fine = {"DONE", NO_ANSWER, *ON_ITS_WAY}
        return [code for told in self.told.values() for code in told if code not in fine]

    def _book(self, number: int) -> None:
        places = self._made.stack.places
        ca_file = Authority(places.certificates, "edge").certificate
        agency = PlainAgency(places.agents_port, ca_file, "1001", self._made.password)
        day = self._made.opening + timedelta(days=10 + number)
        with closing(agency):
            for count in itertools.count():
                self._until_done(agency, f"I-{number}-{count}", day)
                if self._ending.is_set():
                    return

    def _until_done(self, agency: PlainAgency, reference: str, day: date) -> None:
        while self.told[reference][-1:] != ["DONE"] and time.monotonic() < self._given_up_at:
            answer = agency.place(reference, "STANDARD", day)
            self.told[reference].append(answer.code)
            self.bookings |= {reference: answer.booking} if answer.code == "DONE" else {}
            time.sleep(PACE_SECONDS)


def in_database(made: Installation) -> dict[str, list[str]]:
    """Return every booking that the database holds, by its agency's reference."""
    engine, held = sa.create_engine(made.database_url), defaultdict[str, list[str]](list)
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT placed_as, reference FROM bookings"))
        for placed_as, reference in rows:
            held[placed_as].append(reference)
    engine.dispose()
    return held


@pytest.mark.promise(1)
def test_a_release_is_upgraded_and_taken_back_under_load(tmp_path: Path, shows: Shows) -> None:
    """Nothing is refused, lost or doubled, whichever version of each process runs beside which."""
    with installed(tmp_path) as made:
        machine = made.machine
        load = Load(made)
        load.start()
        try:
            assert load.goes_on()
            assert set(machine.runs().values()) == {OLD}
            made.install(NEW)
            for line in made.typed("Upgrade", NEW):
                assert load.goes_on(), line
                if "database upgrade" in line:  # a worker of before may start anew on it
                    machine.type("systemctl restart lupu-ticketing@1")
                    assert load.goes_on()
            assert set(machine.runs().values()) == {NEW}
            for line in made.typed("Go back", OLD):
                assert load.goes_on(), line
            assert set(machine.runs().values()) == {OLD}
            present = machine.type(f"{LUPU} database version {INSIDE}")
        finally:
            load.finish()
        held = in_database(made)
    lost = [one for one in load.told if load.bookings.get(one) not in held[one]]
    doubled = [one for one, found in held.items() if len(found) > 1]
    shows(
        accepted=len(load.bookings),
        refused=len(load.refused()),
        lost=len(lost),
        doubled=len(doubled),
        broken_connections=load.count(NO_ANSWER),
        receipts=load.count(*ON_ITS_WAY),
    )
    assert "ticketing_9001" in present
    assert (load.refused(), lost, doubled) == ([], [], [])
