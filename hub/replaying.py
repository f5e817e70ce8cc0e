"""Where a kept message would go if it were sent again, and what that would do."""

import enum
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from hub.envelope import Message, RequestId, Wire, transmission_of
from hub.errors import MalformedEnvelope, NeverWorks, NotAllowed, UnknownMessage
from hub.guard import INSIDE, OUTSIDE, Guard
from hub.messages import (
    INWARD_EXCHANGE,
    ONCE,
    Direction,
    Lane,
    MessageType,
    destination,
    inside_queue,
    message_type,
    sealed_route,
)
from hub.parking import Place, Reason
from hub.ports import Address, Clock, Contracts, InboxEntry, InboxState
from hub.sealing import Opener

# What Lupu itself sends is far below; more might not fit beside the operator's name.
HEADERS_BYTES_MAX = 65_536
# AMQP's short string: properties, and the names of headers.
TEXT_BYTES_MAX = 255
_ADMISSIONS = {Place.OUTSIDE: OUTSIDE, Place.INSIDE: INSIDE}

_REPLY = "A reply is of use while somebody waits: its outcome is stored, and a repeat fetches it."
_PUBLISHED = "A newer edition of this document has been published since, or soon will be."
_QUERY = "A question is asked again by whoever still wants to know; its asker waits no more."
_UNKNOWN = "Its type is not in this program's map of messages, so it would be refused again."
_STRANGER = "Whoever published it may not send this, and no replay makes it right: discard it."
_LARGE = "It is larger in its headers than any that Lupu sends, so it would be refused again."


def again(place: Place, wire: Wire, account: str) -> tuple[Address, Wire]:
    """Return where ``account`` sends ``wire`` to have it looked at again, and as what.

    NotAllowed where there is no use in that. Requests alone are sent again; they come to the
    guard that refused them, with nothing altered but who publishes. They wait there for as long
    as it takes. The guard then sees the operator's account: that the one that published it first
    may send this at all is asked here, or a replay would bring in what a stranger made.
    """
    try:
        row = message_type(wire.type)
    except UnknownMessage:
        raise NotAllowed(_UNKNOWN) from None
    if row.direction is Direction.OUTWARD:
        raise NotAllowed(_PUBLISHED if row.lane is Lane.PUBLISHED else _REPLY)
    if not row.once:
        raise NotAllowed(_QUERY)
    if not _fits(wire):
        raise NotAllowed(_LARGE)
    _check_publisher(place, wire)
    key = row.lane.value
    if place is Place.INSIDE:
        operation = RequestId.parse(wire.message_id).operation if row.application == "*" else ""
        key = inside_queue(destination(row, operation), row.lane)
    sent = wire._replace(user_id=account, expiration_ms=None, persistent=True, odd=b"")
    return Address(INWARD_EXCHANGE, key), sent


def _check_publisher(place: Place, wire: Wire) -> None:
    try:
        id_, origin = RequestId.parse(wire.message_id), transmission_of(wire).origin
    except MalformedEnvelope:
        return  # the guard refuses it again, whoever sends it
    try:
        _ADMISSIONS[place].check(wire.user_id, origin, id_)
    except NotAllowed:
        raise NotAllowed(_STRANGER) from None


def _fits(wire: Wire) -> bool:
    texts = (text for pair in wire.headers.items() for text in pair)
    short = (wire.message_id, wire.reply_to, wire.correlation_id, *wire.headers)
    return sum(len(text.encode()) for text in texts) <= HEADERS_BYTES_MAX and all(
        len(text.encode()) <= TEXT_BYTES_MAX for text in short
    )


class Inside(enum.Enum):
    """What the inside would do with a request that passes.

    FIRST: it is not known, so it would take effect, or be refused by its application. REPEAT:
    its outcome is stored and would be told again, with no effect. OPEN: it waits or is parked
    already, and would be told so. REUSED: its reference was used with other values, so it would
    be refused. TOO_OLD: it would be refused for its age.
    """

    FIRST = "first"
    REPEAT = "repeat"
    OPEN = "open"
    REUSED = "reused"
    TOO_OLD = "too old"


@dataclass(frozen=True, slots=True)
class Preview:
    """What sending a kept message again would do now: why it would not pass, or what then."""

    refused: Reason | None
    inside: Inside | None = None


class Previews:
    """Judges as the guard of a place does, without sending anything.

    But for the agents: whether one is known, not blocked, within its rate, and signed what it
    had to, a hub alone can tell.
    """

    def __init__(
        self,
        place: Place,
        contracts: Contracts,
        clock: Clock,
        known: Callable[[RequestId], InboxEntry | None],
        request_age_seconds_max: float,
        *,
        opener: Opener | None = None,
    ) -> None:
        """``known`` asks the inbox; ``request_age_seconds_max`` is the worker's setting.

        ``opener`` opens what lies outside, where everything is sealed.
        """
        self._place = place
        self._guard = Guard(
            Direction.INWARD,
            ONCE,
            contracts,
            clock,
            _ADMISSIONS[place],
            opener=opener,
            route=sealed_route(Lane.REQUESTS),
        )
        self._contracts = contracts
        self._clock = clock
        self._known = known
        self._age_max = timedelta(seconds=request_age_seconds_max)

    def of(self, wire: Wire, account: str) -> Preview:
        """Return what it would do if ``account`` sent ``wire`` again."""
        try:
            _, sent = again(self._place, wire, account)
            message, row, _ = self._guard.check(sent)
        except NeverWorks as error:
            return Preview(Reason.of(error))
        digest = self._contracts.digest(row.element, message.body)
        return Preview(None, self._inside(message, row, digest))

    def _inside(self, message: Message, row: MessageType, digest: str) -> Inside:
        entry, now = self._known(message.id), self._clock.now()
        if entry is not None:
            if entry.digest != digest:
                return Inside.REUSED
            return Inside.REPEAT if entry.state is InboxState.HANDLED else Inside.OPEN
        expired = message.expires_at is not None and now > message.expires_at
        is_old = row.ages and now - message.accepted_at > self._age_max
        return Inside.TOO_OLD if expired or is_old else Inside.FIRST
