"""Compares what clients were told with the database; shares no code with the product."""

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.acceptance.kill_load import CHANGED_QUANTITY, QUANTITY, Book

STATE_AFTER = {"ConfirmBooking": "CONFIRMED", "CancelBooking": "CANCELLED"}


@dataclass
class Verdict:
    """What was found: counts, and a line for each thing that is wrong."""

    requests: int = 0
    bookings: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def fine(self) -> bool:
        """Return whether nothing is wrong."""
        return not (self.lost or self.doubled or self.wrong)

    def line(self) -> str:
        """Return the figures in one line."""
        return (
            f"requests {self.requests}, bookings {self.bookings}, lost {len(self.lost)}, "
            f"doubled {len(self.doubled)}, answered wrongly {len(self.wrong)}"
        )


def compare(book: Book, database: Path | str) -> Verdict:
    """Return how the book and the database agree: SQLite's file, or how PostgreSQL is reached."""
    verdict = Verdict(requests=len(book.told))
    with _opened(database) as rows:
        held: dict[str, list[tuple[str, str]]] = {}
        for placed_as, reference, state in rows.execute(
            "SELECT placed_as, reference, state FROM bookings"
        ):
            held.setdefault(placed_as, []).append((reference, state))
        outcomes = dict(rows.execute("SELECT request_id, outcome_code FROM inbox"))
        taken = rows.execute("SELECT COALESCE(SUM(taken), 0) FROM quota").fetchone()[0]
        tickets = dict(
            rows.execute("SELECT reference, SUM(quantity) FROM booking_lines GROUP BY reference")
        )
        drawn = rows.execute("SELECT COALESCE(SUM(quantity), 0) FROM booking_draws").fetchone()[0]
    verdict.bookings = sum(len(found) for found in held.values())
    _check_placed(book, held, verdict)
    _check_outcomes(book, outcomes, verdict)
    _check_states(book, {one[0]: one[1] for found in held.values() for one in found}, verdict)
    _check_changes(book, tickets, verdict)
    if taken != drawn:
        verdict.wrong.append(f"quotas say {taken} taken, bookings hold {drawn}")
    return verdict


def _opened(database: Path | str) -> Any:
    if isinstance(database, str):
        return psycopg.connect(database)
    return sqlite3.connect(f"file:{database}?mode=ro", uri=True)


def _check_placed(book: Book, held: dict[str, list[tuple[str, str]]], verdict: Verdict) -> None:
    told = book.final("PlaceBooking")
    for reference, answers in told.items():
        found = [one for one, _ in held.get(reference, [])]
        named = {one.booking for one in answers if one.code == "DONE"}
        if len(found) > 1:
            verdict.doubled.append(f"{reference} has {found}")
        if named and not found:
            verdict.lost.append(f"{reference} was told {named}, the database has none")
        if named - set(found) and found:
            verdict.wrong.append(f"{reference} was told {named}, the database has {found}")
        if found and any(one.code != "DONE" for one in answers):
            verdict.wrong.append(f"{reference} is booked but was told {answers}")
    verdict.wrong += [
        f"{reference} was never asked" for reference in held if reference not in told
    ]


def _check_outcomes(book: Book, outcomes: dict[str, str], verdict: Verdict) -> None:
    for (operation, reference), answers in book.told.items():
        key = f"{book.sender(reference)}/{operation}/{reference}"
        final = {one.code for one in book.final(operation)[reference]} if answers else set()
        if not final:
            continue
        if key not in outcomes:
            verdict.lost.append(f"{key} was told {final}, the inbox does not know it")
        elif final != {outcomes[key]}:
            verdict.wrong.append(f"{key} was told {final}, the inbox says {outcomes[key]}")


def _check_states(book: Book, states: dict[str, str], verdict: Verdict) -> None:
    for operation, state in STATE_AFTER.items():
        for reference, answers in book.final(operation).items():
            for one in answers:
                if one.code == "DONE" and states.get(one.booking) != state:
                    verdict.wrong.append(
                        f"{reference}: {one.booking} should be {state}, is "
                        f"{states.get(one.booking)}"
                    )


def _check_changes(book: Book, tickets: dict[str, int], verdict: Verdict) -> None:
    changed = {
        one.booking
        for answers in book.final("ChangeBooking").values()
        for one in answers
        if one.code == "DONE"
    }
    for reference, quantity in tickets.items():
        right = CHANGED_QUANTITY if reference in changed else QUANTITY
        if quantity != right:
            verdict.wrong.append(f"{reference} has {quantity} tickets and should have {right}")
