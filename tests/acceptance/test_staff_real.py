"""The staff's web as it runs: behind HAProxy, on real brokers, beside an agency."""

import os
import signal
import time
from datetime import timedelta
from pathlib import Path

from deploy.haproxy.health import healthy
from tests.acceptance.staff_browser import Person, chromium
from tests.servers.agency import PlainAgency
from tests.servers.system import System, running
from tests.slice.staff_world import PASSWORD

NAMES = ("gateway-1", "hub-1", "ticketing-1", "staff-1", "operator-1")
END_SECONDS_MAX = 5.0


def test_staff_and_agency_share_one_system(tmp_path: Path) -> None:
    """Staff see an agency's booking and its way, act on it, and lose nothing on the way."""
    with running(tmp_path, names=NAMES) as system:
        secret = tmp_path / "password"
        secret.write_text(PASSWORD, "utf-8")
        given = ("--full-name", "王丽", "--role", "clerk", "--password-file", str(secret))
        system.stack.lupu("inside", "staff", "add", "wang", *given)
        with chromium(tmp_path / "chromium") as driver:
            person = Person(driver, system.stack.places.staff_url)
            person.sign_in("wang")
            person.wait("There are no bookings yet.")
            _sees_and_confirms(system, person)
            _books_with_the_broker_away(system, person)
        _dies_whole(system)


def _sees_and_confirms(system: System, person: Person) -> None:
    agency = PlainAgency(system.port, system.ca_file, system.agent_number, system.password)
    day = system.opening + timedelta(days=10)
    placed = agency.place("A-1", "STANDARD", day, name="欧阳娜娜")
    assert placed.code == "DONE", placed.text
    person.type("q", "娜娜")
    person.press("Search")
    person.wait(placed.booking)
    person.press(placed.booking)
    person.wait("The way of its messages")
    for word in ("Gateway 1", "Hub 1", "Ticketing", "committed", "Test Travel (1001)"):
        person.wait(word)
    person.press("Confirm")
    person.wait("The booking is confirmed.")
    told = agency.versioned("CancelBooking", "A-2", placed.booking, 1)
    agency.close()
    assert told.code == "VERSION_CONFLICT"


def _books_with_the_broker_away(system: System, person: Person) -> None:
    person.go("/bookings/new")
    person.fill_booking(name="李小龙")
    person.type("day", (system.opening + timedelta(days=11)).isoformat())
    system.stack.inside.kill()
    person.press("Book")
    person.wait("n")
    said = person.text()
    assert "This time nothing was sent" in said or "It is not certain" in said
    system.stack.inside.restart()
    deadline = time.monotonic() + 30
    while "The booking is made" not in person.text():
        assert time.monotonic() < deadline, person.text()
        if person.driver.find_elements("css selector", "form.booking"):
            person.press("Book")
        time.sleep(0.5)
    person.go("/bookings?q=李小龙")
    person.wait("Bookings")
    assert person.text().count("李小龙") == 1


def _dies_whole(system: System) -> None:
    process = system.stack.processes["staff-1"]
    main = _pid_of_main(process.pid)
    (worker, *_) = _children(main)
    os.kill(main, signal.SIGKILL)
    deadline = time.monotonic() + END_SECONDS_MAX
    while Path(f"/proc/{worker}").exists() and _state(worker) != "Z":
        assert time.monotonic() < deadline, "the worker outlives its parent"
        time.sleep(0.05)
    assert not healthy(system.stack.places.socket("staff-1"))


def _pid_of_main(pid: int) -> int:
    # The program that was started may first be the one that ties it to us.
    name = Path(f"/proc/{pid}/comm").read_text("utf-8")
    return _children(pid)[0] if name.startswith("setpriv") else pid


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8")
    pids = [int(part) for part in text.split()]
    return [one for one in pids if "resource_tracker" not in _command(one)]


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
