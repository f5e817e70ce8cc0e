"""ListOffers, answered from what was last published: nothing is asked inside."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from xml.sax.saxutils import escape

from adapters.agents import Agent
from adapters.published import Edition
from hub.messages import TICKETING

NO_BOUND = -1
NOT_OFFERED = -2


@dataclass(frozen=True, slots=True)
class Series:
    """One ticket type as one channel may sell it; ``left`` has a number for each day."""

    ticket_type: str
    channel: str
    from_day: date
    left: tuple[int, ...]
    group_only: bool
    before_day: str
    before_left: str
    after_left: str

    def days(self, first: date | None, last: date | None) -> Iterator[tuple[date, int]]:
        """Return the days from ``first`` to ``last`` on which it is offered, and what is left."""
        for number, left in enumerate(self.left):
            day = self.from_day + timedelta(days=number)
            within = (first is None or day >= first) and (last is None or day <= last)
            if within and left != NOT_OFFERED:
                yield day, left

    def write(self, day: date, left: int) -> str:
        """Return one Offer element."""
        bound = "" if left == NO_BOUND else f"<t:Left>{max(left, 0)}</t:Left>"
        return f"{self.before_day}{day.isoformat()}{self.before_left}{bound}{self.after_left}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What ListOffers asks for; None: any."""

    ticket_type: str | None = None
    first: date | None = None
    last: date | None = None


class Catalogue:
    """What may be sold, by channel."""

    def __init__(self, series: tuple[Series, ...]) -> None:
        self._series = series

    def offers(self, agent: Agent, wanted: Wanted) -> str:
        """Return the Offer elements that this agent may sell."""
        return "".join(
            series.write(day, left)
            for series in self._series
            if series.channel == agent.channel
            and (agent.group_allowed or not series.group_only)
            and wanted.ticket_type in (None, series.ticket_type)
            for day, left in series.days(wanted.first, wanted.last)
        )


def read_offers(values: Mapping[str, Any]) -> Edition[Catalogue]:
    """Read the typed values of a published Offers document."""
    types = {entry["TicketType"]: entry for entry in values.get("OfferedType", ())}
    series = tuple(
        _series(entry, types[entry["TicketType"]])
        for entry in values.get("Series", ())
        if entry["TicketType"] in types
    )
    return Edition(values["Version"], values["PublishedAt"], Catalogue(series))


def list_offers_response(edition: Edition[Catalogue], now: datetime, offers: str) -> bytes:
    """Return the ListOffersResponse document around Offer elements."""
    age_seconds = max(0, int((now - edition.published_at).total_seconds()))
    published_at = edition.published_at.isoformat().replace("+00:00", "Z")
    return (
        f'<t:ListOffersResponse xmlns:t="{TICKETING}">'
        f"<t:OffersVersion>{edition.version}</t:OffersVersion>"
        f"<t:PublishedAt>{published_at}</t:PublishedAt>"
        f"<t:AgeSeconds>{age_seconds}</t:AgeSeconds>"
        f"<t:Offers>{offers}</t:Offers></t:ListOffersResponse>"
    ).encode()


def _series(values: Mapping[str, Any], kind: Mapping[str, Any]) -> Series:
    entry_from = kind.get("EntryFrom")
    entry = "" if entry_from is None else f"<t:EntryFrom>{entry_from}</t:EntryFrom>"
    return Series(
        ticket_type=values["TicketType"],
        channel=values["Channel"],
        from_day=values["FromDay"],
        left=tuple(values["Left"]),
        group_only=kind["GroupOnly"],
        before_day=(
            f"<t:Offer><t:TicketType>{values['TicketType']}</t:TicketType>"
            f"<t:NameEn>{escape(kind['NameEn'])}</t:NameEn>"
            f"<t:NameZh>{escape(kind['NameZh'])}</t:NameZh><t:Day>"
        ),
        before_left=(
            f"</t:Day><t:PriceFen>{values['PriceFen']}</t:PriceFen>"
            f"<t:Currency>{values['Currency']}</t:Currency>"
        ),
        after_left=(
            f"<t:Visits>{kind['Visits']}</t:Visits>{entry}"
            f"<t:GroupOnly>{str(kind['GroupOnly']).lower()}</t:GroupOnly></t:Offer>"
        ),
    )
