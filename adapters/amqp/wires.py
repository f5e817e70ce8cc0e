"""Between ``hub.envelope.Wire`` and AMQP basic properties."""

from typing import Any

from pika.spec import BasicProperties

from hub.envelope import Wire

_TRANSIENT, _PERSISTENT = 1, 2
CONTENT_TYPE = "application/xml"


def to_properties(wire: Wire, publish_number: int) -> BasicProperties:
    """Return the AMQP properties of a wire.

    The number of the publish travels in ``app_id``: a returned message comes without its
    delivery tag, and must be known from its confirm.
    """
    return BasicProperties(
        content_type=CONTENT_TYPE,
        headers=dict(wire.headers),
        delivery_mode=_PERSISTENT if wire.persistent else _TRANSIENT,
        correlation_id=wire.correlation_id or None,
        reply_to=wire.reply_to or None,
        expiration=None if wire.expiration_ms is None else str(wire.expiration_ms),
        message_id=wire.message_id,
        type=wire.type,
        user_id=wire.user_id or None,
        app_id=str(publish_number),
    )


def from_properties(properties: BasicProperties, body: bytes) -> Wire:
    """Return the wire; what is not text is left out, so that the guard misses it by name."""
    headers = properties.headers or {}
    return Wire(
        type=_text(properties.type),
        message_id=_text(properties.message_id),
        body=body,
        headers={
            name: value
            for name, value in headers.items()
            if isinstance(name, str) and isinstance(value, str)
        },
        reply_to=_text(properties.reply_to),
        correlation_id=_text(properties.correlation_id),
        user_id=_text(properties.user_id),
        expiration_ms=_milliseconds(properties.expiration),
        persistent=properties.delivery_mode == _PERSISTENT,
    )


def publish_number(properties: BasicProperties) -> int:
    """Return the number that ``to_properties`` put in; 0 where it is not there."""
    text = _text(properties.app_id)
    return int(text) if text.isascii() and text.isdigit() else 0


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _milliseconds(value: Any) -> int | None:
    text = _text(value)
    return int(text) if text.isascii() and text.isdigit() else None
