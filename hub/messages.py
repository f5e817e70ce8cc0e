"""The map of the system: every message, its contract, its direction, its lane, its owner.

To add a message: write its XSD, add one row here, handle it in its application. Queue names
follow from the rows, so do the brokers' definitions in ``deploy/``. A message's version is that
of its namespace. CONTRIBUTING.md shows it step by step.
"""

import enum
from dataclasses import dataclass

from hub.errors import UnknownMessage


class Direction(enum.Enum):
    """Which way a message may cross."""

    INWARD = "inward"
    OUTWARD = "outward"


class Lane(enum.Enum):
    """How a message travels.

    URGENT, REQUESTS and BULK are durable and handled once (``ONCE``), the more urgent first;
    QUERIES are read-only, short-lived and may be lost; REPLIES answer any of them and may be
    lost, for a stored outcome can be fetched; PUBLISHED documents replace their predecessor and
    wait in a stream for whoever comes late.
    """

    URGENT = "urgent"
    REQUESTS = "requests"
    BULK = "bulk"
    QUERIES = "queries"
    REPLIES = "replies"
    PUBLISHED = "published"


# Each has a queue of its own on both sides, its channel and its prefetch: in the order in which
# workers take them.
ONCE = (Lane.URGENT, Lane.REQUESTS, Lane.BULK)


@dataclass(frozen=True, slots=True)
class MessageType:
    """One row of the map.

    ``element`` is the document's root in Clark notation; its namespace names the XSD.
    ``application`` handles it (inward) or sends it (outward). ``*`` is any: inward, the one
    that handles the operation which the request id names.
    """

    name: str
    version: int
    element: str
    direction: Direction
    lane: Lane
    application: str

    @property
    def key(self) -> str:
        """The name on the wire: ``PlaceBooking.1``."""
        return f"{self.name}.{self.version}"

    @property
    def once(self) -> bool:
        """Whether it asks for something that is done once, and not only for an answer."""
        return self.lane in ONCE

    def may_travel(self, lane: Lane) -> bool:
        """Whether it may come on ``lane``: what is urgent may also stand behind other requests.

        So it does where it follows one of them, and where it lay before it was made urgent.
        """
        return lane is self.lane or (lane is Lane.REQUESTS and self.lane is Lane.URGENT)

    @property
    def ages(self) -> bool:
        """Whether it can come too late: what books say is true however late it comes."""
        return not self.element.startswith(f"{{{EVIDENCE}}}")


COMMON = "urn:lupu:common:1"
TICKETING = "urn:lupu:ticketing:1"
PUBLISHED = "urn:lupu:published:1"
EVIDENCE = "urn:lupu:evidence:1"
FEEDS = "urn:lupu:feeds:1"


def _row(
    namespace: str, name: str, direction: Direction, lane: Lane, application: str
) -> MessageType:
    version = int(namespace.rpartition(":")[2])
    return MessageType(name, version, f"{{{namespace}}}{name}", direction, lane, application)


_IN, _OUT = Direction.INWARD, Direction.OUTWARD

MESSAGES: tuple[MessageType, ...] = (
    _row(TICKETING, "PlaceBooking", _IN, Lane.REQUESTS, "ticketing"),
    # Whoever has a booking and has paid, or gives places back, waits for no new sales. All that
    # concerns a booking has one lane: on two it would overtake itself.
    _row(TICKETING, "ChangeBooking", _IN, Lane.URGENT, "ticketing"),
    _row(TICKETING, "ConfirmBooking", _IN, Lane.URGENT, "ticketing"),
    _row(TICKETING, "CancelBooking", _IN, Lane.URGENT, "ticketing"),
    _row(FEEDS, "FeedPart", _IN, Lane.BULK, "ticketing"),
    _row(FEEDS, "GetFeed", _IN, Lane.QUERIES, "ticketing"),
    _row(FEEDS, "FeedPartResponse", _OUT, Lane.REPLIES, "ticketing"),
    _row(FEEDS, "GetFeedResponse", _OUT, Lane.REPLIES, "ticketing"),
    _row(TICKETING, "GetBooking", _IN, Lane.QUERIES, "ticketing"),
    _row(COMMON, "GetOutcome", _IN, Lane.QUERIES, "*"),
    _row(TICKETING, "PlaceBookingResponse", _OUT, Lane.REPLIES, "ticketing"),
    _row(TICKETING, "ChangeBookingResponse", _OUT, Lane.REPLIES, "ticketing"),
    _row(TICKETING, "ConfirmBookingResponse", _OUT, Lane.REPLIES, "ticketing"),
    _row(TICKETING, "CancelBookingResponse", _OUT, Lane.REPLIES, "ticketing"),
    _row(TICKETING, "GetBookingResponse", _OUT, Lane.REPLIES, "ticketing"),
    _row(COMMON, "Refused", _OUT, Lane.REPLIES, "*"),
    _row(COMMON, "NotKnownYet", _OUT, Lane.REPLIES, "*"),
    _row(EVIDENCE, "BookPage", _IN, Lane.REQUESTS, "evidence"),
    _row(EVIDENCE, "BookPageResponse", _OUT, Lane.REPLIES, "evidence"),
    _row(EVIDENCE, "Stopped", _IN, Lane.REQUESTS, "evidence"),
    _row(EVIDENCE, "StoppedResponse", _OUT, Lane.REPLIES, "evidence"),
    _row(PUBLISHED, "Offers", _OUT, Lane.PUBLISHED, "ticketing"),
    _row(PUBLISHED, "Agents", _OUT, Lane.PUBLISHED, "ticketing"),
    _row(PUBLISHED, "Traffic", _OUT, Lane.PUBLISHED, "ticketing"),
)

