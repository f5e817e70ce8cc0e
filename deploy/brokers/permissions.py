"""What each broker account may do: its own queues and nothing else.

RabbitMQ asks three patterns: *configure* to declare or delete, *write* to publish to an
exchange or to bind a queue, *read* to consume a queue or to bind it to an exchange; and, of an
exchange of topics, a fourth, here *listen*: by which keys one may bind to it. The default
exchange, which reaches every queue by its name, is in no account's patterns.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from deploy.components import kind
from hub.messages import REPLIES_EXCHANGE, reply_queue
from hub.places import Places, inside_places, outside_places

NOTHING = "^$"


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
    return _permission(name, outside_places(kind(name)))


def inside_permission(name: str) -> Permission:
    """Return what a component may do on the inside broker."""
    return _permission(name, inside_places(kind(name)))


def _permission(name: str, places: Places) -> Permission:
    reads, writes = _exactly(places.reads), _exactly(places.writes)
    if not places.waits:
        holds = _only(*_exactly(places.holds))
        return Permission(name, configure=holds, write=_only(*writes), read=_only(*reads))
    # One word after the name, and no joker: neither another's replies nor everybody's.
    own = re.escape(reply_queue(name, "")) + r"[^.*#]+"
    return Permission(
        name,
        configure=_only(own),
        write=_only(*writes, own),
        read=_only(*_exactly((REPLIES_EXCHANGE,)), own, *reads),
        listen=_only(own),
    )


def _exactly(names: Iterable[str]) -> list[str]:
    return [re.escape(name) for name in names]


def _only(*patterns: str) -> str:
    return f"^({'|'.join(patterns)})$" if patterns else NOTHING
