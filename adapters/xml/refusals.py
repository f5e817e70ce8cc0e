"""A refusal as the XML that the contract declares for it."""

from adapters.xml.converting import to_boolean, to_text
from adapters.xml.parsing import parse
from hub.errors import Refusal
from hub.messages import COMMON

_FIELDS = (
    ("Code", "code"),
    ("SentenceEn", "sentence_en"),
    ("SentenceZh", "sentence_zh"),
    ("Retryable", "retryable"),
    ("RetryAfterSeconds", "retry_after_seconds"),
    ("WhatToDoEn", "what_to_do_en"),
    ("WhatToDoZh", "what_to_do_zh"),
)


def write_refusal(refusal: Refusal, name: str = "Refused") -> bytes:
    """Return a refusal as the element ``name``: Refused, NotAccepted, InvalidRequest ..."""
    inner = "".join(f"<{tag}>{to_text(getattr(refusal, field))}</{tag}>" for tag, field in _FIELDS)
    return f'<{name} xmlns="{COMMON}">{inner}</{name}>'.encode()


def read_refusal(body: bytes) -> Refusal:
    """Read what ``write_refusal`` wrote, whatever its element's name."""
    root = parse(body)
    text = {field: root.findtext(f"{{{COMMON}}}{tag}") or "" for tag, field in _FIELDS}
    return Refusal(
        code=text["code"],
        sentence_en=text["sentence_en"],
        sentence_zh=text["sentence_zh"],
        what_to_do_en=text["what_to_do_en"],
        what_to_do_zh=text["what_to_do_zh"],
        retryable=to_boolean(text["retryable"]),
        retry_after_seconds=int(text["retry_after_seconds"] or 0),
    )
