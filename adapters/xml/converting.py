"""Between the text of a leaf element and its typed value, by the XSD's built-in types."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from xml.sax.saxutils import escape

from adapters.xml.parsing import WHITE_SPACE, XmlRefused

Convert = Callable[[str], Any]

# XML 1.0, section 2.2: these characters cannot be written in any way.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_RUN = re.compile(r"[ \t\r\n]+")
_ZONE = re.compile(r"(?:Z|[+-]\d\d:\d\d)?")
_CLOCK = re.compile(r"(\d\d:\d\d:\d\d)(?:\.(\d{1,6})0*)?(Z|[+-]\d\d:\d\d)?")
_END_OF_DAY = "24:00:00"
_RETURN = {"\r": "&#13;"}


def to_date(text: str) -> date:
    """Read an xs:date; its time zone, if any, is dropped: a day is a day at the site."""
    text = text.strip(WHITE_SPACE)
    if _ZONE.fullmatch(text, 10) is None:
        raise ValueError(text)
    return date.fromisoformat(text[:10])


def to_datetime(text: str) -> datetime:
    """Read an xs:dateTime as UTC; one without a time zone is taken to be UTC."""
    day, _, rest = text.strip(WHITE_SPACE).partition("T")
    clock, days_later = _clock(rest)
    at = datetime.fromisoformat(f"{date.fromisoformat(day).isoformat()}T{clock}")
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return (at + timedelta(days=days_later)).astimezone(UTC)


def to_time(text: str) -> time:
    """Read an xs:time; its time zone, if any, is dropped."""
    return time.fromisoformat(_clock(text.strip(WHITE_SPACE))[0]).replace(tzinfo=None)


def to_token(text: str) -> str:
    """Collapse white space, as xs:token does: XML's, not that of every script."""
    return _RUN.sub(" ", text).strip(" ")


def to_boolean(text: str) -> bool:
    """Read an xs:boolean."""
    return text.strip(WHITE_SPACE) in ("true", "1")


def _clock(text: str) -> tuple[str, int]:
    """Return an ISO time with its zone, and 1 where it is the end of the day.

    ValueError for what is finer than a microsecond: rounding would make two values one.
    """
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise ValueError(text)
    clock, fraction, zone = match.groups()
    ends = clock == _END_OF_DAY
    fine = f".{fraction:0<6}" if fraction else ""
    return f"{'00:00:00' if ends else clock}{fine}{zone or ''}", int(ends)


CONVERTERS: dict[str, Convert] = {
    "string": str,
    "token": to_token,
    "boolean": to_boolean,
    "int": int,
    "long": int,
    "integer": int,
    "nonNegativeInteger": int,
    "date": to_date,
    "dateTime": to_datetime,
    "time": to_time,
}


def to_text(value: Any) -> str:
    """Return a value's canonical text, escaped; XmlRefused for what XML cannot carry."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return " ".join(to_text(item) for item in value)
    text = str(value)
    if _FORBIDDEN.search(text):
        raise XmlRefused("SCHEMA_INVALID", "A text has a character that XML cannot carry.")
    return escape(text, _RETURN)
