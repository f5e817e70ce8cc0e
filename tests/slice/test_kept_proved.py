"""Who acts on a command line proves it by the own password, and so two people are two."""

import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from adapters.clock import SystemClock
from adapters.database import Migrations
from hub.errors import LupuError, NotAllowed, SettingsError
from internal_apps.staff.accounts import Accounts
from internal_apps.staff.roles import Role
from internal_apps.staff.tables import sign_ins
from lupu import opened
from lupu.commands import lupu
from lupu.exits import Exit, exit_code
from lupu.proving import TooManyTries
from tests.slice.staff_world import cheap_passwords
from tests.unit.parking.world import ParkingWorld, with_name
from tests.unit.ticketing.world import booking_values, prepared

OWN = {"wang": "wang has this password", "li": "li has another password"}
Lupu = Callable[..., Result]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ParkingWorld]:
    """Offer a worker with a mistake, and two operators with a password each."""
    database = prepared(f"sqlite:///{tmp_path / 'inside.sqlite'}")
    Migrations(database, opened.lines()).upgrade()
    accounts, passwords = Accounts(database, SystemClock()), cheap_passwords()
    for account, password in OWN.items():
        accounts.add(account, account, Role.OPERATOR, passwords.hash(password))
    yield ParkingWorld(database)
    database.close()


@pytest.fixture
def toml(world: ParkingWorld, tmp_path: Path) -> Path:
    """Offer the zone's file; three wrong passwords are too many."""
    assert world.database.dialect_name == "sqlite"
    path = tmp_path / "inside.toml"
    path.write_text(
        f'[database]\nurl = "sqlite:///{tmp_path}/inside.sqlite"\n'
        "[staff]\nfailures_per_account_max = 3\n",
        "utf-8",
    )
    return path


@pytest.fixture
def run(toml: Path) -> Lupu:
    """Offer a terminal at which somebody types a password; what a command raises comes out."""

    def typed(password: str, *words: str) -> Result:
        line = [*words, "--config", str(toml)]
        given = {"input": f"{password}\n", "catch_exceptions": False, "standalone_mode": False}
        return CliRunner().invoke(lupu, line, **given)  # type: ignore[arg-type]

    return typed


def _tries(world: ParkingWorld) -> list[tuple[str, str]]:
    statement = sign_ins.select().order_by(sign_ins.c.number)
    with world.database.reading() as connection:
        return [(row.account, row.outcome) for row in connection.execute(statement)]


def test_who_proposed_cannot_approve_in_another_name(
    world: ParkingWorld, run: Lupu, tmp_path: Path
) -> None:
    """Whoever names somebody else needs that person's password; the try is written down."""
    message = world.worker.message("PlaceBooking", booking_values())
    name, file = world.park(message), tmp_path / "fix.xml"
    file.write_bytes(with_name(message.body, "王小明"))
    edit = ("parked", "edit", name, str(file), "--why", "cut", "--as", "wang")
    assert "correction 1 waits" in run(OWN["wang"], *edit).stdout
    approve = ("parked", "approve", "1", "--as", "li")
    with pytest.raises(NotAllowed, match="no account of the staff with its password"):
        run(OWN["wang"], *approve)
    assert world.facts(name)[-1] == ("wang", "proposed")
    assert "correction 1 of" in run(OWN["li"], *approve).stdout
    assert world.facts(name)[-1] == ("li", "approved")
    assert _tries(world) == [("wang", "signed in"), ("li", "wrong"), ("li", "signed in")]


@pytest.mark.parametrize(
    "words",
    [
        ("show", "NAME"),
        ("preview", "NAME"),
        ("edit", "NAME", "FILE", "--why", "x"),
        ("compare", "1"),
        ("approve", "1"),
        ("reject", "1", "--why", "x"),
        ("replay", "NAME", "--why", "x"),
        ("discard", "NAME", "--why", "x"),
    ],
    ids=lambda words: words[0],
)
def test_every_command_that_is_written_down_asks_for_the_password(
    world: ParkingWorld, run: Lupu, toml: Path, words: tuple[str, ...]
) -> None:
    """With a wrong one, or with none, nothing is done, nothing is shown, nothing is noted."""
    name = world.park()
    line = [{"NAME": name, "FILE": str(toml)}.get(word, word) for word in words]
    for password in ("not the one", ""):
        with pytest.raises(NotAllowed):
            run(password, "parked", *line, "--as", "wang")
    assert world.trail.entries(10) == []


