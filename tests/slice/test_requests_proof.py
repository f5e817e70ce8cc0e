"""What an agency signed holds personal data: whoever takes it out is written down."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from adapters.clock import SystemClock
from adapters.database import Database, InboxStore, Migrations
from adapters.xml import Schemas
from hub.errors import NotAllowed
from hub.messages import message_type
from hub.ports import InboxEntry, InboxState
from internal_apps.parking.audit import AuditTrail
from internal_apps.parking.domain import digest_of
from internal_apps.staff.accounts import Accounts
from internal_apps.staff.roles import Role
from lupu import opened
from lupu.commands import lupu
from lupu.files import NotWritten
from tests.slice.staff_world import PASSWORD, cheap_passwords
from tests.unit.agents_world import SIGNS, place, proof, request
from tests.unit.ticketing.world import prepared

SIGNED = request(place(), proof=proof(place()))
REQUEST = f"agent:{SIGNS}/PlaceBooking/A-1"
PEOPLE = {"zhou": Role.AUDITOR, "wang": Role.CLERK}
Proof = Callable[..., str]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Offer a database with a signed request, an auditor and a clerk."""
    found = prepared(f"sqlite:///{tmp_path / 'inside.sqlite'}")
    Migrations(found, opened.lines()).upgrade()
    accounts, stored = Accounts(found, SystemClock()), cheap_passwords().hash(PASSWORD)
    for account, role in PEOPLE.items():
        accounts.add(account, account, role, stored)
    digest = Schemas().digest(message_type(SIGNED.type).element, SIGNED.body)
    with InboxStore(found, SystemClock(), "ticketing-1").unit() as unit:
        entry = InboxEntry(SIGNED.id, digest, InboxState.HANDLED, None, "DONE")
        unit.record(SIGNED, entry, SIGNED.accepted_at)
    yield found
    found.close()


@pytest.fixture
def take(database: Database, tmp_path: Path) -> Proof:
    """Offer the command at a terminal, with the right password; what it raises comes out."""
    toml = tmp_path / "inside.toml"
    toml.write_text(f'[database]\nurl = "{database.url}"\n', "utf-8")

    def run(*words: str, password: str = PASSWORD) -> str:
        line = ["requests", "proof", REQUEST, *words, "--config", str(toml)]
        given = {"input": f"{password}\n", "catch_exceptions": False, "standalone_mode": False}
        return CliRunner().invoke(lupu, line, **given).stdout  # type: ignore[arg-type]

    return run


def test_who_took_it_out_is_in_the_trail(take: Proof, database: Database, tmp_path: Path) -> None:
    """With the digest of what was taken, before it is; the file is its owner's alone."""
    out = tmp_path / "A-1.txt"
    assert "it is what was handled" in take("--out", str(out), "--as", "zhou")
    assert out.read_bytes() == SIGNED.proof
    assert out.stat().st_mode & 0o777 == 0o600
    (entry,) = AuditTrail(database, SystemClock()).entries(5)
    assert (entry.who, entry.what, entry.name) == ("zhou", "proof", REQUEST)
    assert json.loads(entry.facts) == {"sha256": digest_of(SIGNED.proof), "file": "yes"}


def test_whoever_may_not_takes_nothing(take: Proof, database: Database, tmp_path: Path) -> None:
    """Not in another's name, and not by a role that may not see kept messages."""
    out = tmp_path / "A-1.txt"
    for account, password in (("zhou", "guessed wrong"), ("wang", PASSWORD)):
        with pytest.raises(NotAllowed):
            take("--out", str(out), "--as", account, password=password)
    assert not out.exists()
    assert AuditTrail(database, SystemClock()).entries(5) == []


@pytest.mark.parametrize("kind", ["file", "link", "link to nothing"])
def test_nothing_that_is_there_is_written_over(take: Proof, tmp_path: Path, kind: str) -> None:
    """A file that others may read keeps what it has, and no link leads elsewhere."""
    out, other = tmp_path / "A-1.txt", tmp_path / "other.txt"
    if kind == "file":
        out.write_text("before", "utf-8")
    else:
        out.symlink_to(other)
    if kind == "link":
        other.write_text("before", "utf-8")
    with pytest.raises(NotWritten, match="is there already"):
        take("--out", str(out), "--as", "zhou")
    assert out.exists() == (kind != "link to nothing")
    assert kind == "link to nothing" or out.read_text("utf-8") == "before"
