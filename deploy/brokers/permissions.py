"""What each broker account may do: its own queues and nothing else.

RabbitMQ asks three patterns: *configure* to declare or delete, *write* to publish to an
exchange, *read* to consume a queue. The default exchange is called ``amq.default``.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from deploy.components import GATEWAY, HUB, OPERATOR, STAFF, kind
from hub.messages import (
    INWARD_EXCHANGE,
    OUTWARD_EXCHANGE,
    QUARANTINE_QUEUE,
    Lane,
    inside_queue,
    outside_queue,
    outward_queue,
    reply_queue,
)

DEFAULT_EXCHANGE = "amq.default"
NOTHING = "^$"


@dataclass(frozen=True, slots=True)
class Permission:
    """One account's three patterns."""

    account: str
    configure: str = NOTHING
    write: str = NOTHING
    read: str = NOTHING


def outside_permission(name: str) -> Permission:
    """Return what a component may do on the outside broker."""
    what = kind(name)
    if what == GATEWAY:
        own = re.escape(reply_queue(name, ""))
        published = re.escape("published.")
        return Permission(name, f"^{own}", _only(INWARD_EXCHANGE), f"^({own}|{published})")
    if what == HUB:
        queues = (outside_queue(Lane.REQUESTS), outside_queue(Lane.QUERIES))
        return Permission(name, write=_only(DEFAULT_EXCHANGE), read=_only(*queues))
    if what == OPERATOR:
        return Permission(name, read=_only(QUARANTINE_QUEUE))
    return Permission(name)


def inside_permission(name: str) -> Permission:
    """Return what a component may do on the inside broker."""
    what = kind(name)
    if what == HUB:
        queues = (outward_queue(Lane.REPLIES), outward_queue(Lane.PUBLISHED))
        # The default exchange: for the quarantine of what the guard refuses on its way out.
        write = _only(INWARD_EXCHANGE, DEFAULT_EXCHANGE)
        return Permission(name, write=write, read=_only(*queues))
    if what == STAFF:
        own = re.escape(reply_queue(name, ""))
        return Permission(name, f"^{own}", _only(INWARD_EXCHANGE), f"^{own}")
    if what == OPERATOR:
        return Permission(name, read=_only(QUARANTINE_QUEUE))
    if what == GATEWAY:
        return Permission(name)
    queues = (inside_queue(what, Lane.REQUESTS), inside_queue(what, Lane.QUERIES))
    return Permission(name, write=_only(OUTWARD_EXCHANGE, DEFAULT_EXCHANGE), read=_only(*queues))


def _only(*names: str) -> str:
    return f"^({'|'.join(_each(names))})$"


def _each(names: Iterable[str]) -> Iterable[str]:
    return (re.escape(name) for name in names)
