"""How often one may try at the door: bounded, but nobody can lock out somebody else."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from internal_apps.staff.door import Door, forgive
from internal_apps.staff.settings import Staff
from tests.servers.databases import Databases
from tests.slice.staff_visitor import Visitor
from tests.slice.staff_world import PASSWORD, StaffWorld, staff_world

SETTINGS = Staff(
    port=1,
    failures_per_account_max=3,
    failures_per_address_max=6,
    failures_anywhere_max=9,
    failures_slow_seconds=20,
)
OWN, OTHER = "10.0.0.1", "10.0.0.2"


@pytest.fixture
def world(tmp_path: Path) -> StaffWorld:
    """Offer a staff web with three tries in a time."""
    return staff_world(tmp_path, SETTINGS)


def fail(world: StaffWorld, account: str, address: str, times: int) -> list[int]:
    """Try a wrong password some times; return how it was answered."""
    return [Visitor(world, address).sign_in(account, "wrong").status_code for _ in range(times)]


def test_an_account_is_shut_for_an_address_that_failed(world: StaffWorld) -> None:
    """After three failures from an address even the right password is told to wait there."""
    assert fail(world, "wang", OWN, 4) == [401, 401, 401, 429]
    shut = Visitor(world, OWN).sign_in("wang")
    assert shut.status_code == 429
    assert int(shut.headers["Retry-After"]) > 800
    world.clock.move(seconds=901)
    assert Visitor(world, OWN).sign_in("wang").status_code == 200


@pytest.mark.parametrize(("language", "said"), [("en", "Too many tries"), ("zh", "次数过多")])
def test_one_try_too_many_at_ones_own_password_says_how_long_to_wait(
    world: StaffWorld, language: str, said: str
) -> None:
    """The right password is not called wrong; it is told when it will be looked at."""
    visitor = Visitor(world)
    visitor.sign_in()
    visitor.get("/account")
    visitor.send("/language", language=language, next="/account")
    new = {"new": "a brand new one", "again": "a brand new one"}
    for _ in range(3):
        assert visitor.send("/account", password="wrong", **new).status_code == 422  # noqa: S106
    page = visitor.send("/account", password=PASSWORD, **new)
    assert (page.status_code, int(page.headers["Retry-After"]) > 0) == (429, True)
    assert said in page.text
    world.clock.move(seconds=int(page.headers["Retry-After"]) + 1)
    assert visitor.send("/account", password=PASSWORD, **new).status_code == 200


def test_nobody_locks_out_somebody_else(world: StaffWorld) -> None:
    """A colleague fails at my account until shut out; I come in from my own place."""
    assert fail(world, "wang", OTHER, 5)[-1] == 429
    assert Visitor(world, OWN).sign_in("wang").status_code == 200


def test_an_address_is_shut_for_every_account(world: StaffWorld) -> None:
    """Six failures at six accounts shut the address, for a seventh account too."""
    for number in range(6):
        assert fail(world, f"guess{number}", OTHER, 1) == [401]
    assert Visitor(world, OTHER).sign_in("chen").status_code == 429
    assert Visitor(world, OWN).sign_in("chen").status_code == 200


def test_tries_from_ever_new_addresses_are_slow(world: StaffWorld) -> None:
    """After nine failures one may try each twenty seconds; where one was before, at once."""
    assert Visitor(world, OWN).sign_in("wang").status_code == 200
    world.clock.move(seconds=60)
    for number in range(9):
        assert fail(world, "wang", f"10.9.9.{number}", 1) == [401]
    slow = Visitor(world, OTHER).sign_in("wang")
    assert (slow.status_code, slow.headers["Retry-After"]) == (429, "20")
    assert Visitor(world, OWN).sign_in("wang").status_code == 200
    world.clock.move(seconds=21)
    assert Visitor(world, OTHER).sign_in("wang").status_code == 200


def test_a_command_lets_an_account_be_tried_again(world: StaffWorld) -> None:
    """What was forgiven counts no longer, and the auditor sees it was wrong."""
    fail(world, "wang", OWN, 1)
    world.clock.move(seconds=901)
    fail(world, "wang", OWN, 4)
    assert forgive(world.database, "wang", world.clock.now() - timedelta(seconds=900)) == 3
    assert Visitor(world, OWN).sign_in("wang").status_code == 200
    auditor = Visitor(world, OTHER)
    auditor.sign_in("audit")
    auditor.get("/sign-ins")
    assert auditor.text().count("wrong, no longer counted") == 3


def tried_at_once(world: StaffWorld, tries: int) -> int:
    """Try a wrong password on many threads at once; return how many got to be looked at."""
    door = Door(world.database, world.clock, SETTINGS, world.accounts, world.passwords)
    start, looked_at = threading.Barrier(tries), []

    def attempt() -> None:
        start.wait()
        looked_at.append(not door.try_in("wang", "wrong", OWN).wait_seconds)

    threads = [threading.Thread(target=attempt) for _ in range(tries)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(looked_at)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_tries_at_once_do_not_slip_under_the_bound(
    kind: str, database_servers: Databases, tmp_path: Path
) -> None:
    """Of twelve tries at the same moment at most three have their password looked at."""
    world = staff_world(tmp_path, SETTINGS, database_servers.url(kind))
    try:
        assert tried_at_once(world, 12) <= 3
    finally:
        world.database.close()
