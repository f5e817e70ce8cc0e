"""A small world for the hub's tests: a moved clock, plain contracts, counted metrics."""

import hashlib
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.envelope import Message, RequestId, Transmission
from hub.errors import InvalidBody

NOON = datetime(2010, 5, 1, 4, 0, tzinfo=UTC)


class MovedClock:
    """A clock that stands until it is moved."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        """Return the time it was set to."""
        return self.at

    def monotonic(self) -> float:
        """Return the same time in seconds."""
        return self.at.timestamp()

    def move(self, **by: float) -> None:
        """Move on, by ``seconds=5`` say."""
        self.at += timedelta(**by)


class PlainContracts:
    """Takes every body that does not say ``invalid``; the digest is over the bytes."""

    def check(self, element: str, body: bytes) -> None:
        """Refuse what says invalid."""
        if b"invalid" in body:
            raise InvalidBody(f"Not a {element}.")

    def digest(self, element: str, body: bytes) -> str:
        """Return the digest of the bytes."""
        return hashlib.sha256(element.encode() + body).hexdigest()


class CountedMetrics:
    """Counts by name; labels are joined."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.gauges: dict[str, float] = {}

    def count(self, name: str, by: int = 1, **labels: str) -> None:
        """Add to a counter."""
        if by:
            self.counts[" ".join([name, *labels.values()])] += by

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Count an observation."""
        self.counts[" ".join([name, *labels.values()])] += 1
        self.gauges[name] = value

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        self.gauges[" ".join([name, *labels.values()])] = value


def booking(reference: str = "A-1", **changes: Any) -> Message:
    """Return a PlaceBooking as gateway-1 sends it for agent 1001."""
    values: dict[str, Any] = {
        "type": "PlaceBooking.1",
        "id": RequestId("agent:1001", "PlaceBooking", reference),
        "transmission": Transmission("gateway-1", "b00t", 1),
        "accepted_at": NOON,
        "body": b"<PlaceBooking/>",
        "reply_to": "replies.gateway-1.b00t",
    }
    return Message(**{**values, **changes})
