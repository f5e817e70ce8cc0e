"""The checker of ``make chaos`` names what was lost, doubled, altered and answered wrongly."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.checker import Verdict, compare
from tests.chaos.rows import read

AGENCY = "agent:2001"
TABLES = """
CREATE TABLE bookings (reference, sender, placed_as, version, state, contact_name);
CREATE TABLE booking_lines (reference, line, ticket_type, visit_day, quantity);
CREATE TABLE inbox (request_id, state, outcome_code);
CREATE TABLE quota (taken);
CREATE TABLE booking_draws (quantity);
INSERT INTO bookings VALUES ('B1', 'agent:2001', 'P-1', 3, 'CONFIRMED', '王小明'),
    ('B2', 'agent:2001', 'P-2', 2, 'EXPIRED', '李娜');
INSERT INTO booking_lines VALUES ('B1', 1, 'STANDARD', '2010-05-11', 3),
    ('B2', 1, 'STANDARD', '2010-05-11', 2);
INSERT INTO inbox VALUES ('agent:2001/PlaceBooking/P-1', 'HANDLED', 'DONE'),
    ('agent:2001/ChangeBooking/C-1', 'HANDLED', 'DONE'),
    ('agent:2001/ConfirmBooking/F-1', 'HANDLED', 'DONE'),
    ('agent:2001/PlaceBooking/P-2', 'HANDLED', 'DONE'),
    ('agent:2001/PlaceBooking/P-3', 'HANDLED', 'DAY_NOT_VALID');
INSERT INTO quota VALUES (5);
INSERT INTO booking_draws VALUES (3), (2);
"""
TWO, THREE = ["STANDARD", "2010-05-11", 2], ["STANDARD", "2010-05-11", 3]
PLACED = {"reference": "P-1", "name": "王小明", "line": TWO}
AS_PLACED = {
    "booking": "B1",
    "version": 1,
    "state": "HELD",
    "placed_as": "P-1",
    "name": "王小明",
    "line": TWO,
    "total": 320,
}
ON = {"booking": "B1", "version": 1}
CHANGED = AS_PLACED | {"version": 2, "line": THREE}
CONFIRMED = CHANGED | {"version": 3, "state": "CONFIRMED"}
OTHER = {"reference": "P-2", "name": "李娜", "line": TWO}
EXPIRES = AS_PLACED | {"booking": "B2", "placed_as": "P-2", "name": "李娜"}

AGAIN = """INSERT INTO bookings SELECT 'B9', sender, placed_as, 1, 'HELD', contact_name
    FROM bookings WHERE reference = 'B1'"""
Told = list[dict[str, Any]]


def told() -> Told:
    """Return what agencies were told by a bridge that keeps its promises."""
    rows: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
        ("PlaceBooking", PLACED, "RECEIVED", {}),
        ("PlaceBooking", PLACED, "DONE", AS_PLACED),
        ("ChangeBooking", {"reference": "C-1", **ON, "line": THREE}, "DONE", CHANGED),
        ("GetBooking", {"booking": "B1"}, "DONE", CHANGED),
        ("ConfirmBooking", {"reference": "F-1", **ON, "version": 2}, "DONE", CONFIRMED),
        ("PlaceBooking", OTHER, "OUTCOME_UNKNOWN", {}),
        ("PlaceBooking", OTHER, "DONE", EXPIRES),
        ("PlaceBooking", {"reference": "P-3", "name": "x", "line": TWO}, "DAY_NOT_VALID", {}),
        ("PlaceBooking", PLACED | {"line": THREE}, "REFERENCE_REUSED", {}),
        ("PlaceBooking", PLACED, "DONE", AS_PLACED),
    ]
    return [
        {
            "at": float(number),
            "took": 0.5,
            "sender": AGENCY,
            "operation": operation,
            "values": values,
            "code": code,
            "said": said,
            "attempt": 1,
        }
        for number, (operation, values, code, said) in enumerate(rows)
    ]


def compared(folder: Path, planted: str = "", lines: Told | None = None) -> Verdict:
    """Compare, once a statement was run on the database."""
    file = folder / "held.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(f"{TABLES};{planted}")
        connection.commit()
    return compare(lines or told(), read(str(file)))


def test_a_bridge_that_keeps_its_promises_is_found_fine(tmp_path: Path) -> None:
    """Repeats, refusals, reads and a hold that ended by itself are no fault."""
    verdict = compared(tmp_path)
    assert verdict.fine(), verdict.sentences()
    assert (verdict.requests, verdict.done, verdict.refused) == (5, 4, 1)


@pytest.mark.parametrize(
    ("kind", "planted"),
    [
        ("lost", "DELETE FROM bookings WHERE reference = 'B2'"),
        ("lost", "DELETE FROM inbox WHERE request_id LIKE '%P-3'"),
        ("lost", "UPDATE bookings SET version = 2 WHERE reference = 'B1'"),
        ("doubled", AGAIN),
        ("doubled", "UPDATE bookings SET version = 4 WHERE reference = 'B1'"),
        ("doubled", "UPDATE quota SET taken = taken + 2"),
        ("doubled", "INSERT INTO bookings VALUES ('B9', 'agent:2001', 'P-9', 1, 'HELD', 'x')"),
        ("altered", "UPDATE bookings SET contact_name = '王小朋' WHERE reference = 'B1'"),
        ("altered", "UPDATE booking_lines SET quantity = 2 WHERE reference = 'B1'"),
        ("altered", "UPDATE booking_lines SET visit_day = '2010-05-12' WHERE reference = 'B2'"),
        ("wrong", "UPDATE bookings SET state = 'CANCELLED' WHERE reference = 'B1'"),
        ("wrong", "UPDATE inbox SET outcome_code = 'SOLD_OUT' WHERE request_id LIKE '%P-2'"),
        ("wrong", "INSERT INTO bookings VALUES ('B9', 'agent:2001', 'P-3', 1, 'HELD', 'x')"),
    ],
)
def test_what_is_planted_in_the_database_is_named(tmp_path: Path, kind: str, planted: str) -> None:
    """Each row that is lost, doubled, altered or not what was told is found as that."""
    found = getattr(compared(tmp_path, planted), kind)
    assert found, planted


@pytest.mark.parametrize(
    ("kind", "line", "change"),
    [
        ("wrong", 9, lambda one: one.update(said=CHANGED)),
        ("wrong", 9, lambda one: one.update(code="SOLD_OUT", said={})),
        ("wrong", 8, lambda one: one.update(code="DONE", said=AS_PLACED)),
        ("wrong", 3, lambda one: one.update(said=AS_PLACED)),
        ("wrong", 3, lambda one: one.update(said={**CHANGED, "name": "李娜"})),
        ("wrong", 3, lambda one: one.update(code="NO_SUCH_BOOKING", said={})),
        ("wrong", 2, lambda one: one.update(said={**CHANGED, "line": TWO})),
        ("wrong", 7, lambda one: one.update(code="INVALID")),
        ("lost", 6, lambda one: one.update(code="RECEIVED", said={})),
    ],
)
def test_what_was_told_wrongly_is_named(
    tmp_path: Path, kind: str, line: int, change: Callable[[dict[str, Any]], None]
) -> None:
    """Each answer that does not fit the others or the database is found."""
    lines = told()
    change(lines[line])
    verdict = compared(tmp_path, lines=lines)
    assert getattr(verdict, kind), verdict
    assert not verdict.fine()
