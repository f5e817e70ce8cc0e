"""What is offered now, as it is published: a price and what is left of every day."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from internal_apps.ticketing.buyers import TELEPHONE
from internal_apps.ticketing.catalogue import GROUP, SHANGHAI, Catalogue, TicketType
from internal_apps.ticketing.domain import CURRENCY, Wanted
from internal_apps.ticketing.tables import ANY, agents, quota

INDIVIDUAL = "INDIVIDUAL"
NOT_OFFERED = -2
ONE = 1

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

    def type_values(self, ticket_type: TicketType) -> dict[str, Any] | None:
        """Return what is the same for every day and channel, None where no day is offered."""
        for day in self._days:
            rule = self.catalogue.admission(ticket_type.code, day, self._now)
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
        price_fen = self.catalogue.price_fen(ticket_type.code, channel, self._now)
        left = {day: self._left(ticket_type, channel, day) for day in self._days}
        offered = [day for day in self._days if left[day] != NOT_OFFERED]
        if price_fen is None or not offered:
            return None
        span = (offered[-1] - offered[0]).days + 1
        every = [offered[0] + timedelta(days=number) for number in range(span)]
        return {
            "TicketType": ticket_type.code,
            "Channel": channel,
            "PriceFen": price_fen,
            "Currency": CURRENCY,
            "FromDay": offered[0],
            "Left": [left.get(day, NOT_OFFERED) for day in every],
        }

    def _left(self, ticket_type: TicketType, channel: str, day: date) -> int:
        if self.catalogue.admission(ticket_type.code, day, self._now) is None:
            return NOT_OFFERED
        line = Wanted(ticket_type.code, day, ONE)
        kinds = (GROUP,) if ticket_type.group_only else (INDIVIDUAL, GROUP)
        if not any(self.catalogue.on_sale(line, kind, channel, self._now) for kind in kinds):
            return NOT_OFFERED
        matching = [
            max(left, 0)
            for of_type, of_channel, left in self._places.get(day, ())
            if of_type in {ticket_type.code, ANY} and of_channel in {channel, ANY}
        ]
        return min(matching, default=NOT_OFFERED)


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
