"""What is sold, when, to whom, for how much: the rules as rows, asked for a point in time."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa

from internal_apps.ticketing import refusals, tables
from internal_apps.ticketing.domain import Buyer, Line, Wanted, quantity
from internal_apps.ticketing.refusals import no
from internal_apps.ticketing.tables import ANY

SHANGHAI = timezone(timedelta(hours=8))
GROUP = "GROUP"


class Rule(Protocol):
    """A row that is in force from a time and maybe until another."""

    effective_from: datetime
    effective_to: datetime | None


R = TypeVar("R", bound=Any)


@dataclass(frozen=True, slots=True)
class TicketType:
    """A ticket type by its code."""

    code: str
    name_en: str
    name_zh: str
    group_only: bool


@dataclass(frozen=True, slots=True)
class KindRule:
    """How long bookings of a kind are held and how many tickets they may be."""

    hold_seconds: int
    quantity_min: int
    quantity_max: int


class Catalogue:
    """All rules as one transaction sees them; every question names the time it is asked for."""

    def __init__(self, connection: sa.Connection) -> None:
        """Read every rule."""
        types = connection.execute(
            sa.select(tables.ticket_types).order_by(tables.ticket_types.c.position)
        )
        self.types = {
            row.code: TicketType(row.code, row.name_en, row.name_zh, bool(row.group_only))
            for row in types
        }
        self._prices = _by(connection, tables.prices, "ticket_type", "channel")
        self._days = _by(connection, tables.day_classes, "visit_day")
        self._admissions = _by(connection, tables.admissions, "ticket_type", "day_class")
        self._windows = _by(connection, tables.sale_windows, "ticket_type")
        self._stops = _by(connection, tables.sale_stops, "ticket_type")
        self._kinds = _by(connection, tables.kinds, "kind")

    def days(self) -> Sequence[date]:
        """Every day that has a class at some time, in order."""
        return sorted(day for day in self._days if isinstance(day, date))

    def day_class(self, day: date, at: datetime) -> str | None:
        """Return the class of a day, or None where it is no day of ours."""
        row = latest(self._days[day], at)
        return None if row is None else str(row.day_class)

    def admission(self, ticket_type: str, day: date, at: datetime) -> Any | None:
        """Return the rule that lets a ticket type be booked for a day, or None."""
        day_class = self.day_class(day, at)
        rows = self._admissions[ticket_type, day_class]
        row = latest((row for row in rows if row.first_day <= day <= row.last_day), at)
        return row if row is not None and row.bookable else None

    def price_fen(self, ticket_type: str, channel: str, at: datetime) -> int | None:
        """Return the price: the channel's own where it has one, else that for any."""
        for sold_by in (channel, ANY):
            row = latest(self._prices[ticket_type, sold_by], at)
            if row is not None:
                return int(row.price_fen)
        return None

    def on_sale(self, line: Wanted, kind: str, channel: str, at: datetime) -> bool:
        """Return whether a line may be sold in this kind of booking through this channel."""
        if not self.is_open(line.ticket_type, kind, channel, at):
            return False
        stops = self.stops(line.ticket_type, channel, at)
        return not any(stop.first_day <= line.day <= stop.last_day for stop in stops)

    def is_open(self, ticket_type: str, kind: str, channel: str, at: datetime) -> bool:
        """Return whether a window of sale is open, stops left aside."""
        windows = [*self._windows[ticket_type], *self._windows[ANY]]
        return any(
            row.kind in {kind, ANY} and row.channel in {channel, ANY}
            for row in in_force(windows, at)
        )

    def stops(self, ticket_type: str, channel: str, at: datetime) -> Sequence[Any]:
        """Return the stops of sale in force: each from its first day of visit to its last."""
        stops = [*self._stops[ticket_type], *self._stops[ANY]]
        return [row for row in in_force(stops, at) if row.channel in {channel, ANY}]

    def kind(self, kind: str, at: datetime) -> KindRule:
        """Return the rule of a kind of booking; Refused where such are not taken now."""
        row = latest(self._kinds[kind], at)
        if row is None:
            raise no(refusals.NOT_ON_SALE)
        return KindRule(row.hold_seconds, row.quantity_min, row.quantity_max)

    def priced(
        self, wanted: Sequence[Wanted], kind: str, buyer: Buyer, at: datetime
    ) -> tuple[Line, ...]:
        """Return the lines with their prices; Refused for the first rule that is broken."""
        if kind == GROUP and not buyer.group_allowed:
            raise no(refusals.NOT_ON_SALE)
        rule = self.kind(kind, at)
        if not rule.quantity_min <= quantity(wanted) <= rule.quantity_max:
            raise no(
                refusals.QUANTITY_NOT_ALLOWED, least=rule.quantity_min, most=rule.quantity_max
            )
        return tuple(self._line(line, kind, buyer.channel, at) for line in wanted)

    def _line(self, line: Wanted, kind: str, channel: str, at: datetime) -> Line:
        ticket_type = self.types.get(line.ticket_type)
        if ticket_type is None:
            raise no(refusals.UNKNOWN_TICKET_TYPE)
        if ticket_type.group_only and kind != GROUP:
            raise no(refusals.GROUP_ONLY)
        past = line.day < at.astimezone(SHANGHAI).date()
        if past or self.admission(line.ticket_type, line.day, at) is None:
            raise no(refusals.DAY_NOT_VALID)
        price_fen = self.price_fen(line.ticket_type, channel, at)
        if price_fen is None or not self.on_sale(line, kind, channel, at):
            raise no(refusals.NOT_ON_SALE)
        return Line(line.ticket_type, line.day, line.quantity, price_fen)


def in_force(rules: Iterable[R], at: datetime) -> Iterable[R]:
    """Return the rules in force at a time."""
    return (
        rule
        for rule in rules
        if rule.effective_from <= at and (rule.effective_to is None or at < rule.effective_to)
    )


def latest(rules: Iterable[R], at: datetime) -> R | None:
    """Return the rule in force that took effect last, or None."""
    return max(in_force(rules, at), key=lambda rule: rule.effective_from, default=None)


def _by(
    connection: sa.Connection, table: sa.Table, *names: str
) -> defaultdict[Hashable, list[Any]]:
    found: defaultdict[Hashable, list[Any]] = defaultdict(list)
    for row in connection.execute(sa.select(table)):
        values = tuple(getattr(row, name) for name in names)
        found[values if len(names) > 1 else values[0]].append(row)
    return found
