"""The port of the lines in which messages for one business object stand."""

from typing import Protocol

from hub.envelope import RequestId


class Line(Protocol):
    """Who must wait for whom: a line for each business object, in the order of arrival.

    In it stand a message that is retried or parked and those that came after it. One that is
    recorded as HANDLED or WAITING has left.
    """

    def is_empty(self) -> bool:
        """Return whether nobody stands in any line: so it is nearly always."""

    def ahead(self, request_id: RequestId, line: str) -> str:
        """Return the nearest request before this one in a line; empty where there is none.

        Of a request that has no place yet, all are before it.
        """

    def join(self, request_id: RequestId, line: str) -> None:
        """Give a request the last place of a line; one that has a place keeps it."""
