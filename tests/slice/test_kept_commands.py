"""``lupu parked`` as somebody at a terminal uses it, on a database with parked bookings."""

import json
import re
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from adapters.clock import SystemClock
from adapters.database import Migrations
from hub.errors import InvalidBody, LupuError, NotAllowed
from internal_apps.parking.tables import audit
from internal_apps.staff.accounts import Accounts
from internal_apps.staff.passwords import Passwords
from internal_apps.staff.roles import Role
from lupu import opened
from lupu.commands import lupu
from lupu.exits import Exit, exit_code
from lupu.files import NotWritten
from tests.unit.parking.world import ParkingWorld
from tests.unit.ticketing.world import booking_values, prepared

Lupu = Callable[..., str]

PASSWORD = "a password of its own"
PEOPLE = {"wang": Role.OPERATOR, "li": Role.OPERATOR, "chen": Role.CLERK}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ParkingWorld]:
    """Offer a worker with a mistake, and two operators."""
    database = prepared(f"sqlite:///{tmp_path / 'inside.sqlite'}")
    Migrations(database, opened.lines()).upgrade()
    accounts = Accounts(database, SystemClock())
    stored = Passwords().hash(PASSWORD)
    for account, role in PEOPLE.items():
        accounts.add(account, account, role, stored)
    yield ParkingWorld(database)
    database.close()


@pytest.fixture
def run(world: ParkingWorld, tmp_path: Path) -> Lupu:
    """Offer a terminal: what a command prints; what it raises comes out.

    Whoever acts has the right password in a file.
    """
    toml, secret = tmp_path / "inside.toml", tmp_path / "password"
    secret.touch(mode=0o600)
    secret.write_text(f"{PASSWORD}\n", "utf-8")
    toml.write_text(f'[database]\nurl = "sqlite:///{tmp_path}/inside.sqlite"\n', "utf-8")

    def lupu_prints(*words: str) -> str:
        line = [*words, "--config", str(toml)]
        if "--as" in words:
            line += ["--password-file", str(secret)]
        done = CliRunner().invoke(lupu, line, catch_exceptions=False, standalone_mode=False)
        return done.output

    assert world.database.dialect_name == "sqlite"
    return lupu_prints


def test_a_night_on_duty_at_a_terminal(world: ParkingWorld, run: Lupu, tmp_path: Path) -> None:
    """What is wrong, since when; foreseen, corrected by two, replayed, and written down."""
    message = world.worker.message("PlaceBooking", booking_values())
    name = world.park(message)
    listed = run("parked", "list")
    assert re.search(r"ZeroDivisionError\s+1\s", listed)
    assert name in listed.replace("\n", "")
    assert json.loads(run("parked", "list", "--json"))[0]["id"] == name
    shown = run("parked", "show", name, "--as", "wang")
    assert "<RequestReference>" in shown
    assert "outcome would be DONE" in run("parked", "preview", name, "--as", "wang")
    file = tmp_path / "corrected.xml"
    raw = run("parked", "show", name, "--raw", "--as", "wang")
    assert raw.encode() == message.body
    file.write_text(re.sub(r"<Quantity>\d+", "<Quantity>3", raw), "utf-8")
    said = run("parked", "edit", name, str(file), "--why", "three of them", "--as", "wang")
    assert said == "correction 1 waits for somebody else's approval\n"
    assert "three of them" in run("parked", "corrections")
    changes = [
        line
        for line in run("parked", "compare", "1", "--as", "li").splitlines()
        if not line.startswith("  ")
    ]
    assert [re.sub(r"\s", "", line) for line in changes] == [
        "-<Quantity>2</Quantity>",
        "+<Quantity>3</Quantity>",
    ]
    assert world.facts(name)[-1] == ("li", "viewed")
    run("parked", "approve", "1", "--as", "li")
    assert run("parked", "replay", name, "--why", "corrected", "--as", "wang") == "1 replayed\n"
    world.clock.at = SystemClock().now()
    world.later()
    assert world.worker.outcome(message).booking["Lines"]["Line"][0]["Quantity"] == 3
    assert run("parked", "list") == "nothing is kept\n"
    head = run("parked", "audit", "head").strip()
    assert "whole" in run("parked", "audit", "verify", "--noted", head)
    assert head in run("parked", "audit", "export").splitlines()[-1]
    listed = run("parked", "audit", "list")
    assert "approved" in listed
    assert name in listed


