"""The end of the audit trail is noted, signed, where an editor of the database does not reach."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from adapters.clock import SystemClock
from adapters.database import Database, InboxStore, Migrations
from adapters.logs import JsonLines
from adapters.xml import Schemas
from hub.errors import LupuError, NotAuthentic, SettingsError
from hub.settings import Configuration
from internal_apps.evidence.__main__ import watching
from internal_apps.parking.audit import AuditTrail, Note
from internal_apps.parking.domain import NO_HASH, What
from internal_apps.parking.heads import sign
from internal_apps.parking.settings import Parking
from internal_apps.parking.tables import audit, audit_head
from internal_apps.serving import Surroundings
from lupu import opened
from lupu.commands import lupu
from lupu.files import NotWritten
from lupu.kept_audit import Tampered
from tests.servers.components import write_toml
from tests.servers.keys import Keys
from tests.unit.hub_world import CountedMetrics, MovedClock

MINUTE = 60


class Zone:
    """The inside: its database with a trail, evidence's worker, a terminal, the worker's log."""

    def __init__(self, folder: Path) -> None:
        url = f"sqlite:///{folder / 'inside.sqlite'}"
        self.database = Database(url)
        Migrations(self.database, opened.lines()).upgrade()
        self.keys = Keys(folder).make(["evidence-1", "gateway-1"])
        sections = {"database": {"url": url}, "sealing": self.keys.section}
        self.toml = write_toml(folder / "inside.toml", sections)
        self.clock, self.metrics = MovedClock(SystemClock().now()), CountedMetrics()
        self.trail = AuditTrail(self.database, self.clock)
        self.log = folder / "evidence-1.log"
        self.handler = logging.FileHandler(self.log, encoding="utf-8")
        self.handler.setFormatter(JsonLines())
        self.start()

    def start(self) -> None:
        """Start evidence's worker anew."""
        store = InboxStore(self.database, self.clock, "evidence-1")
        around = Surroundings(store, Schemas(), self.clock, self.metrics, "evidence-1")
        self.chores = watching(around, Configuration(self.toml, "evidence-1")).chores

    def look(self) -> None:
        """Let a minute pass, and the worker do its chores."""
        self.clock.move(seconds=MINUTE)
        for chore in self.chores:
            chore()

    def act(self, *accounts: str) -> None:
        """Have something written down of each."""
        for account in accounts:
            self.trail.append(Note(account, What.DISCARD, "parked", "A-1", why="forged"))

    def rewrite(self, *accounts: str) -> None:
        """Write the whole trail anew, by the rules, as who has the database can."""
        with self.database.begin() as connection:
            connection.execute(audit.delete())
            connection.execute(audit_head.update().values(number=0, hash=NO_HASH))
        self.act(*accounts)

    def cut(self) -> None:
        """Cut off the last entry, and let the trail end before it."""
        with self.database.begin() as connection:
            last = connection.execute(sa.select(sa.func.max(audit.c.number))).scalar_one()
            before = audit.c.number == last - 1
            hashed = connection.execute(sa.select(audit.c.hash).where(before)).scalar_one()
            connection.execute(audit.delete().where(audit.c.number == last))
            connection.execute(audit_head.update().values(number=last - 1, hash=hashed))

    def said(self, event: str) -> list[dict[str, Any]]:
        """Return the worker's lines of one event."""
        lines = [json.loads(line) for line in self.log.read_text("utf-8").splitlines()]
        return [line for line in lines if line["event"] == event]

    def lupu(self, *words: str) -> str:
        """Run a command; what it raises comes out."""
        line = [*words, "--config", str(self.toml)]
        done = CliRunner().invoke(lupu, line, catch_exceptions=False, standalone_mode=False)
        return done.output


@pytest.fixture
def zone(tmp_path: Path) -> Iterator[Zone]:
    """Offer a trail of three entries whose end is noted."""
    found, log = Zone(tmp_path), logging.getLogger("internal_apps.parking")
    log.addHandler(found.handler)
    log.setLevel(logging.INFO)
    found.act("wang", "li", "wang")
    found.look()
    yield found
    log.setLevel(logging.NOTSET)
    log.removeHandler(found.handler)
    found.handler.close()
    found.database.close()


def test_what_grows_is_noted_once_and_the_log_proves_it(zone: Zone) -> None:
    """A signed line each time the trail has grown; with the log the trail is found whole."""
    zone.look()
    zone.act("li")
    zone.look()
    assert [one["head"].partition(":")[0] for one in zone.said("audit.head")] == ["3", "4"]
    lines = zone.log.read_text("utf-8").splitlines()
    # As a collector of logs has them: with words before.
    zone.log.write_text("".join(f"Nov 27 inside lupu[7]: {line}\n" for line in lines), "utf-8")
    said = zone.lupu("parked", "audit", "verify", "--log", str(zone.log))
    assert "4 entries, whole" in said
    assert "held to 2 heads" in said
    assert zone.metrics.gauges["lupu_audit_broken"] == 0


