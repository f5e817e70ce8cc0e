"""What strangers wrote is shown as they wrote it, whatever it means to a terminal's library."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from adapters.quarantine import QuarantineShelf
from hub.parking import Place
from internal_apps.evidence.entries import (
    Entries,
    FoundWrong,
    Heard,
    Key,
    Period,
    Stopped,
    View,
)
from internal_apps.evidence.report import Report
from internal_apps.parking.document import Line
from internal_apps.parking.domain import (
    Correction,
    Entry,
    Found,
    Opened,
    State,
    Wanted,
    grouped,
)
from lupu import evidence_tables, kept_shown
from tests.contract.shelves import NOT_ALLOWED, OPERATOR, in_memory, wire
from tests.unit.hub_world import NOON, PlainContracts

MARKUP = "[/x]"
# Clears the screen, writes backwards, begins another command; and a blank of Chinese typing.
COMMANDS = "王\u3000小明\x1b[2J\u202e\x9b"
COMMANDS_SHOWN = "王\u3000小明" + r"\u001b[2J\u202e\u009b"


def test_a_type_that_is_markup_does_not_break_the_list(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A stranger's AMQP type and reason stand in the list as they came."""
    world = in_memory()
    world.keep(wire("Q-1")._replace(type=MARKUP), reason=NOT_ALLOWED)
    shelf = QuarantineShelf(Place.OUTSIDE, world.opens, OPERATOR, PlainContracts())
    listing = shelf.list()
    kept = [replace(one, type=MARKUP, id=f"{one.id}{MARKUP}") for one in listing.kept]
    found = Found(kept, grouped(replace(listing, kept=kept)), more=False, whole=True)
    assert all(Wanted().takes(one) for one in kept)
    kept_shown.listing(found, datetime.now(UTC), as_json=False)
    assert capsys.readouterr().out.count(MARKUP) == 3


def test_names_that_are_markup_do_not_break_what_was_done(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Corrections and the trail show every word as it was given."""
    words = (MARKUP, "PlaceBooking.1", "r", State.APPROVED, MARKUP, "0", "1", MARKUP, NOON, MARKUP)
    kept_shown.corrections([Correction(1, Place.OUTSIDE, *words)])
    assert capsys.readouterr().out.count(MARKUP) == 4
    said = (MARKUP, MARKUP, "outside", "name", MARKUP, f'{{"type": "{MARKUP}"}}')
    kept_shown.story([Entry(1, NOON, *said, previous="")])
    assert capsys.readouterr().out.count(MARKUP) == 4


def test_a_document_does_not_command_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """What is no XML, or has a sign that a terminal obeys, is shown by that sign's number."""
    world = in_memory()
    body = COMMANDS.encode()
    world.keep(wire("Q-1", body=body))
    shelf = QuarantineShelf(Place.OUTSIDE, world.opens, OPERATOR, PlainContracts())
    shown = shelf.show(world.named("Q-1"))
    assert shown is not None
    kept_shown.one(Opened(shown, (), ()))
    kept_shown.compared([Line("-", COMMANDS)])
    said = capsys.readouterr().out
    assert said.count(COMMANDS_SHOWN) == 2
    assert COMMANDS not in said


def test_evidence_of_names_that_are_markup_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """What a captured account claims to be stands in the tables of evidence as it came."""
    forged = Key(MARKUP, MARKUP, 1)
    entries = Entries(
        Period(NOON - timedelta(hours=1), NOON, MARKUP, MARKUP),
        View(NOON, 60.0),
        booked=[],
        taken=[],
        stopped=[Stopped(forged, MARKUP, "0" * 64, MARKUP, NOON)],
        findings=[FoundWrong(NOON, "UNSIGNED", MARKUP, MARKUP, 1, 1, MARKUP)],
        gateways=[Heard(MARKUP, NOON - timedelta(days=1), NOON - timedelta(days=1), None)],
    )
    console = Console(width=200, highlight=False)
    evidence_tables.show(Report.of(entries, 60.0), console, 50)
    said = capsys.readouterr().out
    assert f"{MARKUP} of {MARKUP}" in said
    assert f"silent {MARKUP}, since" in said
    assert said.count(MARKUP) == 11
