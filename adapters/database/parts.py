"""Long texts in numbered parts, and a message as text.

A part fits a VARCHAR on every database (Derby: 32,672; Db2: one row of a 32 kB page), so no
LOB column is needed. Bytes that are not text are kept exactly, in base64.
"""

import base64
import json
from collections.abc import Iterable, Iterator

from adapters.database.columns import PART_CHARACTERS_MAX
from hub.envelope import Message, Wire, from_wire, to_wire

_BASE64 = "base64:"


def bytes_to_text(body: bytes) -> str:
    """Return bytes as text that comes back exactly: as it reads, or else in base64."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return _BASE64 + base64.b64encode(body).decode("ascii")
    if "\0" in text or text.startswith(_BASE64):
        return _BASE64 + base64.b64encode(body).decode("ascii")
    return text


def text_to_bytes(text: str) -> bytes:
    """Return what ``bytes_to_text`` was given."""
    if text.startswith(_BASE64):
        return base64.b64decode(text.removeprefix(_BASE64))
    return text.encode("utf-8")


def split(text: str) -> Iterator[tuple[int, str]]:
    """Return the numbered parts of a text, at least one."""
    for number, start in enumerate(range(0, max(len(text), 1), PART_CHARACTERS_MAX)):
        yield number, text[start : start + PART_CHARACTERS_MAX]


def join(parts: Iterable[tuple[int, str]]) -> str:
    """Return the text of numbered parts given in any order."""
    return "".join(text for _, text in sorted(parts))


def message_to_text(message: Message) -> str:
    """Return a message, whole, as one text: a line of JSON, then the body."""
    wire = to_wire(message)
    head = {
        "type": wire.type,
        "message_id": wire.message_id,
        "headers": dict(wire.headers),
        "reply_to": wire.reply_to,
        "correlation_id": wire.correlation_id,
    }
    return json.dumps(head, separators=(",", ":")) + "\n" + bytes_to_text(wire.body)


def text_to_message(text: str) -> Message:
    """Return what ``message_to_text`` was given."""
    head, _, body = text.partition("\n")
    return from_wire(Wire(body=text_to_bytes(body), **json.loads(head)))
