"""What is written is read back as the same values, and every lexical form as what it means."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.xml import Schemas, XmlRefused, read_refusal, write_refusal
from adapters.xml.converting import to_boolean, to_date, to_datetime, to_text, to_time, to_token
from hub.errors import Refusal
from tests.unit.xml_values import (
    CHANGE_BOOKING,
    CHANGES,
    DAYS,
    NAMES,
    PLACE_BOOKING,
    PLACINGS,
    UNHURRIED,
    Values,
)

SCHEMAS = Schemas()
OFFERS = "{urn:lupu:published:1}Offers"

# From the year 1 to the year 9999, a day less at each end: no zone leads out of the calendar.
MOMENTS = st.builds(
    lambda microseconds: datetime(5000, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds),
    st.integers(-(10**6) * 86_400 * 1_825_000, 10**6 * 86_400 * 1_825_000),
)
TYPES = st.fixed_dictionaries(
    {
        "TicketType": st.just("STANDARD"),
        "NameEn": NAMES,
        "NameZh": NAMES,
        "Visits": st.integers(-(2**31), 2**31 - 1),
        "GroupOnly": st.booleans(),
    },
    optional={"EntryFrom": st.times()},
)
SERIES = st.fixed_dictionaries(
    {
        "TicketType": st.just("STANDARD"),
        "Channel": st.just("AGENCY"),
        "PriceFen": st.integers(-(2**63), 2**63 - 1),
        "Currency": st.just("CNY"),
        "FromDay": DAYS,
        "Left": st.lists(st.integers(-2, 600_000), max_size=184),
    }
)
PUBLISHED: st.SearchStrategy[Values] = st.fixed_dictionaries(
    {"Version": st.integers(0, 2**63 - 1), "PublishedAt": MOMENTS},
    optional={
        "OfferedType": st.lists(TYPES, min_size=1, max_size=3),
        "Series": st.lists(SERIES, min_size=1, max_size=3),
    },
)
SENTENCES = st.text(
    st.characters(
        codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"
    )
    | st.sampled_from("\t\r\n\x85"),
    min_size=1,
    max_size=1000,
)


def read(element: str, body: bytes) -> Values:
    """Return the values of a document."""
    return SCHEMAS.values(SCHEMAS.read(element, body))


@UNHURRIED
@given(PLACINGS)
def test_a_placing_survives(values: Values) -> None:
    """Names of every plane, what XML escapes, each bound."""
    assert read(PLACE_BOOKING, SCHEMAS.write(PLACE_BOOKING, values)) == values


@UNHURRIED
@given(CHANGES)
def test_what_is_left_out_stays_out(values: Values) -> None:
    """Optional parts that are not there are neither written nor read as something empty."""
    assert read(CHANGE_BOOKING, SCHEMAS.write(CHANGE_BOOKING, values)) == values
    absent = {"Contact": None, "Lines": None, **values}
    assert SCHEMAS.write(CHANGE_BOOKING, absent) == SCHEMAS.write(CHANGE_BOOKING, values)


@UNHURRIED
@given(PUBLISHED)
def test_published_values_survive(values: Values) -> None:
    """Times, moments to the microsecond, large numbers, booleans, lists of numbers."""
    assert read(OFFERS, SCHEMAS.write(OFFERS, values)) == values


@UNHURRIED
@given(first=SENTENCES, second=SENTENCES, retryable=st.booleans(), wait=st.integers(0, 10**9))
@example(first=" \r\n", second="]]>&<\x85", retryable=True, wait=0)
def test_a_refusal_survives(*, first: str, second: str, retryable: bool, wait: int) -> None:
    """Sentences arrive to the letter, carriage returns included."""
    refusal = Refusal(
        code="SOLD_OUT",
        sentence_en=first,
        sentence_zh=second,
        what_to_do_en=second,
        what_to_do_zh=first,
        retryable=retryable,
        retry_after_seconds=wait,
    )
    written = write_refusal(refusal)
    SCHEMAS.check("{urn:lupu:common:1}Refused", written)
    assert read_refusal(written) == refusal


@pytest.mark.parametrize("character", ["\0", "\x01", "\x0b", "\x1f", "\ud800", "\ufffe", "\uffff"])
def test_what_xml_cannot_carry_is_refused(character: str) -> None:
    """A forbidden character is refused where it is written, not sent as something else."""
    contact = {"Name": f"王{character}", "Telephone": "021 5888 1234"}
    values = {"RequestReference": "R-1", "PlacedAs": "R-0", "Version": 1, "Contact": contact}
    with pytest.raises(XmlRefused) as refused:
        SCHEMAS.write(CHANGE_BOOKING, values)
    assert character not in str(refused.value)


@pytest.mark.parametrize(
    "values",
    [
        {"RequestReference": "R-1", "Version": 1},
        {"RequestReference": "R 1", "PlacedAs": "R-0", "Version": 1},
        {"RequestReference": "R-1", "PlacedAs": "R-0", "Version": 0},
        {
            "RequestReference": "R-1",
            "PlacedAs": "R-0",
            "BookingReference": "ABC-DEF",
            "Version": 1,
        },
    ],
)
def test_nothing_invalid_is_written(values: Values) -> None:
    """What the contract does not allow is refused on the way out too."""
    with pytest.raises(XmlRefused):
        SCHEMAS.write(CHANGE_BOOKING, values)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2010-05-01T01:00:00Z", datetime(2010, 5, 1, 1, tzinfo=UTC)),
        ("2010-05-01T09:00:00+08:00", datetime(2010, 5, 1, 1, tzinfo=UTC)),
        ("2010-05-01T01:00:00", datetime(2010, 5, 1, 1, tzinfo=UTC)),
        (" \n2010-05-01T01:00:00.5Z\t", datetime(2010, 5, 1, 1, 0, 0, 500_000, tzinfo=UTC)),
        ("2010-05-01T01:00:00.1234560000Z", datetime(2010, 5, 1, 1, 0, 0, 123_456, tzinfo=UTC)),
        ("2010-04-30T24:00:00Z", datetime(2010, 5, 1, tzinfo=UTC)),
    ],
)
def test_moments_are_read_as_meant(text: str, meant: datetime) -> None:
    """Whatever the zone, the fraction or the end of a day: one moment in UTC."""
    assert to_datetime(text) == meant
    assert to_datetime(to_text(meant)) == meant


@pytest.mark.parametrize(
    "text",
    [
        "10000-01-01T00:00:00Z",
        "-0001-01-01T00:00:00Z",
        "2010-05-01T01:00:00.1234567Z",
        "2010-05-01T25:00:00Z",
        "2010-05-01",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T24:00:00Z",
    ],
)
def test_moments_beyond_the_calendar_are_errors(text: str) -> None:
    """What cannot be kept is an error, never silently None, cut or rounded."""
    with pytest.raises((ValueError, OverflowError)):
        to_datetime(text)


@pytest.mark.parametrize("text", ["10000-01-01", "-0001-01-01", "2010-02-30", "2010-05-01T00:00"])
def test_days_beyond_the_calendar_are_errors(text: str) -> None:
    """The same for days."""
    with pytest.raises(ValueError, match=r"\w"):
        to_date(text)


@UNHURRIED
@given(DAYS, st.sampled_from(["", "Z", "+14:00", "-14:00"]))
def test_a_day_is_the_day_that_is_written(day: date, zone: str) -> None:
    """A zone moves no day: it is a day at the site."""
    assert to_date(f"\t{day}{zone}\n") == day


@UNHURRIED
@given(MOMENTS, st.integers(-14 * 60, 14 * 60))
def test_a_moment_has_one_text(moment: datetime, minutes: int) -> None:
    """The same moment in another zone is written as the same text."""
    elsewhere = moment.astimezone(timezone(timedelta(minutes=minutes)))
    assert to_text(elsewhere) == to_text(moment)
    assert to_text(moment).endswith("Z")


def test_other_leaves() -> None:
    """Times lose their zone, tokens their runs of white space, booleans have four forms."""
    assert to_time(" 09:00:00+08:00 ") == time(9)
    assert to_time("24:00:00") == time(0)
    assert to_token(" a \t\r\n b\u3000c ") == "a b\u3000c"
    forms: dict[str, Any] = {"true": True, " 1 ": True, "false": False, "0": False}
    assert {text: to_boolean(text) for text in forms} == forms