def test_too_many_wrong_ones_shut_the_door(world: ParkingWorld, run: Lupu) -> None:
    """As at the sign-in of the pages: then the right one is not looked at either."""
    show = ("parked", "show", world.park(), "--as", "wang")
    for _ in range(3):
        with pytest.raises(NotAllowed):
            run("guessed", *show)
    with pytest.raises(TooManyTries, match="15 min") as refused:
        run(OWN["wang"], *show)
    assert exit_code(refused.value) is Exit.FAILED
    run("", "staff", "unlock", "wang")
    assert run(OWN["wang"], *show).exit_code == 0


def test_whoever_left_is_not_let_in(world: ParkingWorld, run: Lupu) -> None:
    """The right password of a disabled account opens nothing."""
    run("", "staff", "disable", "wang")
    with pytest.raises(NotAllowed):
        run(OWN["wang"], "parked", "discard", world.park(), "--why", "x", "--as", "wang")


def test_a_password_comes_from_a_file_that_only_its_owner_reads(
    world: ParkingWorld, run: Lupu, tmp_path: Path
) -> None:
    """Or from standard input; a file that others may read is refused before it is tried."""
    secret = tmp_path / "secret"
    secret.touch(mode=0o600)
    secret.write_text(f"{OWN['wang']}\n", "utf-8")
    show = ("parked", "show", world.park(), "--as", "wang", "--password-file")
    assert run("", *show, str(secret)).exit_code == 0
    assert run(OWN["wang"], *show, "-").exit_code == 0
    secret.chmod(0o644)
    with pytest.raises(SettingsError, match="can be read by others"):
        run("", *show, str(secret))
    assert [outcome for _, outcome in _tries(world)] == ["signed in"] * 2


def test_the_password_is_no_argument(run: Lupu, world: ParkingWorld) -> None:
    """There is no option that takes it, for the list of processes shows arguments to all."""
    shown = run("", "parked", "approve", "--help").stdout
    assert set(re.findall(r"--[a-z-]+", shown)) == {
        *("--config", "--name", "--as", "--password-file", "--help"),
    }
    assert world.trail.entries(1) == []


def test_at_a_terminal_it_is_typed_unseen(world: ParkingWorld, toml: Path) -> None:
    """It is asked for on the terminal itself, is not shown, and what is printed stays clean."""
    line = ["parked", "show", world.park(), "--raw", "--as", "wang", "--config", str(toml)]
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "lupu", *line],
        stdin=follower,
        stdout=subprocess.PIPE,
        stderr=follower,
        start_new_session=True,
    )
    os.close(follower)
    seen = _read_until(leader, b"Password of wang: ")
    os.write(leader, OWN["wang"].encode() + b"\n")
    printed, _ = process.communicate(timeout=30)
    seen += os.read(leader, 1_024)
    os.close(leader)
    assert process.returncode == 0
    assert printed.startswith(b"<")
    assert OWN["wang"].encode() not in seen + printed


def _read_until(leader: int, text: bytes) -> bytes:
    seen = b""
    while text not in seen:
        seen += os.read(leader, 1_024)
    return seen


def test_without_a_terminal_nothing_is_done_and_the_status_says_so(
    world: ParkingWorld, toml: Path
) -> None:
    """A script that forgot the password is told, and does not go on as if all were well."""
    line = ["parked", "discard", world.park(), "--why", "x", "--as", "wang"]
    done = subprocess.run(
        [sys.executable, "-m", "lupu", *line, "--config", str(toml)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
        check=False,
    )
    assert done.returncode == Exit.REFUSED
    assert "no password was given" in done.stderr
    assert issubclass(NotAllowed, LupuError)
