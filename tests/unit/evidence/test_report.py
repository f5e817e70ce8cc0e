"""The report: the same for whoever has it, and nothing but the public key is needed."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from adapters.sealing import CoseSigner
from adapters.sealing.keys import Use, new_key, public_pem
from hub.envelope import to_wire
from hub.ports import Published
from internal_apps.evidence.compare import Verdict
from internal_apps.evidence.exported import PURPOSE, NotAReport, again, written
from internal_apps.evidence.report import Report
from lupu import evidence_tables
from lupu.exits import Exit
from tests.structure.source import ROOT
from tests.unit.evidence.inside import Inside
from tests.unit.evidence.test_verdicts import crossed


@pytest.fixture
def inside(tmp_path: Path) -> Iterator[Inside]:
    """Offer an inside that has lost one request, and taken in another twice."""
    made = Inside(tmp_path)
    world = made.gateway()
    world.send(reference="lost")
    message = world.request("twice")
    world.book.ahead(message, to_wire(message))(Published.CONFIRMED)
    for _ in range(2):
        made.receive(message, crossed())
    world.pages.turn()
    made.clock.move(seconds=100)
    world.pages.turn()
    made.look(0)
    yield made
    made.worker.close()


def report(inside: Inside) -> Report:
    """Return the report of all there is."""
    return Report.of(inside.entries(), 60.0)


def test_a_report_made_again_from_its_entries_is_the_same(inside: Inside) -> None:
    """Whoever has the file comes to the same totals, items and sentence."""
    made = report(inside)
    assert made.sentence() == "NOT FINE: 1 lost."
    found = again(written(made, "evidence-1"))
    assert found.summary() == made.summary()
    assert written(found, "evidence-1") == written(made, "evidence-1")


def test_what_was_lost_and_came_again_is_said_on_a_terminal_too(
    inside: Inside, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever looks there at night need not have the agency repeat what is here."""
    made = report(inside)
    items = [item._replace(repeated_at=inside.clock.now()) for item in made.comparison.items]
    again_here = replace(made, comparison=replace(made.comparison, items=items))
    evidence_tables.show(again_here, Console(width=250, highlight=False), 50)
    assert "repeated since, taken in 2010-05-01" in capsys.readouterr().out


def test_what_has_its_page_still_to_come_is_counted_and_not_listed(inside: Inside) -> None:
    """Every page waits for the next to name it: one is worth a look once its gateway is silent."""
    made = report(inside)
    assert made.comparison.count(Verdict.AWAITED) == 1
    assert {item.verdict for item in made.worth_a_look} == {Verdict.LOST, Verdict.DOUBLED}
    inside.clock.move(seconds=61)
    assert Verdict.AWAITED in {item.verdict for item in report(inside).worth_a_look}


def _no_loss(given: dict[str, Any]) -> None:
    given["totals"]["PlaceBooking.1"] = {"received": 2}


def _nothing_listed(given: dict[str, Any]) -> None:
    given["items"] = []


def _says_fine(given: dict[str, Any]) -> None:
    given["fine"] = True


def _forgets(given: dict[str, Any]) -> None:
    given["booked"] = given["booked"][1:]


def _half(given: dict[str, Any]) -> None:
    del given["taken"]


def _of_another_form(given: dict[str, Any]) -> None:
    given["format"] = "lupu-evidence-report-2"


CHANGES = [_no_loss, _nothing_listed, _says_fine, _forgets, _half, _of_another_form]


@pytest.mark.parametrize("how", CHANGES)
def test_a_report_that_says_something_else_than_its_entries_is_refused(
    inside: Inside, how: Any
) -> None:
    """Whoever signs it cannot say what its own entries do not come to."""
    given = json.loads(written(report(inside), "evidence-1"))
    how(given)
    for text in (json.dumps(given), "[]", "{"):
        with pytest.raises(NotAReport):
            again(text.encode())


def _check(file: Path, key: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lupu", "evidence", "check", str(file), "--key", str(key)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_it_is_checked_with_nothing_but_the_public_key(inside: Inside, tmp_path: Path) -> None:
    """No database, no configuration; another key, or a changed byte, and it does not pass."""
    pair, other = new_key(Use.SIGN), new_key(Use.SIGN)
    key, wrong = tmp_path / "key.pem", tmp_path / "wrong.pem"
    key.write_text(public_pem(Use.SIGN, pair.public))
    wrong.write_text(public_pem(Use.SIGN, other.public))
    signed = CoseSigner(pair).sign(written(report(inside), "evidence-1"), PURPOSE)
    file, changed = tmp_path / "may.report", tmp_path / "changed.report"
    file.write_bytes(signed)
    changed.write_bytes(signed.replace(b"twice", b"twine", 1))
    done = _check(file, key)
    assert done.returncode == Exit.FAILED
    assert "signed by evidence-1" in done.stdout
    assert "lost" in done.stdout
    assert "1 lost" in done.stderr
    for found in (_check(file, wrong), _check(changed, key)):
        assert found.returncode == Exit.REFUSED
        assert found.stdout == ""
