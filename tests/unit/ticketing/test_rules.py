"""What may be booked when, by whom and for how much: the rules of Expo 2010, as data."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from internal_apps.ticketing import tables
from tests.unit.ticketing.world import PEAK_DAY, STANDARD_DAY, World, booking_values, lines_values

PHASES = {
    "groups first": datetime(2009, 5, 1, tzinfo=UTC),
    "second": datetime(2009, 8, 1, tzinfo=UTC),
    "third": datetime(2010, 2, 1, tzinfo=UTC),
    "open": datetime(2010, 6, 1, tzinfo=UTC),
}


@pytest.mark.parametrize(
    ("ticket_type", "yuan"),
    [
        ("STANDARD", {"second": 140, "third": 150, "open": 160}),
        ("STANDARD_SPECIAL", {"second": 80, "third": 90, "open": 100}),
        ("PEAK", {"second": 180, "third": 190, "open": 200}),
        ("PEAK_SPECIAL", {"second": 100, "third": 110, "open": 120}),
        ("THREE_DAY", {"second": 400, "third": 400, "open": 400}),
        ("SEVEN_DAY", {"second": 900, "third": 900, "open": 900}),
        ("EVENING", {"second": None, "third": 90, "open": 90}),
        ("GROUP", {"groups first": 120, "second": 120, "third": 120, "open": 130}),
        ("STUDENT_GROUP", {"groups first": 50, "second": 50, "third": 50, "open": 50}),
    ],
)
def test_each_type_has_the_price_of_its_phase(
    world: World, ticket_type: str, yuan: dict[str, int | None]
) -> None:
    """All nine types, priced by when the request was accepted."""
    group = ticket_type.endswith("GROUP")
    day = PEAK_DAY if ticket_type.startswith("PEAK") else STANDARD_DAY
    quantity, kind = (20, "GROUP") if group else (1, "INDIVIDUAL")
    for phase, price in yuan.items():
        world.clock.at = PHASES[phase]
        said = world.place(quantity, ticket_type=ticket_type, day=day, kind=kind)
        if price is None:
            assert said.code == "NOT_ON_SALE"
        else:
            assert said.booking["TotalFen"] == price * quantity * 100


def test_a_request_is_priced_by_when_it_was_accepted_not_by_when_it_is_handled(
    world: World,
) -> None:
    """A message that waited over the change of prices keeps the price of before."""
    world.clock.at = datetime(2010, 4, 30, 15, 59, 59, tzinfo=UTC)
    request = world.message("PlaceBooking", booking_values(1))
    world.clock.move(hours=1)
    (said,) = world.handle(request)
    assert said.booking["TotalFen"] == 15_000
    assert world.place(1).booking["TotalFen"] == 16_000


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"ticket_type": "STANDARD", "day": PEAK_DAY}, "DAY_NOT_VALID"),
        ({"ticket_type": "PEAK", "day": STANDARD_DAY}, "DAY_NOT_VALID"),
        ({"ticket_type": "EVENING", "day": PEAK_DAY}, "DAY_NOT_VALID"),
        ({"ticket_type": "THREE_DAY", "day": PEAK_DAY}, "DAY_NOT_VALID"),
        ({"day": date(2010, 5, 20)}, "DAY_NOT_VALID"),
        ({"day": date(2010, 11, 1)}, "DAY_NOT_VALID"),
        ({"ticket_type": "PRESS"}, "UNKNOWN_TICKET_TYPE"),
        ({"ticket_type": "GROUP"}, "GROUP_ONLY"),
        ({"quantity": 21}, "QUANTITY_NOT_ALLOWED"),
        ({"quantity": 9, "kind": "GROUP"}, "QUANTITY_NOT_ALLOWED"),
        ({"quantity": 20, "kind": "GROUP", "sender": "agent:1002"}, "NOT_ON_SALE"),
        ({"sender": "agent:9999"}, "NOT_ON_SALE"),
        ({"quantity": 15, "ticket_type": "GROUP", "kind": "GROUP"}, "DONE"),
        ({"sender": "staff:li"}, "DONE"),
        ({"day": date(2010, 6, 1)}, "DONE"),
        ({"day": date(2010, 5, 31)}, "DAY_NOT_VALID"),
    ],
)
def test_what_may_not_be_booked_is_refused_with_its_reason(
    world: World, values: dict[str, Any], code: str
) -> None:
    """Each rule has its own code, and sentences in two languages."""
    said = world.place(**values)
    assert said.code == code
    if said.refusal is not None:
        sentences = (said.refusal.sentence_zh, said.refusal.what_to_do_zh)
        assert all(sentence and "{" not in sentence for sentence in sentences)


def test_every_peak_day_and_no_other_takes_peak_tickets(world: World) -> None:
    """May 1-3, October 1-7, October 25-31: seventeen of a hundred and eighty-four."""
    world.clock.at = PHASES["third"]
    with world.database.begin() as connection:
        rows = connection.execute(
            sa.select(tables.day_classes.c.visit_day, tables.day_classes.c.day_class)
        ).all()
    peak = sorted(row.visit_day for row in rows if row.day_class == "PEAK")
    assert (len(rows), len(peak)) == (184, 17)
    assert [peak[0], peak[3], peak[10], peak[-1]] == [
        date(2010, 5, 1),
        date(2010, 10, 1),
        date(2010, 10, 25),
        date(2010, 10, 31),
    ]
    assert {world.place(1, ticket_type="PEAK", day=day).code for day in peak} == {"DONE"}


def test_sale_stops_on_the_first_of_september(world: World) -> None:
    """Standard and multi-day tickets stop; peak and evening go on."""
    day = date(2010, 9, 20)
    codes = {}
    world.clock.at = datetime(2010, 8, 31, 16, 0, tzinfo=UTC)
    for ticket_type in ("STANDARD", "THREE_DAY", "SEVEN_DAY", "EVENING"):
        codes[ticket_type] = world.place(1, ticket_type=ticket_type, day=day).code
    codes["PEAK"] = world.place(1, ticket_type="PEAK", day=PEAK_DAY).code
    stopped = dict.fromkeys(("STANDARD", "THREE_DAY", "SEVEN_DAY"), "NOT_ON_SALE")
    assert codes == {**stopped, "EVENING": "DONE", "PEAK": "DONE"}


def test_a_line_draws_from_every_quota_that_matches(world: World) -> None:
    """Day, type and channel bound the sale each by itself, and together."""
    day = date(2010, 7, 1)
    of_day = tables.quota.c.visit_day == day
    with world.database.begin() as connection:
        connection.execute(
            tables.quota.insert(),
            [
                {"visit_day": day, "ticket_type": kind, "channel": channel, "capacity": places}
                | {"taken": 0, "source": "test"}
                for kind, channel, places in (
                    ("STANDARD", "AGENCY", 3),
                    ("STANDARD", "*", 5),
                    ("*", "AGENCY", 4),
                )
            ],
        )
    assert world.place(3, day=day).code == "DONE"
    assert world.place(1, day=day).code == "SOLD_OUT"
    assert world.place(1, day=day, ticket_type="EVENING").code == "DONE"
    assert world.place(1, day=day, ticket_type="EVENING").code == "SOLD_OUT"
    assert world.place(2, day=day, sender="staff:li").code == "DONE"
    assert world.place(1, day=day, sender="staff:li").code == "SOLD_OUT"
    with world.database.begin() as connection:
        taken = connection.execute(
            sa.select(tables.quota.c.ticket_type, tables.quota.c.channel, tables.quota.c.taken)
            .where(of_day)
            .order_by(tables.quota.c.number)
        ).all()
    assert [tuple(row) for row in taken if row.taken] == [
        ("*", "*", 6),
        ("EVENING", "*", 1),
        ("*", "TELEPHONE", 2),
        ("STANDARD", "AGENCY", 3),
        ("STANDARD", "*", 5),
        ("*", "AGENCY", 4),
    ]


def test_the_same_day_twice_in_one_booking_counts_twice(world: World) -> None:
    """Two lines of one day are drawn together."""
    day = date(2010, 7, 2)
    with world.database.begin() as connection:
        connection.execute(
            tables.quota.update().where(tables.quota.c.visit_day == day).values(capacity=3)
        )
    two_lines = lines_values(("STANDARD", day, 2), ("STANDARD_SPECIAL", day, 2))
    values = {**booking_values(), **two_lines}
    assert world.ask("PlaceBooking", values).code == "SOLD_OUT"


def test_every_figure_says_where_it_comes_from(world: World) -> None:
    """What has no source is marked as assumed or derived."""
    with world.database.begin() as connection:
        for table in (tables.prices, tables.admissions, tables.kinds, tables.quota):
            sources = set(connection.execute(sa.select(table.c.source)).scalars())
            assert all(sources)
        kinds = set(connection.execute(sa.select(tables.kinds.c.source)).scalars())
        prices = set(connection.execute(sa.select(tables.prices.c.source)).scalars())
    assert kinds == {"assumed"}
    assert "assumed" in prices
