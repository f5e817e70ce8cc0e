"""Limits of the queues, as policies, for the version of RabbitMQ that is to hold them.

Nothing may drop: every bound rejects the publisher. ``delivery-limit`` is never set below
RabbitMQ 4 (there -1 drops at once); from 4 on it must be set to -1, for the default of 20
drops what was delivered too often.
"""

from dataclasses import dataclass
from typing import Any

from hub.messages import ONCE, QUARANTINE_QUEUE

MIB = 1_024 * 1_024
QUERY_TTL_MS = 30_000
QUERIES_MAX = 20_000
REPLY_TTL_MS = 60_000
# By lane; what is handled once waits in them as long as its destination is away.
URGENT_BYTES_MAX = 256 * MIB
REQUESTS_BYTES_MAX = 1_024 * MIB
BULK_BYTES_MAX = 512 * MIB
REPLIES_BYTES_MAX = 256 * MIB
PUBLISHED_BYTES_MAX = 64 * MIB
QUARANTINE_BYTES_MAX = 512 * MIB
STREAM_BYTES_MAX = 64 * MIB
STREAM_SEGMENT_BYTES_MAX = 8 * MIB
REPLY_BYTES_MAX = 16 * MIB
DELIVERY_LIMIT_VERSION = (4, 0)
PRIORITY = 10


@dataclass(frozen=True, slots=True)
class Policy:
    """A named set of limits for the queues whose names match ``pattern``."""

    name: str
    pattern: str
    definition: dict[str, Any]


def outside_policies(version: tuple[int, int]) -> tuple[Policy, ...]:
    """Return the outside broker's policies for a version such as ``(3, 10)``."""
    return (
        *_lanes("inward", version),
        _durable("quarantine", f"^{QUARANTINE_QUEUE}$", QUARANTINE_BYTES_MAX, version),
        _queries(r"^inward\.queries$"),
        _replies(),
        _streams(),
    )


def inside_policies(version: tuple[int, int]) -> tuple[Policy, ...]:
    """Return the inside broker's policies for a version such as ``(3, 10)``."""
    return (
        *_lanes("[a-z]+", version),
        Policy(
            "outward-replies",
            r"^outward\.replies$",
            {
                "message-ttl": REPLY_TTL_MS,
                "max-length-bytes": REPLIES_BYTES_MAX,
                "overflow": "reject-publish",
            },
        ),
        _durable("quarantine", f"^{QUARANTINE_QUEUE}$", QUARANTINE_BYTES_MAX, version),
        _durable("outward-published", r"^outward\.published$", PUBLISHED_BYTES_MAX, version),
        _queries(r"^[a-z]+\.queries$"),
        _replies(),
        _streams(),
    )


def _lanes(owner: str, version: tuple[int, int]) -> tuple[Policy, ...]:
    bounds = (URGENT_BYTES_MAX, REQUESTS_BYTES_MAX, BULK_BYTES_MAX)
    return tuple(
        _durable(lane.value, rf"^{owner}\.{lane.value}$", bytes_max, version)
        for lane, bytes_max in zip(ONCE, bounds, strict=True)
    )


def _durable(name: str, pattern: str, bytes_max: int, version: tuple[int, int]) -> Policy:
    definition: dict[str, Any] = {"max-length-bytes": bytes_max, "overflow": "reject-publish"}
    if version >= DELIVERY_LIMIT_VERSION:
        definition["delivery-limit"] = -1
    return Policy(name, pattern, definition)


def _queries(pattern: str) -> Policy:
    return Policy(
        "queries",
        pattern,
        {"message-ttl": QUERY_TTL_MS, "max-length": QUERIES_MAX, "overflow": "reject-publish"},
    )


def _replies() -> Policy:
    return Policy(
        "replies",
        r"^replies\.",
        {"max-length-bytes": REPLY_BYTES_MAX, "overflow": "reject-publish"},
    )


def _streams() -> Policy:
    return Policy(
        "published",
        r"^published\.",
        {
            "max-length-bytes": STREAM_BYTES_MAX,
            "stream-max-segment-size-bytes": STREAM_SEGMENT_BYTES_MAX,
        },
    )
