"""What is paused and what is drained: a route, an agency or a gateway, until somebody resumes it.

What is paused is accepted and kept inside; a repeat is told that its request waits. Of what is
drained gateways accept nothing new, and what was accepted is done. Questions are answered, and
what the books say is taken in: neither may hide anything.
"""

import enum
import re
from collections.abc import Iterable
from typing import NamedTuple, Self

from hub.envelope import AGENT, Message
from hub.errors import NotAllowed
from hub.messages import MESSAGES, MessageType, message_type

_NAME = re.compile(r"[A-Za-z0-9._-]{1,32}")
_SUBJECT = "="


class Kind(enum.StrEnum):
    """What may be paused or drained.

    A ROUTE is an application (``ticketing``) or one of its requests (``PlaceBooking``).
    """

    ROUTE = "route"
    AGENCY = "agency"
    GATEWAY = "gateway"


class Mode(enum.StrEnum):
    """PAUSE: what was accepted is kept. DRAIN: gateways accept nothing new."""

    PAUSE = "pause"
    DRAIN = "drain"


class Target(NamedTuple):
    """What is paused or drained, by its name."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        """One line: ``agency:1001``."""
        return f"{self.kind}:{self.name}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the one-line form; NotAllowed where it is not one."""
        kind, _, name = text.partition(":")
        if kind not in set(Kind):
            raise NotAllowed("What is paused or drained reads route:, agency: or gateway:NAME.")
        return cls(Kind(kind), name)

    @property
    def subject(self) -> str:
        """What a request waits for that a pause of this keeps."""
        return f"{_SUBJECT}{self}"

    def check(self) -> None:
        """NotAllowed where nothing has that name or could have it."""
        if self.kind is Kind.ROUTE and self.name not in routes():
            raise NotAllowed(f"There is no route '{self.name}': {', '.join(routes())}.")
        if not _NAME.fullmatch(self.name):
            raise NotAllowed(f"'{self.name}' cannot be the name of a gateway or an agency.")


class Targets:
    """What is paused, or what is drained, at one moment."""

    def __init__(self, targets: Iterable[Target] = ()) -> None:
        """Take every target there is."""
        self._targets = frozenset(targets)

    def of(self, message: Message) -> Target | None:
        """Return the target that a message belongs to, None where it belongs to none."""
        if not self._targets:
            return None
        row, origin = message_type(message.type), message.transmission.origin
        return self.among(row, message.id.sender, origin)

    def among(self, row: MessageType, sender: str, origin: str) -> Target | None:
        """Return the target that a request belongs to: its type, its sender, who sends it on."""
        if not self._targets or not row.ages:
            return None
        return next((one for one in _each(row, sender, origin) if one in self._targets), None)

    def has(self, kind: Kind, name: str) -> bool:
        """Return whether this is one of them."""
        return Target(kind, name) in self._targets


def routes() -> tuple[str, ...]:
    """Return every route that can be paused: applications, and requests by name."""
    rows = [row for row in MESSAGES if row.once and row.ages]
    return tuple(dict.fromkeys([*(row.application for row in rows), *(row.name for row in rows)]))


def _each(row: MessageType, sender: str, origin: str) -> tuple[Target, ...]:
    number = sender.removeprefix(AGENT)
    return (
        Target(Kind.ROUTE, row.application),
        Target(Kind.ROUTE, row.name),
        *((Target(Kind.AGENCY, number),) if number != sender else ()),
        Target(Kind.GATEWAY, origin),
    )
