"""Keys to seal and sign with roll over under load: nothing is lost, refused or restarted."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.sealing import Keyring
from hub.messages import QUARANTINE_QUEUE
from tests.contract.transports import until
from tests.servers.agency import PlainAgency
from tests.servers.promises import Shows
from tests.servers.system import System, running

OWNERS = ("gateway-1", "hub", "hub-1")
LEAD_MINUTES = 0.2
NAMES = ("gateway-1", "hub-1", "ticketing-1", "operator-1")
AGENCIES = 3
# Between two requests of an agency: enough to meet every change, and no more.
PACE_SECONDS = 0.05


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    """Run the whole system."""
    with running(tmp_path, None, NAMES) as made:
        yield made


class Load:
    """Agencies that book one after the other until they are told to end."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._ending = threading.Event()
        self.told: list[str] = []
        self._threads = [threading.Thread(target=self._book, args=(n,)) for n in range(AGENCIES)]
        for thread in self._threads:
            thread.start()

    def _book(self, number: int) -> None:
        system = self._system
        agency = PlainAgency(system.port, system.ca_file, system.agent_number, system.password)
        day, count = system.opening + timedelta(days=10 + number), 0
        while not self._ending.wait(PACE_SECONDS):
            count += 1
            self.told.append(agency.place(f"K-{number}-{count}", "STANDARD", day).code)
        agency.close()

    def end(self) -> list[str]:
        """Stop asking; return every answer."""
        self._ending.set()
        for thread in self._threads:
            thread.join()
        return self.told


def sealing(system: System, *arguments: str) -> str:
    """Run ``lupu sealing`` on the system's keys."""
    folder = ("--folder", str(system.stack.places.sealing))
    command = [sys.executable, "-m", "lupu", "sealing", *arguments, *folder]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def keyring(system: System) -> Keyring:
    """Return the system's keyring as it is now."""
    return Keyring.read(system.stack.places.sealing / "keyring.json")


def quarantined(system: System) -> int:
    """Return how many messages the outside quarantine has."""
    return system.stack.outside.queue_messages()[QUARANTINE_QUEUE]


@pytest.mark.promise(1)
def test_every_key_rolls_over_under_load_and_the_old_ones_may_go(
    system: System, shows: Shows
) -> None:
    """New keys take over at one moment; with the old ones revoked all goes on; none is refused."""
    old = [key.key_id for key in keyring(system) if key.owner in OWNERS]
    load = Load(system)
    assert until(lambda: len(load.told) > 5)
    for owner in OWNERS:
        sealing(system, "rotate", owner, "--lead-minutes", str(LEAD_MINUTES))
    assert set(old) < {key.key_id for key in keyring(system)}
    # Past the lead and one look of every process: all seal with, and to, the new keys.
    time.sleep(LEAD_MINUTES * 60 + 6)
    before = len(load.told)
    assert until(lambda: len(load.told) > before + 5)
    for key_id in old:
        sealing(system, "revoke", key_id.hex())
    time.sleep(6)
    before = len(load.told)
    assert until(lambda: len(load.told) > before + 5)
    told = load.end()
    assert set(told) == {"DONE"}, told
    assert quarantined(system) == 0
    assert not system.stack.failed()
    shows(keys_rolled_over=len(old), requests_meanwhile=len(told), not_done=0, quarantined=0)
