"""A database is restored to before: evidence names what is gone, journals bring it level."""

import json
import shutil
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deploy.local.zones import JOURNALS
from lupu.exits import Exit
from tests.acceptance.evidence_check import (
    PAUSE_SECONDS,
    count_as_lost_after,
    proof,
    verified,
)
from tests.acceptance.kill_check import compare
from tests.acceptance.kill_load import AGENCY, Load, with_clerk
from tests.contract.transports import until
from tests.production.stalls import answered
from tests.servers.promises import Shows
from tests.servers.system import System, running
from tests.servers.terminal import typed

# Those that have the database.
INSIDE = ("ticketing-1", "evidence-1", "staff-1")
DONE_MIN = 60
LATER_SECONDS = 2.0
WAIT_SECONDS = 120.0


@dataclass(frozen=True)
class Restored:
    """A system, its database's file, and the backup that was taken of it under load."""

    system: System
    file: Path
    backup: Path

    def back_up(self) -> None:
        """Copy the database as it is."""
        with (
            closing(sqlite3.connect(self.file)) as live,
            closing(sqlite3.connect(self.backup)) as copy,
        ):
            live.backup(copy)

    def restore(self) -> set[str]:
        """Put the backup in the database's place; return which agencies' requests it lacks."""
        for name in INSIDE:
            self.system.stack.processes[name].stop()
        gone = _requests(self.file) - _requests(self.backup)
        for suffix in ("", "-wal", "-shm"):
            self.file.with_name(self.file.name + suffix).unlink(missing_ok=True)
        shutil.copy(self.backup, self.file)
        return {request for request in gone if request.startswith(AGENCY)}

    def replay(self, worker: str) -> dict[str, Any]:
        """Return what ``lupu replay`` says of a worker's journal."""
        config = self.system.stack.places.configuration("inside")
        status, said = typed(config, "replay", "--json", str(self._journal(worker)))
        facts: dict[str, Any] = json.loads(said.partition("\nlupu:")[0])
        assert status == (Exit.FINE if facts["fine"] else Exit.FAILED), said
        return facts

    def _journal(self, worker: str) -> Path:
        return self.system.stack.places.folder / JOURNALS / worker


def _requests(file: Path) -> set[str]:
    with closing(sqlite3.connect(file)) as rows:
        return {request for (request,) in rows.execute("SELECT request_id FROM inbox")}


def worked(one: Restored, load: Load) -> None:
    """Let a load run, take a backup in its midst, and end it."""
    load.start()
    assert until(lambda: answered(load.book) >= DONE_MIN, WAIT_SECONDS)
    one.back_up()
    assert until(lambda: answered(load.book) >= 2 * DONE_MIN, WAIT_SECONDS)
    time.sleep(LATER_SECONDS)
    load.finish()


def seen_to_be_lost(system: System, gone: set[str]) -> None:
    """Have evidence name exactly these."""

    def named() -> set[str]:
        items = verified(system, "--route", "ticketing")["items"]
        return {item["request"] for item in items if item["verdict"] == "lost"}

    count_as_lost_after(system, 5)
    system.stack.processes["evidence-1"].start()
    assert gone
    is_named = until(lambda: named() == gone, WAIT_SECONDS, pause_seconds=PAUSE_SECONDS)
    assert is_named, named() ^ gone


@pytest.mark.promise(4)
def test_a_restored_database_lacks_what_evidence_names_and_is_brought_level(
    tmp_path: Path, shows: Shows
) -> None:
    """Named are exactly the requests that are gone; replayed, all is as clients were told."""
    file = tmp_path / "database" / "lupu.sqlite"
    with running(tmp_path) as system:
        one = Restored(system, file, tmp_path / "backup.sqlite")
        load = Load(system, with_clerk(system, tmp_path))
        worked(one, load)
        gone = one.restore()
        # What evidence had taken in is gone too: its journal has the books.
        books = one.replay("evidence-1")
        seen_to_be_lost(system, gone)
        levelled, again = one.replay("ticketing-1"), one.replay("ticketing-1")
        for name in ("ticketing-1", "staff-1"):
            system.stack.processes[name].start()
        verdict, proved = compare(load.book, file), proof(system)
    assert books["fine"], books
    assert levelled["fine"], levelled
    assert levelled["counts"]["alike"] >= len(gone)
    assert again["counts"]["alike"] == again["transmissions"] == 0
    assert verdict.fine(), (verdict.lost, verdict.doubled, verdict.wrong)
    assert proved["fine"], proved
    shows(
        gone_and_named=len(gone),
        replayed_with_the_outcome_of_before=levelled["counts"]["alike"],
        otherwise=levelled["counts"]["otherwise"],
        in_all=verdict.line(),
    )
