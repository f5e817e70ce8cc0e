"""What is offered now, as it is published: a price and what is left of every day."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from internal_apps.ticketing.buyers import TELEPHONE
from internal_apps.ticketing.catalogue import GROUP, SHANGHAI, Catalogue, TicketType
from internal_apps.ticketing.domain import CURRENCY
from internal_apps.ticketing.tables import ANY, agents, quota

INDIVIDUAL = "INDIVIDUAL"
NOT_OFFERED = -2

Places = Mapping[date, Sequence[tuple[str, str, int]]]


def offers_values(connection: sa.Connection, now: datetime) -> dict[str, Any]:
    """Return the offers as they are published, without version and time."""
    shelf = Shelf(connection, now)
    types = shelf.catalogue.types.values()
    channels = _channels(connection)
    offered = [shelf.type_values(ticket_type) for ticket_type in types]
    series = [shelf.series(ticket_type, channel) for ticket_type in types for channel in channels]
    return {
        "OfferedType": [values for values in offered if values],
        "Series": [values for values in series if values],
    }


class Shelf:
    """What can be sold as of now."""

    def __init__(self, connection: sa.Connection, now: datetime) -> None:
        """Read the rules and what is left, from today in Shanghai on."""
        self.catalogue = Catalogue(connection)
        self._now = now
        today = now.astimezone(SHANGHAI).date()
        self._days = [day for day in self.catalogue.days() if day >= today]
        self._places = _places(connection, today)
        self._admissions = {
            code: {day: self.catalogue.admission(code, day, now) for day in self._days}
            for code in self.catalogue.types
        }

    def type_values(self, ticket_type: TicketType) -> dict[str, Any] | None:
        """Return what is the same for every day and channel, None where no day is offered."""
        for rule in self._admissions[ticket_type.code].values():
            if rule is not None:
                return {
                    "TicketType": ticket_type.code,
                    "NameEn": ticket_type.name_en,
                    "NameZh": ticket_type.name_zh,
                    "Visits": rule.visits,
                    "EntryFrom": f"{rule.admission_from}:00",
                    "GroupOnly": ticket_type.group_only,
                }
        return None

    def series(self, ticket_type: TicketType, channel: str) -> dict[str, Any] | None:
        """Return price and days of a ticket type in a channel, None where it is not offered."""
        code = ticket_type.code
        price_fen = self.catalogue.price_fen(code, channel, self._now)
        kinds = (GROUP,) if ticket_type.group_only else (INDIVIDUAL, GROUP)
        is_open = any(self.catalogue.is_open(code, kind, channel, self._now) for kind in kinds)
        if price_fen is None or not is_open:
            return None
        left = self._left(code, channel)
        if not left:
            return None
        first, last = min(left), max(left)
        every = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        return {
            "TicketType": code,
            "Channel": channel,
            "PriceFen": price_fen,
            "Currency": CURRENCY,
            "FromDay": first,
            "Left": [left.get(day, NOT_OFFERED) for day in every],
        }

    def _left(self, code: str, channel: str) -> dict[date, int]:
        """Return what is left of each day that is offered."""
        stops = self.catalogue.stops(code, channel, self._now)
        types, channels = {code, ANY}, {channel, ANY}
        left = {}
        for day, rule in self._admissions[code].items():
            stopped = any(stop.first_day <= day <= stop.last_day for stop in stops)
            if rule is None or stopped:
                continue
            matching = [
                places
                for of_type, of_channel, places in self._places.get(day, ())
                if of_type in types and of_channel in channels
            ]
            if matching:
                left[day] = max(min(matching), 0)
        return left


def _channels(connection: sa.Connection) -> Sequence[str]:
    selling = connection.execute(sa.select(agents.c.channel).distinct()).scalars()
    return sorted({TELEPHONE, *selling})


def _places(connection: sa.Connection, today: date) -> Places:
    rows = connection.execute(
        sa.select(
            quota.c.visit_day,
            quota.c.ticket_type,
            quota.c.channel,
            quota.c.capacity - quota.c.taken,
        ).where(quota.c.visit_day >= today)
    )
    found: dict[date, list[tuple[str, str, int]]] = defaultdict(list)
    for day, ticket_type, channel, left in rows:
        found[day].append((ticket_type, channel, left))
    return found
