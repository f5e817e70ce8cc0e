"""The AsyncAPI 3.0 document of the bridge, made from the map of messages and the limits."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.brokers.definitions import DEBIAN_12, VIRTUAL_HOST
from deploy.brokers.policies import Policy, inside_policies, outside_policies
from hub.envelope import BOUND_HEADERS, CROSSED, DOCUMENT_BYTES, SEQUENCE
from hub.guard import BODY_BYTES_MAX, PUBLISHED_BYTES_MAX, SEAL_BYTES_MAX
from hub.headers import HEADER_CHARACTERS_MAX
from hub.messages import (
    INWARD_EXCHANGE,
    MESSAGES,
    ONCE,
    OUTWARD_EXCHANGE,
    PUBLISHED_EXCHANGE,
    REPLIES_EXCHANGE,
    Direction,
    Lane,
    MessageType,
    applications,
    inside_queue,
    outside_queue,
    outward_queue,
    published_stream,
)
from hub.places import GATEWAY, HUB, KNOWN_INSIDE, STAFF, inside_places, outside_places

Node = dict[str, Any]

OUTSIDE, INSIDE = "outside", "inside"
NUMBERS = frozenset({SEQUENCE, DOCUMENT_BYTES})
LISTENER = "component"
_VERSION = "1.0.0"
_XML = "application/xml"


@dataclass(frozen=True, slots=True)
class Channel:
    """A queue, a stream or the reply queues of a broker, what reaches it by which exchange."""

    side: str
    address: str
    exchange: str
    rows: Sequence[MessageType]

    @property
    def key(self) -> str:
        """Its name in the document: ``outside.inward.requests``."""
        return f"{self.side}.{self.address.partition('.{')[0]}"

    @property
    def is_waited_at(self) -> bool:
        """Whether each process has its own, to wait for replies."""
        return self.exchange == REPLIES_EXCHANGE

    def sent_by(self, kind: str) -> list[MessageType]:
        """Return what of it a kind of component may send: an application only its own."""
        own = {kind, "*"} if kind in applications() else {*applications(), "*"}
        return [row for row in self.rows if row.application in own]

    def users(self) -> Iterator[tuple[str, str]]:
        """Yield who sends to it and who takes from it, as the accounts' permissions have it."""
        for kind in (GATEWAY, HUB, STAFF, *applications()):
            places = (outside_places if self.side == OUTSIDE else inside_places)(kind)
            if self.exchange in places.writes and self.sent_by(kind):
                yield "send", kind
            if self.address in places.reads or (self.is_waited_at and places.waits):
                yield "receive", kind


def document() -> Node:
    """Return the document."""
    channels = [channel for channel in _channels() if channel.rows]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Lupu",
            "version": _VERSION,
            "description": "Every message of the bridge, on both brokers. Made from the map of "
            "messages by 'lupu brokers asyncapi'; do not edit. Bodies are XML by their XSD; on "
            "the outside broker they are sealed (COSE_Encrypt0).",
        },
        "defaultContentType": _XML,
        "servers": {side: _server(side) for side in (OUTSIDE, INSIDE)},
        "channels": {channel.key: _channel(channel) for channel in channels},
        "operations": dict(
            _operation(channel, action, kind)
            for channel in channels
            for action, kind in channel.users()
        ),
        "components": {
            "messages": {row.key: _message(row) for row in MESSAGES},
            "schemas": {"headers": _headers()},
        },
    }


