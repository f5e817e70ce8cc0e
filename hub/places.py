"""What each kind of component uses on each broker; its permissions are made from this alone."""

from dataclasses import dataclass

from hub.messages import (
    INWARD_EXCHANGE,
    MESSAGES,
    ONCE,
    OUTWARD_EXCHANGE,
    PUBLISHED_EXCHANGE,
    QUARANTINE_EXCHANGE,
    QUARANTINE_HAND,
    QUARANTINE_QUEUE,
    REPLIES_EXCHANGE,
    Direction,
    Lane,
    applications,
    inside_queue,
    lanes,
    message_type,
    outside_queue,
    outward_queue,
    published_stream,
)

GATEWAY = "gateway"
HUB = "hub"
STAFF = "staff"
# Streams on the inside broker: what hubs themselves know of, each of them all of it.
KNOWN_INSIDE = (published_stream(message_type("Agents.1")),)
OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Places:
    """``reads``: queues and streams; ``writes``: exchanges; ``waits``: for replies to itself.

    ``holds``: queues that it declares for itself alone, so that there is one of a kind.
    """

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    waits: bool = False
    holds: tuple[str, ...] = ()


def streams() -> tuple[str, ...]:
    """Return the outside broker's stream of each published document."""
    out = (row for row in MESSAGES if row.direction is Direction.OUTWARD)
    return tuple(published_stream(row) for row in out if row.lane is Lane.PUBLISHED)


def outside_places(kind: str) -> Places:
    """Return what a kind of component uses on the outside broker."""
    return _OUTSIDE.get(kind, Places())


def inside_places(kind: str) -> Places:
    """Return what a kind of component uses on the inside broker; workers are applications."""
    if kind in applications():
        return Places(
            reads=tuple(inside_queue(kind, lane) for lane in (*lanes(kind), Lane.QUERIES)),
            writes=(OUTWARD_EXCHANGE, REPLIES_EXCHANGE, QUARANTINE_EXCHANGE),
        )
    return _INSIDE.get(kind, Places())


# What was refused is brought again by the way it came.
_OPERATOR = Places(reads=(QUARANTINE_QUEUE,), writes=(INWARD_EXCHANGE,), holds=(QUARANTINE_HAND,))
_OUTSIDE = {
    GATEWAY: Places(reads=streams(), writes=(INWARD_EXCHANGE,), waits=True),
    HUB: Places(
        reads=tuple(outside_queue(lane) for lane in (*ONCE, Lane.QUERIES)),
        writes=(REPLIES_EXCHANGE, PUBLISHED_EXCHANGE, QUARANTINE_EXCHANGE),
    ),
    OPERATOR: _OPERATOR,
}
_INSIDE = {
    HUB: Places(
        reads=(outward_queue(Lane.REPLIES), outward_queue(Lane.PUBLISHED), *KNOWN_INSIDE),
        writes=(INWARD_EXCHANGE, QUARANTINE_EXCHANGE),
    ),
    STAFF: Places(writes=(INWARD_EXCHANGE,), waits=True),
    OPERATOR: _OPERATOR,
}
