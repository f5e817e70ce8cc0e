"""The commands of OPERATING.md on a quarantine, as written, on a real broker and database."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.envelope import RequestId, Transmission, Wire
from hub.messages import Lane, outside_queue
from tests.acceptance.test_past_the_gateway import BODY, sent
from tests.contract.shelves import OPERATOR, World, on_rabbitmq
from tests.servers.brokers import Brokers
from tests.servers.components import dialled, write_toml

ROUTE = outside_queue(Lane.REQUESTS)


@dataclass
class Desk:
    """The outside quarantine, and a shell with the configuration of operator-1."""

    brokers: Brokers
    world: World
    config: Path
    passwords: Path

    def lupu(self, *words: str, fails: bool = False) -> str:
        """Run a command; return what it says."""
        command = [sys.executable, "-m", "lupu", *words, "--config", str(self.config)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode != 0) == fails, (words, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def add(self, account: str, role: str = "operator") -> None:
        """Add a member of the staff, whose password stays in a file."""
        given = ("--full-name", "王小明", "--role", role)
        password = self.lupu("staff", "add", account, *given).rpartition(" ")[2]
        secret = self.passwords / account
        secret.touch(mode=0o600)
        secret.write_text(password, "utf-8")

    def quarantine(self, *words: str, fails: bool = False) -> str:
        """Run one of ``lupu quarantine``; whoever acts gives the own password."""
        proof = [] if "--as" not in words else ["--password-file", str(self.passwords / words[-1])]
        return self.lupu("quarantine", *words, *proof, fails=fails)

    def keep(self, reference: str, body: bytes, reason: str) -> None:
        """Have what gateway-1 sealed kept for a reason."""
        wire = sent(
            id=RequestId("agent:1001", "PlaceBooking", reference),
            transmission=Transmission("gateway-1", "b00t", int(reference[-1])),
            body=body.replace(b"A-1<", f"{reference}<".encode()),
        )
        self.world.keep(self.brokers.keys.seal(wire), reason=reason)

    def arrived(self) -> Wire:
        """Take the one message that goes to the hub, and open it as a hub does."""
        (wire,) = self.world.arrived(1)
        assert wire.user_id == OPERATOR
        return self.brokers.keys.of("hub-1").opener.open(wire, ROUTE).wire


@pytest.fixture
def desk(brokers: Brokers, tmp_path: Path) -> Iterator[Desk]:
    """Offer three kept messages and two operators, wang and li."""
    sections = {
        "outside_broker": dialled(brokers.outside(OPERATOR)),
        "inside_broker": dialled(brokers.inside(OPERATOR)),
        "sealing": brokers.keys.section,
        "database": {"file": str(tmp_path / "lupu.sqlite")},
    }
    config = write_toml(tmp_path / "inside.toml", sections)
    made = Desk(brokers, on_rabbitmq(brokers), config, tmp_path)
    with closing(made.world.side):
        made.lupu("database", "upgrade")
        for account in ("wang", "li"):
            made.add(account)
        made.keep("A-1", BODY, "KeyNotTrusted: gateway-1 is not known.")
        made.keep("A-2", BODY.replace(b"INDIVIDUAL", b"ALL"), "InvalidBody: No such kind.")
        made.keep("A-3", BODY, "NotAllowed: no.")
        yield made


def test_a_person_at_night_finds_what_is_wrong_and_does_what_the_table_says(
    desk: Desk, tmp_path: Path
) -> None:
    """List, show, preview, replay, correct with a second person, discard by reason."""
    listed = desk.quarantine("list", "--side", "outside")
    assert all(kind in listed for kind in ("KeyNotTrusted", "InvalidBody", "NotAllowed"))
    assert "𠮷田" not in listed
    unknown, invalid = desk.world.named("A-1"), desk.world.named("A-2")
    assert "𠮷田" in desk.quarantine("show", unknown, "--as", "wang")
    assert "InvalidBody" in desk.quarantine("preview", invalid, "--as", "wang")
    desk.quarantine("replay", unknown, "--why", "the keyring is newer", "--as", "wang")
    assert desk.arrived().body == BODY
    raw = desk.quarantine("show", invalid, "--raw", "--as", "wang")
    fixed = tmp_path / "fix.xml"
    fixed.write_text(raw.replace(">ALL<", ">INDIVIDUAL<"), "utf-8")
    edited = desk.quarantine("edit", invalid, str(fixed), "--why", "no kind", "--as", "wang")
    number = re.findall(r"correction (\d+)", edited)[0]
    desk.quarantine("approve", number, "--as", "wang", fails=True)
    desk.quarantine("approve", number, "--as", "li")
    desk.quarantine("replay", invalid, "--why", "corrected", "--as", "wang")
    corrected = desk.arrived()
    assert corrected.body == fixed.read_bytes()
    assert corrected.message_id == "agent:1001/PlaceBooking/A-2"
    desk.quarantine("discard", "--kind", "NotAllowed", "--why", "forged", "--as", "li")
    assert desk.world.listed() == []
    assert desk.world.arrived(0) == []


def test_nobody_acts_without_an_account_that_may(desk: Desk) -> None:
    """A stranger, a clerk, or who has another's password, is told so, and everything stays."""
    desk.add("liu", role="clerk")
    desk.add("chen")
    for account in ("nobody", "chen"):
        (desk.passwords / account).write_bytes((desk.passwords / "wang").read_bytes())
    before = desk.world.listed()
    for account in ("nobody", "liu", "chen"):
        desk.quarantine(*("discard", before[0].id, "--why", "forged", "--as", account), fails=True)
    assert desk.world.listed() == before
