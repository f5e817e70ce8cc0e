"""Loading rules from a file of example data, its dates moved to another opening day if wanted."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from hub.errors import SettingsError
from internal_apps.ticketing import tables
from internal_apps.ticketing.catalogue_file import ALWAYS, CatalogueFile, Rule
from internal_apps.ticketing.tables import ANY

EXPO_2010 = Path(__file__).parent / "sample" / "expo2010.toml"
FEN_PER_YUAN = 100

PEAK = "PEAK"
STANDARD = "STANDARD"

Row = dict[str, Any]


class Sample:
    """The rules of a file, as rows of the tables."""

    def __init__(self, path: Path = EXPO_2010, opening: date | None = None) -> None:
        """Read ``path``, see ``CatalogueFile.read``."""
        self._given = CatalogueFile.read(path, opening)
        days = (self._given.closing - self._given.opening).days + 1
        self.days = [self._given.opening + timedelta(days=number) for number in range(days)]
        self._peak = frozenset(self._given.peak_days)

    def load(self, connection: sa.Connection) -> None:
        """Insert every row; SettingsError where the database has ticket types already."""
        count = sa.select(sa.func.count()).select_from(tables.ticket_types)
        if connection.execute(count).scalar_one():
            raise SettingsError("The database has a catalogue already; it was left as it is.")
        for table, rows in self.rows().items():
            if rows:
                connection.execute(table.insert(), rows)

    def rows(self) -> Mapping[sa.Table, list[Row]]:
        """Return the rows of each table."""
        return {
            tables.ticket_types: list(self._types()),
            tables.day_classes: list(self._day_classes()),
            tables.prices: list(self._prices()),
            tables.admissions: list(self._admissions()),
            tables.sale_windows: list(self._windows()),
            tables.sale_stops: list(self._stops()),
            tables.kinds: list(self._kinds()),
            tables.quota: list(self._quotas()),
        }

    def _class(self, day: date) -> str:
        return PEAK if day in self._peak else STANDARD

    def _day_classes(self) -> Iterator[Row]:
        for day in self.days:
            yield {
                "visit_day": day,
                "day_class": self._class(day),
                "effective_from": ALWAYS,
                "effective_to": None,
                "source": "Bulletin No. 1",
            }

    def _types(self) -> Iterator[Row]:
        for position, given in enumerate(self._given.ticket_types, start=1):
            yield {
                "code": given.code,
                "position": position,
                "name_en": given.name_en,
                "name_zh": given.name_zh,
                "group_only": int(given.group_only),
            }

    def _prices(self) -> Iterator[Row]:
        for phase in self._given.phases:
            for ticket_type, yuan in phase.yuan.items():
                yield {
                    "ticket_type": ticket_type,
                    "channel": ANY,
                    "price_fen": yuan * FEN_PER_YUAN,
                    **_in_force(phase),
                }

    def _admissions(self) -> Iterator[Row]:
        for rule in self._given.admissions:
            for ticket_type in rule.ticket_types:
                yield {
                    "ticket_type": ticket_type,
                    "day_class": rule.day_class,
                    "first_day": rule.first_day or self.days[0],
                    "last_day": rule.last_day or self.days[-1],
                    "admission_from": rule.admission_from,
                    "visits": rule.visits,
                    "bookable": int(rule.bookable),
                    **_in_force(rule),
                }

    def _windows(self) -> Iterator[Row]:
        for rule in self._given.sale_windows:
            for ticket_type in rule.ticket_types:
                yield {
                    "ticket_type": ticket_type,
                    "kind": rule.kind,
                    "channel": rule.channel,
                    **_in_force(rule),
                }

    def _stops(self) -> Iterator[Row]:
        for rule in self._given.sale_stops:
            for ticket_type in rule.ticket_types:
                yield {
                    "ticket_type": ticket_type,
                    "channel": rule.channel,
                    "first_day": rule.first_day or self.days[0],
                    "last_day": rule.last_day or self.days[-1],
                    **_in_force(rule),
                }

    def _kinds(self) -> Iterator[Row]:
        for rule in self._given.kinds:
            yield {
                "kind": rule.kind,
                "hold_seconds": rule.hold_seconds,
                "quantity_min": rule.quantity_min,
                "quantity_max": rule.quantity_max,
                **_in_force(rule),
            }

    def _quotas(self) -> Iterator[Row]:
        for rule in self._given.quotas:
            first, last = rule.first_day or self.days[0], rule.last_day or self.days[-1]
            for day in self.days:
                if first <= day <= last and rule.day_class in {None, self._class(day)}:
                    yield {
                        "visit_day": day,
                        "ticket_type": rule.ticket_type,
                        "channel": rule.channel,
                        "capacity": rule.capacity,
                        "taken": 0,
                        "source": rule.source,
                    }


def _in_force(rule: Rule) -> Row:
    return {
        "effective_from": rule.effective_from,
        "effective_to": rule.effective_to,
        "source": rule.source,
    }
