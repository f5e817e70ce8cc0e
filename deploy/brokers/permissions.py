"""What each broker account may do: its own queues and nothing else.

RabbitMQ asks three patterns: *configure* to declare or delete, *write* to publish to an
exchange or to bind a queue, *read* to consume a queue or to bind it to an exchange; and, of an
exchange of topics, a fourth, here *listen*: by which keys one may bind to it. The default
exchange, which reaches every queue by its name, is in no account's patterns.
"""

import re
from dataclasses import dataclass

from deploy.components import GATEWAY, HUB, OPERATOR, STAFF, kind
from hub.messages import (
    INWARD_EXCHANGE,
    OUTWARD_EXCHANGE,
    PUBLISHED_EXCHANGE,
    QUARANTINE_EXCHANGE,
    QUARANTINE_QUEUE,
    REPLIES_EXCHANGE,
    Lane,
    inside_queue,
    outside_queue,
    outward_queue,
    reply_queue,
)

NOTHING = "^$"
_STREAMS = r"published\..+"


@dataclass(frozen=True, slots=True)
class Permission:
    """One account's patterns; ``listen`` is of the keys of the exchange of replies."""

    account: str
    configure: str = NOTHING
    write: str = NOTHING
    read: str = NOTHING
    listen: str = NOTHING


def outside_permission(name: str) -> Permission:
    """Return what a component may do on the outside broker."""
    what = kind(name)
    if what == GATEWAY:
        return _waiting_for_replies(name, _STREAMS)
    if what == HUB:
        write = _names(REPLIES_EXCHANGE, PUBLISHED_EXCHANGE, QUARANTINE_EXCHANGE)
        queues = (outside_queue(Lane.REQUESTS), outside_queue(Lane.QUERIES))
        return Permission(name, write=write, read=_names(*queues))
    if what == OPERATOR:
        return Permission(name, read=_names(QUARANTINE_QUEUE))
    return Permission(name)


def inside_permission(name: str) -> Permission:
    """Return what a component may do on the inside broker."""
    what = kind(name)
    if what == HUB:
        queues = (outward_queue(Lane.REPLIES), outward_queue(Lane.PUBLISHED))
        write = _names(INWARD_EXCHANGE, QUARANTINE_EXCHANGE)
        return Permission(name, write=write, read=_names(*queues))
    if what == STAFF:
        return _waiting_for_replies(name)
    if what == OPERATOR:
        return Permission(name, read=_names(QUARANTINE_QUEUE))
    if what == GATEWAY:
        return Permission(name)
    queues = (inside_queue(what, Lane.REQUESTS), inside_queue(what, Lane.QUERIES))
    write = _names(OUTWARD_EXCHANGE, REPLIES_EXCHANGE, QUARANTINE_EXCHANGE)
    return Permission(name, write=write, read=_names(*queues))


def _waiting_for_replies(name: str, *also_read: str) -> Permission:
    # One word after the name, and no joker: neither another's replies nor everybody's.
    own = re.escape(reply_queue(name, "")) + r"[^.*#]+"
    inward, replies = re.escape(INWARD_EXCHANGE), re.escape(REPLIES_EXCHANGE)
    return Permission(
        name,
        configure=_only(own),
        write=_only(inward, own),
        read=_only(replies, own, *also_read),
        listen=_only(own),
    )


def _names(*names: str) -> str:
    return _only(*map(re.escape, names))


def _only(*patterns: str) -> str:
    return f"^({'|'.join(patterns)})$"
