"""The documents of the simulation: the real contracts, each document looked at only once."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from adapters.xml import Schemas, parse
from hub.errors import InvalidBody
from hub.messages import message_type

Values = Mapping[str, Any]

PRICE_FEN = 16_000
REMEMBERED_MAX = 5_000


class Documents:
    """Implements ``hub.ports.Contracts``; remembers what it found, for it is always the same."""

    def __init__(self) -> None:
        self.schemas = Schemas()
        remembered = lru_cache(REMEMBERED_MAX)
        self._checked = remembered(self._check)
        self.digest = remembered(self.schemas.digest)
        self.values = remembered(lambda body: self.schemas.values(parse(body)))

    def check(self, element: str, body: bytes) -> None:
        """Validate ``body`` as ``element``."""
        error = self._checked(element, body)
        if error is not None:
            raise error

    def write(self, key: str, **values: Any) -> bytes:
        """Return the document of a message type."""
        return self.schemas.write(message_type(key).element, values)

    def _check(self, element: str, body: bytes) -> InvalidBody | None:
        try:
            self.schemas.check(element, body)
        except InvalidBody as error:
            return error
        return None


DOCUMENTS = Documents()


def contact(name: str) -> Values:
    """Return a contact."""
    return {"Name": name, "Telephone": "13800138000"}


def lines(quantity: int) -> Values:
    """Return the one line of a request."""
    return {"Line": [{"TicketType": "STANDARD", "Day": date(2010, 6, 10), "Quantity": quantity}]}


def quantity_of(values: Values) -> int:
    """Return how many tickets a request or a booking is about."""
    return int(values["Lines"]["Line"][0]["Quantity"])


def in_other_words(body: bytes) -> bytes:
    """Return the same values in other bytes."""
    return body.replace(b"<Quantity>", b"<Quantity>0").replace(b"<Version>", b"<Version>0")
