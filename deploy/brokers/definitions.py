"""Each broker's definitions, as RabbitMQ loads them at boot, made from the map of messages."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from deploy.brokers.permissions import (
    NOTHING,
    Permission,
    inside_permission,
    outside_permission,
)
from deploy.brokers.policies import PRIORITY, Policy, inside_policies, outside_policies
from deploy.components import Components
from hub.messages import (
    INWARD_EXCHANGE,
    ONCE,
    OUTWARD_EXCHANGE,
    PUBLISHED_EXCHANGE,
    QUARANTINE_EXCHANGE,
    QUARANTINE_QUEUE,
    REPLIES_EXCHANGE,
    Lane,
    applications,
    inside_queue,
    lanes,
    outside_queue,
    outward_queue,
)
from hub.places import KNOWN_INSIDE, streams

VIRTUAL_HOST = "lupu"
DEBIAN_12 = (3, 10)

Definitions = dict[str, Any]


def outside(
    components: Components, version: tuple[int, int] = DEBIAN_12, *, cluster: bool = False
) -> Definitions:
    """Return the outside broker's definitions; of one node, or of a cluster.

    In a cluster no queue is of one node alone: what passes in seconds is kept by all as well.
    """
    passing = "quorum" if cluster else "classic"
    inward = (*ONCE, Lane.QUERIES)
    return _definitions(
        exchanges=[INWARD_EXCHANGE, PUBLISHED_EXCHANGE, QUARANTINE_EXCHANGE],
        queues=[
            *(_queue(outside_queue(lane), "quorum") for lane in ONCE),
            _queue(outside_queue(Lane.QUERIES), passing),
            _queue(QUARANTINE_QUEUE, "quorum"),
            *(_queue(stream, "stream") for stream in streams()),
        ],
        bindings=[
            *(_binding(INWARD_EXCHANGE, outside_queue(lane), lane.value) for lane in inward),
            *(_binding(PUBLISHED_EXCHANGE, stream, stream) for stream in streams()),
            _binding(QUARANTINE_EXCHANGE, QUARANTINE_QUEUE, QUARANTINE_QUEUE),
        ],
        policies=outside_policies(version),
        permissions=[outside_permission(name) for name in components.outside],
    )


def inside(
    components: Components, version: tuple[int, int] = DEBIAN_12, *, cluster: bool = False
) -> Definitions:
    """Return the inside broker's definitions; of one node, or of a cluster."""
    passing = "quorum" if cluster else "classic"
    requests = [inside_queue(app, lane) for app in applications() for lane in lanes(app)]
    queries = [inside_queue(app, Lane.QUERIES) for app in applications()]
    published = outward_queue(Lane.PUBLISHED)
    return _definitions(
        exchanges=[INWARD_EXCHANGE, OUTWARD_EXCHANGE, QUARANTINE_EXCHANGE],
        queues=[
            *(_queue(name, "quorum") for name in requests),
            *(_queue(name, passing) for name in queries),
            _queue(outward_queue(Lane.REPLIES), passing),
            _queue(published, "quorum"),
            _queue(QUARANTINE_QUEUE, "quorum"),
            *(_queue(stream, "stream") for stream in KNOWN_INSIDE),
        ],
        bindings=[
            *(_binding(INWARD_EXCHANGE, name, name) for name in (*requests, *queries)),
            _binding(OUTWARD_EXCHANGE, outward_queue(Lane.REPLIES), Lane.REPLIES.value),
            *(_binding(OUTWARD_EXCHANGE, published, stream) for stream in streams()),
            *(_binding(OUTWARD_EXCHANGE, stream, stream) for stream in KNOWN_INSIDE),
            _binding(QUARANTINE_EXCHANGE, QUARANTINE_QUEUE, QUARANTINE_QUEUE),
        ],
        policies=inside_policies(version),
        permissions=[inside_permission(name) for name in components.inside],
    )


def with_account(definitions: Definitions, permission: Permission) -> Definitions:
    """Return the definitions with one more account."""
    return definitions | {
        "users": [*definitions["users"], _user(permission.account)],
        "permissions": [*definitions["permissions"], _permission(permission)],
        "topic_permissions": [*definitions["topic_permissions"], *_topics([permission])],
    }


def write(definitions: Definitions) -> str:
    """Return the definitions as the JSON text that RabbitMQ loads."""
    return json.dumps(definitions, indent=2) + "\n"


def _definitions(
    *,
    exchanges: Iterable[str],
    queues: Sequence[Definitions],
    bindings: Sequence[Definitions],
    policies: Iterable[Policy],
    permissions: Sequence[Permission],
) -> Definitions:
    return {
        "vhosts": [{"name": VIRTUAL_HOST}],
        "users": [_user(permission.account) for permission in permissions],
        "permissions": [_permission(permission) for permission in permissions],
        "topic_permissions": _topics(permissions),
        "policies": [_policy(policy) for policy in policies],
        "exchanges": [
            *(_exchange(name, "direct") for name in exchanges),
            _exchange(REPLIES_EXCHANGE, "topic"),
        ],
        "queues": list(queues),
        "bindings": list(bindings),
    }


def _user(account: str) -> Definitions:
    # An empty hash is an account without a password; it signs in by certificate only.
    return {
        "name": account,
        "password_hash": "",
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": [],
    }


def _permission(permission: Permission) -> Definitions:
    return {
        "user": permission.account,
        "vhost": VIRTUAL_HOST,
        "configure": permission.configure,
        "write": permission.write,
        "read": permission.read,
    }


def _topics(permissions: Iterable[Permission]) -> list[Definitions]:
    # RabbitMQ asks nothing of an account without an entry: each that may bind has one.
    return [
        {
            "user": permission.account,
            "vhost": VIRTUAL_HOST,
            "exchange": REPLIES_EXCHANGE,
            "write": NOTHING,
            "read": permission.listen,
        }
        for permission in permissions
        if permission.listen != NOTHING
    ]


def _policy(policy: Policy) -> Definitions:
    return {
        "vhost": VIRTUAL_HOST,
        "name": policy.name,
        "pattern": policy.pattern,
        "apply-to": "queues",
        "priority": PRIORITY,
        "definition": policy.definition,
    }


def _exchange(name: str, kind: str) -> Definitions:
    return {
        "name": name,
        "vhost": VIRTUAL_HOST,
        "type": kind,
        "durable": True,
        "auto_delete": False,
        "internal": False,
        "arguments": {},
    }


def _queue(name: str, kind: str) -> Definitions:
    return {
        "name": name,
        "vhost": VIRTUAL_HOST,
        "durable": True,
        "auto_delete": False,
        "arguments": {"x-queue-type": kind},
    }


def _binding(exchange: str, queue: str, routing_key: str) -> Definitions:
    return {
        "source": exchange,
        "vhost": VIRTUAL_HOST,
        "destination": queue,
        "destination_type": "queue",
        "routing_key": routing_key,
        "arguments": {},
    }
