"""The values of single headers, written and read; MalformedEnvelope names the one at fault."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from hub.errors import MalformedEnvelope

HEADER_CHARACTERS_MAX = 1_000
SHORT_CHARACTERS_MAX = 60
NUMBER_DIGITS_MAX = 18

NAME = re.compile(r"[A-Za-z0-9._-]{1,40}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def write_time(at: datetime) -> str:
    """UTC with microseconds, ISO 8601, as every header writes it."""
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    return at.isoformat(timespec="microseconds")


def read_time(text: str) -> datetime:
    """Read what ``write_time`` wrote; MalformedEnvelope where it is not a time with a zone."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise MalformedEnvelope("A time header is not an ISO 8601 time.") from None
    if at.tzinfo is None:
        raise MalformedEnvelope("A time header has no time zone.")
    if at.tzinfo is UTC:
        return at
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise MalformedEnvelope("A time header lies outside of the calendar.") from None


def text(headers: Mapping[str, str], name: str) -> str:
    """Return a header that must be there."""
    value = headers.get(name)
    if not isinstance(value, str) or not value:
        raise MalformedEnvelope(f"The header {name} is missing or unreadable.")
    return value


def short(headers: Mapping[str, str], name: str) -> str:
    """Return a short line; empty where it is not there."""
    value = headers.get(name, "")
    if len(value) > SHORT_CHARACTERS_MAX or not value.isprintable():
        raise MalformedEnvelope(f"The header {name} is too long or unreadable.")
    return value


def digest(headers: Mapping[str, str], name: str) -> str:
    """Return a SHA-256 in hex; empty where it is not there."""
    value = headers.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or _DIGEST.fullmatch(value) is None:
        raise MalformedEnvelope(f"The header {name} is not a digest.")
    return value


def word(headers: Mapping[str, str], name: str) -> str:
    """Return a name that must be there."""
    value = headers.get(name, "")
    if NAME.fullmatch(value) is None:
        raise MalformedEnvelope(f"The header {name} is missing or not a name.")
    return value


def number(headers: Mapping[str, str], name: str) -> int:
    """Return a number of at most NUMBER_DIGITS_MAX digits."""
    value = text(headers, name)
    if not (value.isascii() and value.isdigit() and len(value) <= NUMBER_DIGITS_MAX):
        raise MalformedEnvelope(f"The header {name} is not a number.")
    return int(value)
