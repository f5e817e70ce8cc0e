"""The digest of a request: of its values, of nothing else, and of all of them."""

import copy
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.xml import Schemas
from tests.unit.xml_values import (
    CHANGE_BOOKING,
    CHANGES,
    HANDS,
    PLACE_BOOKING,
    PLACINGS,
    UNHURRIED,
    Hand,
    Values,
)

SCHEMAS = Schemas()
PLAIN = Hand(
    "", "utf-8", declared=False, between="", around="", plus="", zone="", comment="", cdata=False
)


@UNHURRIED
@given(values=PLACINGS, hand=HANDS)
def test_a_placing_has_one_digest_however_it_is_written(values: Values, hand: Hand) -> None:
    """Prefixes, encodings, white space, comments, zones of days, plus signs: one digest."""
    plain = SCHEMAS.digest(PLACE_BOOKING, PLAIN.write(PLACE_BOOKING, values))
    assert SCHEMAS.digest(PLACE_BOOKING, hand.write(PLACE_BOOKING, values)) == plain


@UNHURRIED
@given(values=CHANGES, hand=HANDS)
def test_a_change_has_one_digest_however_it_is_written(values: Values, hand: Hand) -> None:
    """The same for a message with parts that may be left out."""
    plain = SCHEMAS.digest(CHANGE_BOOKING, PLAIN.write(CHANGE_BOOKING, values))
    assert SCHEMAS.digest(CHANGE_BOOKING, hand.write(CHANGE_BOOKING, values)) == plain


@UNHURRIED
@given(first=PLACINGS, second=PLACINGS, hand=HANDS)
def test_other_values_have_another_digest(first: Values, second: Values, hand: Hand) -> None:
    """Two requests have the same digest exactly where their values are the same."""
    digests = {
        SCHEMAS.digest(PLACE_BOOKING, hand.write(PLACE_BOOKING, values))
        for values in (first, second)
    }
    assert (len(digests) == 1) == (first == second)


def _leaves(values: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(values, dict):
        return [leaf for key, inner in values.items() for leaf in _leaves(inner, (*path, key))]
    if isinstance(values, list):
        return [leaf for at, inner in enumerate(values) for leaf in _leaves(inner, (*path, at))]
    return [path]


def _other(name: object, value: Any) -> Any:
    """Return another value that the contract takes for an element of this name."""
    if name == "Name":
        return "甲" if value != "甲" else "乙"
    if name == "Kind":
        return "GROUP" if value == "INDIVIDUAL" else "INDIVIDUAL"
    if name == "Day":
        return value + timedelta(days=1) if value < date.max else date.min
    if name == "Quantity":
        return value % 9999 + 1
    first, second = ("0", "1") if name == "Telephone" else ("A", "B")
    return (first if value[0] != first else second) + value[1:]


@UNHURRIED
@given(values=PLACINGS, data=st.data())
def test_every_single_value_counts(values: Values, data: st.DataObject) -> None:
    """Whichever one leaf changes, the digest changes."""
    *path, last = data.draw(st.sampled_from(_leaves(values)))
    changed = copy.deepcopy(values)
    holder = changed
    for step in path:
        holder = holder[step]
    holder[last] = _other(last, holder[last])
    assert changed != values
    assert SCHEMAS.digest(PLACE_BOOKING, SCHEMAS.write(PLACE_BOOKING, changed)) != SCHEMAS.digest(
        PLACE_BOOKING, SCHEMAS.write(PLACE_BOOKING, values)
    )


def test_the_order_of_lines_counts() -> None:
    """Two lines the other way round are another request: an answer repeats their order."""
    days = (date(2010, 5, 3), date(2010, 5, 4))
    lines = [{"TicketType": "STANDARD", "Day": day, "Quantity": 1} for day in days]
    named = {"RequestReference": "R-1", "PlacedAs": "R-0", "Version": 1}
    one, other = (
        SCHEMAS.digest(CHANGE_BOOKING, SCHEMAS.write(CHANGE_BOOKING, {**named, "Lines": in_order}))
        for in_order in ({"Line": lines}, {"Line": lines[::-1]})
    )
    assert one != other


def test_the_element_counts() -> None:
    """A confirmation and a cancellation of the same values are not the same request."""
    values = {"RequestReference": "R-1", "PlacedAs": "R-0", "Version": 1}
    digests = set()
    for operation in ("ConfirmBooking", "CancelBooking"):
        element = f"{{urn:lupu:ticketing:1}}{operation}"
        digests.add(SCHEMAS.digest(element, SCHEMAS.write(element, values)))
    assert len(digests) == 2


@pytest.mark.parametrize(
    "names", [("é", "e\u0301"), ("王", "王\ufe00"), ("A B", "A\u3000B"), ("A B", "A\u00a0B")]
)
def test_what_only_looks_alike_is_not_the_same(names: tuple[str, str]) -> None:
    """Unicode's many forms and spaces are kept as they came: nothing is normalised away."""
    digests = set()
    for name in names:
        contact = {"Name": name, "Telephone": "021 5888 1234"}
        values = {"RequestReference": "R-1", "PlacedAs": "R-0", "Version": 1, "Contact": contact}
        digests.add(SCHEMAS.digest(CHANGE_BOOKING, SCHEMAS.write(CHANGE_BOOKING, values)))
    assert len(digests) == 2