def test_bytes_are_saved_into_a_new_file_of_its_owner(
    world: ParkingWorld, run: Lupu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named by their SHA-256, which is said and in the trail; a file that is there stays."""
    message = world.worker.message("PlaceBooking", booking_values())
    name, digest = world.park(message), sha256(message.body).hexdigest()
    monkeypatch.chdir(tmp_path)
    said = run("parked", "save", name, "--as", "wang")
    file = tmp_path / f"lupu-{digest}.bin"
    assert said == f"{file.name}: {len(message.body)} bytes, SHA-256 {digest}\n"
    assert file.read_bytes() == message.body
    assert file.stat().st_mode & 0o777 == 0o600
    assert world.facts(name)[-1] == ("wang", "saved")
    with pytest.raises(NotWritten):
        run("parked", "save", name, "--out", str(file), "--as", "wang")


def test_who_may_not_is_refused(world: ParkingWorld, run: Lupu) -> None:
    """Nobody acts without an account that exists and whose role may, nor approves alone."""
    name = world.park()
    for account in ("chen", "nobody"):
        with pytest.raises(NotAllowed):
            run("parked", "show", name, "--as", account)
        with pytest.raises(NotAllowed):
            run("parked", "discard", name, "--why", "x", "--as", account)
    assert world.facts(name) == []
    with pytest.raises(NotAllowed) as refused:
        run("parked", "replay", name, "--why", " ", "--as", "wang")
    assert exit_code(refused.value) is Exit.REFUSED


def test_all_of_one_reason_are_discarded_at_once(world: ParkingWorld, run: Lupu) -> None:
    """In bulk by reason; what is not there is named, and the exit status says so."""
    names = [world.park() for _ in range(3)]
    assert "there are more" in run("parked", "list", "--json", "--count", "1")
    said = run("parked", "discard", "--kind", "ZeroDivisionError", "--why", "x", "--as", "li")
    assert said == "3 discarded\n"
    with pytest.raises(LupuError, match="1 could not be replayed") as undone:
        run("parked", "replay", names[0], "--why", "x", "--as", "li")
    assert exit_code(undone.value) is Exit.FAILED


def test_a_wrong_document_is_named_line_by_line(
    world: ParkingWorld, run: Lupu, tmp_path: Path
) -> None:
    """Nothing is proposed until it keeps the contract."""
    message = world.worker.message("PlaceBooking", booking_values())
    name, file = world.park(message), tmp_path / "wrong.xml"
    file.write_bytes(message.body.replace(b"INDIVIDUAL", b"NOBODY"))
    with pytest.raises(InvalidBody, match="1 mistake;"):
        run("parked", "edit", name, str(file), "--why", "x", "--as", "wang")


def test_a_trail_that_was_tampered_with_is_found(world: ParkingWorld, run: Lupu) -> None:
    """The command says which entry, and its exit status that it is not fine."""
    name = world.park()
    run("parked", "show", name, "--as", "wang")
    with world.database.begin() as connection:
        connection.execute(audit.update().values(who="li"))
    with pytest.raises(LupuError, match="not whole") as tampered:
        run("parked", "audit", "verify")
    assert exit_code(tampered.value) is Exit.FAILED


@pytest.mark.parametrize(
    "options", [("--older-than", "1e300"), ("--older-than", "nan"), ("--count", "-1")]
)
def test_a_number_that_cannot_be_is_a_usage_error(run: Lupu, options: tuple[str, ...]) -> None:
    """One sentence, as for every word that is not understood."""
    with pytest.raises(click.UsageError):
        run("parked", "list", *options)


def test_a_correction_that_cannot_be_is_a_usage_error(run: Lupu) -> None:
    """A slip of the finger is not taken for a mistake in Lupu."""
    with pytest.raises(click.UsageError):
        run("parked", "compare", "9" * 20, "--as", "li")