@pytest.mark.parametrize("trouble", ["cut", "cut and went on", "rewritten", "emptied"])
def test_a_trail_cut_off_or_written_anew_is_found(zone: Zone, trouble: str) -> None:
    """By the rules of the trail alone it is whole: what was noted elsewhere says it is not."""
    if trouble.startswith("cut"):
        zone.cut()
    if trouble == "cut and went on":
        zone.act("chen", "chen")
    if trouble == "rewritten":
        zone.rewrite("li", "li", "wang", "wang")
    if trouble == "emptied":
        zone.rewrite()
    assert "whole" in zone.lupu("parked", "audit", "verify")
    with pytest.raises(Tampered):
        zone.lupu("parked", "audit", "verify", "--log", str(zone.log))
    zone.look()
    zone.look()
    (broken,) = zone.said("audit.broken")
    assert any("3" in fault for fault in broken["faults"])
    assert zone.metrics.gauges["lupu_audit_broken"] == 1
    zone.start()
    zone.look()
    with pytest.raises(Tampered):
        zone.lupu("parked", "audit", "verify", "--log", str(zone.log))


def test_an_entry_changed_while_nobody_looked_is_found_at_the_start(zone: Zone) -> None:
    """However old it is; and a start anew does not call fine what was broken before."""
    with zone.database.begin() as connection:
        connection.execute(audit.update().where(audit.c.number == 1).values(who="li"))
    for _ in range(2):
        zone.start()
        zone.look()
        assert zone.metrics.gauges["lupu_audit_broken"] == 1
    assert [one["faults"] for one in zone.said("audit.broken")] == 2 * [["Entry 1 was changed."]]


def test_a_report_that_was_handed_on_proves_the_trail_too(zone: Zone, tmp_path: Path) -> None:
    """It names the trail's end under its own signature, whoever checks it is told, and none is
    written over.
    """
    report, key = tmp_path / "may.report", tmp_path / "evidence-1.pem"
    zone.lupu("evidence", "export", str(report))
    with pytest.raises(NotWritten, match="name a new file"):
        zone.lupu("evidence", "export", str(report))
    key.write_text(zone.lupu("evidence", "public"), "ascii")
    checked = CliRunner().invoke(lupu, ["evidence", "check", str(report), "--key", str(key)])
    (line,) = [one for one in checked.output.splitlines() if "audit trail ended with" in one]
    head = line.rpartition(" ")[2]
    assert head == zone.lupu("parked", "audit", "head").strip()
    zone.rewrite("li", "li", "wang", "wang")
    with pytest.raises(Tampered):
        zone.lupu("parked", "audit", "verify", "--noted", head)


def test_a_head_proves_itself(zone: Zone) -> None:
    """Signed by evidence and by nobody else; its key may have ended since, not been revoked."""
    noted = zone.lupu("parked", "audit", "head", "--signed").strip()
    verify = ("parked", "audit", "verify", "--noted")
    assert "held to 1 head" in zone.lupu(*verify, noted)
    now = zone.clock.now()
    forged = sign(zone.trail.head(), now, zone.keys.of("gateway-1").signer())
    altered = noted[:-8] + ("A" if noted[-8] != "A" else "B") + noted[-7:]
    for wrong in (forged, altered, "not base64", ""):
        with pytest.raises(NotAuthentic):
            zone.lupu(*verify, wrong)
    (key,) = [one for one in zone.keys.keyring if one.owner == "evidence-1"]
    zone.keys.change(zone.keys.keyring.revoked(key.key_id, now))
    with pytest.raises(LupuError, match="revoked"):
        zone.lupu(*verify, noted)


def test_a_line_put_into_the_log_is_found(zone: Zone) -> None:
    """Where evidence has keys a head without a signature is none."""
    head = zone.trail.head()
    with zone.log.open("a", encoding="utf-8") as log:
        log.write(f'{{"event": "audit.head", "head": "{head}", "signed": ""}}\n')
    with pytest.raises(NotAuthentic, match="without a signature"):
        zone.lupu("parked", "audit", "verify", "--log", str(zone.log))


def test_a_log_without_any_end_proves_nothing(zone: Zone) -> None:
    """Another component's log, say: that the trail was held to it would not be true."""
    zone.log.write_text('{"event": "hub.started"}\n', "utf-8")
    with pytest.raises(NotAuthentic, match=r"no audit\.head"):
        zone.lupu("parked", "audit", "verify", "--log", str(zone.log))


def test_what_is_parked_is_looked_at_without_keys_of_ones_own(zone: Zone) -> None:
    """Ticketing, as which the commands run, need not have any where the zone seals."""
    assert zone.lupu("parked", "list") == "nothing is kept\n"


def test_a_pause_of_nothing_is_refused() -> None:
    """The worker does not read the trail without a pause."""
    with pytest.raises(SettingsError, match="head_seconds"):
        Parking(head_seconds=0).check()
