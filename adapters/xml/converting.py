"""Between the text of a leaf element and its typed value, by the XSD's built-in types."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any
from xml.sax.saxutils import escape

from adapters.xml.parsing import XmlRefused

Convert = Callable[[str], Any]

# XML 1.0, section 2.2: these characters cannot be written in any way.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_FRACTION = re.compile(r"(\.\d{6})\d+")


def to_date(text: str) -> date:
    """Read an xs:date; its time zone, if any, is dropped: a day is a day at the site."""
    return date.fromisoformat(text.strip()[:10])


def to_datetime(text: str) -> datetime:
    """Read an xs:dateTime as UTC; one without a time zone is taken to be UTC."""
    at = datetime.fromisoformat(_FRACTION.sub(r"\1", text.strip()))
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def to_time(text: str) -> time:
    """Read an xs:time; its time zone, if any, is dropped."""
    return time.fromisoformat(_FRACTION.sub(r"\1", text.strip())).replace(tzinfo=None)


def to_token(text: str) -> str:
    """Collapse white space, as xs:token does."""
    return " ".join(text.split())


def to_boolean(text: str) -> bool:
    """Read an xs:boolean."""
    return text.strip() in ("true", "1")


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
    return escape(text)