def write() -> str:
    """Return the document as it is kept in ``schemas/``."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def _rows(direction: Direction, lane: Lane, application: str = "") -> list[MessageType]:
    return [
        row
        for row in MESSAGES
        if row.direction is direction
        and row.may_travel(lane)
        and (not application or row.application in {application, "*"})
    ]


def _channels() -> Iterator[Channel]:
    for lane in (*ONCE, Lane.QUERIES):
        rows = _rows(Direction.INWARD, lane)
        yield Channel(OUTSIDE, outside_queue(lane), INWARD_EXCHANGE, rows)
        for app in applications():
            own = _rows(Direction.INWARD, lane, app)
            yield Channel(INSIDE, inside_queue(app, lane), INWARD_EXCHANGE, own)
    replies = _rows(Direction.OUTWARD, Lane.REPLIES)
    yield Channel(INSIDE, outward_queue(Lane.REPLIES), OUTWARD_EXCHANGE, replies)
    for side in (OUTSIDE, INSIDE):
        yield Channel(side, f"replies.{{{LISTENER}}}", REPLIES_EXCHANGE, replies)
    published = _rows(Direction.OUTWARD, Lane.PUBLISHED)
    yield Channel(INSIDE, outward_queue(Lane.PUBLISHED), OUTWARD_EXCHANGE, published)
    for row in published:
        stream = published_stream(row)
        yield Channel(OUTSIDE, stream, PUBLISHED_EXCHANGE, [row])
        if stream in KNOWN_INSIDE:
            yield Channel(INSIDE, stream, OUTWARD_EXCHANGE, [row])


def _server(side: str) -> Node:
    where = "in the DMZ" if side == OUTSIDE else "inside"
    return {
        "host": f"{side}-broker:5671",
        "protocol": "amqps",
        "protocolVersion": "0.9.1",
        "description": f"RabbitMQ {where}, mutual TLS; the host is that of [{side}_broker].",
        "security": [{"type": "X509"}],
    }


def _channel(channel: Channel) -> Node:
    kept: Node = {"address": channel.address, "servers": [{"$ref": f"#/servers/{channel.side}"}]}
    if channel.is_waited_at:
        kept["parameters"] = {LISTENER: {"description": "Who waits for the reply: its process."}}
    return {
        **kept,
        "description": _bounds(channel),
        "messages": {
            row.key: {"$ref": f"#/components/messages/{row.key}"} for row in channel.rows
        },
        "bindings": {
            "amqp": {
                "is": "queue",
                "queue": {
                    "name": channel.address,
                    "durable": not channel.is_waited_at,
                    "exclusive": channel.is_waited_at,
                    "vhost": VIRTUAL_HOST,
                },
                "bindingVersion": "0.3.0",
            }
        },
    }


def _bounds(channel: Channel) -> str:
    policy = next(iter(_policies(channel)), None)
    said = "" if policy is None else ", ".join(f"{k} {v}" for k, v in policy.definition.items())
    return f"By the exchange {channel.exchange}. Bounds: {said or 'none of its own'}."


def _policies(channel: Channel) -> list[Policy]:
    made = outside_policies if channel.side == OUTSIDE else inside_policies
    named = channel.address.replace(f"{{{LISTENER}}}", "gateway-1.0")
    return [policy for policy in made(DEBIAN_12) if re.search(policy.pattern, named)]


def _operation(channel: Channel, action: str, kind: str) -> tuple[str, Node]:
    rows = channel.sent_by(kind) if action == "send" else channel.rows
    return f"{kind}.{action}.{channel.key}", {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel.key}"},
        "summary": f"{kind} {'sends to' if action == 'send' else 'takes from'} {channel.address}.",
        "messages": [{"$ref": f"#/channels/{channel.key}/messages/{row.key}"} for row in rows],
    }


def _message(row: MessageType) -> Node:
    namespace, _, element = row.element[1:].partition("}")
    _, _, area, version = namespace.split(":")
    largest = PUBLISHED_BYTES_MAX if row.lane is Lane.PUBLISHED else BODY_BYTES_MAX
    return {
        "name": row.key,
        "title": row.name,
        "summary": f"Version {row.version}, {row.direction.value}, lane {row.lane.value}, of "
        f"{'any application' if row.application == '*' else row.application}.",
        "contentType": _XML,
        "headers": {"$ref": "#/components/schemas/headers"},
        "payload": {
            "type": "string",
            "maxLength": largest,
            "description": f"Element {element} of {namespace}; at most {largest} bytes, sealed "
            f"{SEAL_BYTES_MAX} more.",
            "externalDocs": {"url": namespace, "description": f"xsd/{area}-{version}.xsd"},
        },
        "bindings": {"amqp": {"messageType": row.key, "bindingVersion": "0.3.0"}},
        "x-lupu": {
            "version": row.version,
            "direction": row.direction.value,
            "lane": row.lane.value,
            "application": row.application,
        },
    }


def _headers() -> Node:
    words = {
        name: {"type": "string", "pattern": r"^[0-9]{1,18}$"}
        if name in NUMBERS
        else {"type": "string", "maxLength": HEADER_CHARACTERS_MAX}
        for name in (*BOUND_HEADERS, CROSSED)
    }
    return {"type": "object", "properties": words}