_BY_KEY = {row.key: row for row in MESSAGES}

# Exchanges: the same names on both brokers. Nobody may publish through the default exchange,
# for that reaches every queue of a broker by its name.
INWARD_EXCHANGE = "inward"
OUTWARD_EXCHANGE = "outward"
# Of topics, for only those let the broker say who may listen to which key.
REPLIES_EXCHANGE = "replies"
PUBLISHED_EXCHANGE = "published"
QUARANTINE_EXCHANGE = "quarantine"
QUARANTINE_QUEUE = "quarantine"
# Whoever has declared it, exclusively, has the quarantine in hand; nothing is ever sent to it.
QUARANTINE_HAND = "quarantine.hand"


def message_type(key: str) -> MessageType:
    """Return the row of ``Name.version``; UnknownMessage where there is none."""
    row = _BY_KEY.get(key)
    if row is None:
        raise UnknownMessage("The message type is not in the map of messages.")
    return row


def applications() -> tuple[str, ...]:
    """Every application that handles messages, in the order of the map."""
    return tuple(dict.fromkeys(row.application for row in MESSAGES if row.application != "*"))


def lanes(application: str) -> tuple[Lane, ...]:
    """The lanes on which requests to an application may come, the most urgent first."""
    rows = [row for row in MESSAGES if row.application == application and row.once]
    return tuple(lane for lane in ONCE if any(row.may_travel(lane) for row in rows))


def operations(application: str) -> tuple[str, ...]:
    """Every request that an application handles, by name."""
    rows = (row for row in MESSAGES if row.application == application)
    return tuple(dict.fromkeys(row.name for row in rows if row.once))


def destination(row: MessageType, operation: str) -> str:
    """Return the application that handles an inward message whose id names ``operation``.

    UnknownMessage where a message for any application names an operation nobody handles.
    """
    if row.application != "*":
        return row.application
    owners = {entry.application for entry in MESSAGES if entry.name == operation} - {"*"}
    if len(owners) != 1:
        raise UnknownMessage("The request id names an operation that no application handles.")
    return owners.pop()


def outside_queue(lane: Lane) -> str:
    """The outside broker's queue for what goes in on ``lane``: ``inward.requests``."""
    return f"inward.{lane.value}"


def sealed_route(lane: Lane) -> str:
    """What a seal names of where its message travels: one name for all lanes of ``ONCE``.

    A broker can delay a message anyway; and what was refused goes by its own lane when it is
    sent again, whichever it came on.
    """
    return outside_queue(Lane.REQUESTS if lane in ONCE else lane)


def inside_queue(application: str, lane: Lane) -> str:
    """The inside broker's queue of an application: ``ticketing.requests``."""
    return f"{application}.{lane.value}"


def outward_queue(lane: Lane) -> str:
    """The inside broker's queue for what goes out on ``lane``: ``outward.replies``."""
    return f"outward.{lane.value}"


def published_stream(row: MessageType) -> str:
    """The outside broker's stream of a published document: ``published.Offers.1``."""
    return f"published.{row.key}"


def reply_queue(origin: str, boot: str) -> str:
    """The exclusive queue on which one process waits for replies: ``replies.gateway-1.5f2c``.

    Its process binds it to REPLIES_EXCHANGE by its own name.
    """
    return f"replies.{origin}.{boot}"
