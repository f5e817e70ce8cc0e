"""What is left: a month of days and the ticket types that a caller can still have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flask import Blueprint, render_template, request

from internal_apps.ticketing.buyers import TELEPHONE
from internal_apps.ticketing.catalogue import TicketType
from internal_apps.ticketing.offers import NOT_OFFERED, Shelf
from internal_apps.ticketing.web.desk import SEE, Desk

PEAK = "PEAK"
MONTH_CHARACTERS = 7  # 2010-05


@dataclass(frozen=True, slots=True)
class Column:
    """A ticket type on the telephone: its price, and what is left by day."""

    type: TicketType
    price_fen: int
    left: Mapping[date, int]


@dataclass(frozen=True, slots=True)
class DayRow:
    """A day and what is left of each type; None where a type is not offered."""

    day: date
    is_peak: bool
    left: Sequence[int | None]


def add_offering(blueprint: Blueprint, desk: Desk) -> None:
    """Add the page of what is left to the blueprint."""

    @blueprint.get("/offers")
    @desk.shell.requires(SEE)
    def offers() -> str:
        now = desk.clock.now()
        with desk.books.database.reading() as connection:
            shelf = Shelf(connection, now)
            columns = _columns(shelf)
        days = sorted({day for column in columns for day in column.left})
        months = list(dict.fromkeys(_month(day) for day in days))
        wanted = request.args.get("month", "")
        month = wanted if wanted in months else (months[0] if months else "")
        rows = [
            DayRow(
                day,
                shelf.catalogue.day_class(day, now) == PEAK,
                [column.left.get(day) for column in columns],
            )
            for day in days
            if _month(day) == month
        ]
        firsts = {_month(day): day for day in reversed(days)}
        return render_template(
            "bookings/offers.html", columns=columns, rows=rows, months=firsts, month=month
        )


def _columns(shelf: Shelf) -> list[Column]:
    columns = []
    for ticket_type in shelf.catalogue.types.values():
        series = shelf.series(ticket_type, TELEPHONE)
        if series is not None:
            first: date = series["FromDay"]
            left = {
                first + timedelta(days=number): count
                for number, count in enumerate(series["Left"])
                if count != NOT_OFFERED
            }
            columns.append(Column(ticket_type, series["PriceFen"], left))
    return columns


def _month(day: date) -> str:
    return day.isoformat()[:MONTH_CHARACTERS]
