"""Loading rules from a file of example data, its dates moved to another opening day if wanted."""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from hub.errors import SettingsError
from internal_apps.ticketing import tables
from internal_apps.ticketing.tables import ANY

EXPO_2010 = Path(__file__).parent / "sample" / "expo2010.toml"
FEN_PER_YUAN = 100
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)

PEAK = "PEAK"
STANDARD = "STANDARD"

Row = dict[str, Any]


class Sample:
    """The rules of a file, as rows of the tables."""

    def __init__(self, path: Path = EXPO_2010, opening: date | None = None) -> None:
        """Read ``path``; ``opening`` moves every date by as many days as the opening day."""
        given = tomllib.loads(path.read_text("utf-8"))
        by = timedelta() if opening is None else opening - given["opening"]
        self._given = _moved(given, by)
        days = (self._given["closing"] - self._given["opening"]).days + 1
        self.days = [self._given["opening"] + timedelta(days=number) for number in range(days)]
        self._peak = frozenset(self._given["peak_days"])

    def load(self, connection: sa.Connection) -> None:
        """Insert every row; SettingsError where the database has ticket types already."""
        count = sa.select(sa.func.count()).select_from(tables.ticket_types)
        if connection.execute(count).scalar_one():
            raise SettingsError("The database has a catalogue already; it was left as it is.")
        for table, rows in self.rows().items():
            connection.execute(table.insert(), rows)

    def rows(self) -> Mapping[sa.Table, list[Row]]:
        """Return the rows of each table."""
        return {
            tables.ticket_types: list(self._types()),
            tables.day_classes: [
                {"visit_day": day, "day_class": self._class(day), **_in_force({})}
                for day in self.days
            ],
            tables.prices: list(self._prices()),
            tables.admissions: list(self._admissions()),
            tables.sale_windows: list(self._windows()),
            tables.sale_stops: list(self._stops()),
            tables.kinds: [
                {name: rule[name] for name in ("kind", "hold_seconds")}
                | {name: rule[name] for name in ("quantity_min", "quantity_max")}
                | _in_force(rule)
                for rule in self._given["kinds"]
            ],
            tables.quota: list(self._quotas()),
        }

    def _class(self, day: date) -> str:
        return PEAK if day in self._peak else STANDARD

    def _types(self) -> Iterator[Row]:
        for position, given in enumerate(self._given["ticket_types"], start=1):
            yield {
                "code": given["code"],
                "position": position,
                "name_en": given["name_en"],
                "name_zh": given["name_zh"],
                "group_only": int(given.get("group_only", False)),
            }

    def _prices(self) -> Iterator[Row]:
        for phase in self._given["phases"]:
            for ticket_type, yuan in phase["yuan"].items():
                yield {
                    "ticket_type": ticket_type,
                    "channel": ANY,
                    "price_fen": yuan * FEN_PER_YUAN,
                    **_in_force(phase),
                }

    def _admissions(self) -> Iterator[Row]:
        for rule in self._given["admissions"]:
            for ticket_type in rule["ticket_types"]:
                yield {
                    "ticket_type": ticket_type,
                    "day_class": rule["day_class"],
                    "first_day": rule.get("first_day", self.days[0]),
                    "last_day": rule.get("last_day", self.days[-1]),
                    "admission_from": rule.get("admission_from", "09:00"),
                    "visits": rule.get("visits", 1),
                    "bookable": int(rule.get("bookable", True)),
                    **_in_force(rule),
                }

    def _windows(self) -> Iterator[Row]:
        for rule in self._given["sale_windows"]:
            for ticket_type in rule["ticket_types"]:
                yield {
                    "ticket_type": ticket_type,
                    "kind": rule.get("kind", ANY),
                    "channel": rule.get("channel", ANY),
                    **_in_force(rule),
                }

    def _stops(self) -> Iterator[Row]:
        for rule in self._given["sale_stops"]:
            for ticket_type in rule["ticket_types"]:
                yield {
                    "ticket_type": ticket_type,
                    "channel": rule.get("channel", ANY),
                    "first_day": rule.get("first_day", self.days[0]),
                    "last_day": rule.get("last_day", self.days[-1]),
                    **_in_force(rule),
                }

    def _quotas(self) -> Iterator[Row]:
        for rule in self._given["quotas"]:
            first, last = rule.get("first_day", self.days[0]), rule.get("last_day", self.days[-1])
            for day in self.days:
                if first <= day <= last and rule.get("day_class") in {None, self._class(day)}:
                    yield {
                        "visit_day": day,
                        "ticket_type": rule.get("ticket_type", ANY),
                        "channel": rule.get("channel", ANY),
                        "capacity": rule["capacity"],
                        "taken": 0,
                        "source": rule["source"],
                    }


def _in_force(rule: Mapping[str, Any]) -> Row:
    return {
        "effective_from": rule.get("from", ALWAYS),
        "effective_to": rule.get("to"),
        "source": rule.get("source", "Bulletin No. 1"),
    }


def _moved(given: Any, by: timedelta) -> Any:
    """Return the same data with every date and time moved."""
    if isinstance(given, dict):
        return {name: _moved(value, by) for name, value in given.items()}
    if isinstance(given, list):
        return [_moved(value, by) for value in given]
    return given + by if isinstance(given, date) else given
