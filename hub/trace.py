"""Trace context as the W3C writes it: which trace a message belongs to, and what is traced.

A trace begins, or is taken up, where a request comes in, and its context travels with the
message as ``traceparent`` and ``tracestate``. What strangers write is taken only as far as the
grammar goes, and never their wish to be recorded: that is decided where the request comes in, by
our own dice, and holds for all behind. So nobody outside can have everything recorded.
"""

import random
import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, Protocol, Self

from hub.machine import Chance

TRACEPARENT = "traceparent"
TRACESTATE = "tracestate"
STATE_CHARACTERS_MAX = 512
STATE_MEMBERS_MAX = 32
SAMPLED, UNSAMPLED = "01", "00"
_TRACE_BYTES, _SPAN_BYTES = 16, 8
_FUTURE_CHARACTERS_MAX = 256
_FIRST_VERSION = "00"

_IDS = r"(?P<trace>(?!0{32})[0-9a-f]{32})-(?P<span>(?!0{16})[0-9a-f]{16})"
# What we write ourselves, and nothing else.
OURS = re.compile(rf"00-{_IDS}-0[01]")
_ANYBODYS = re.compile(rf"(?P<version>(?!ff)[0-9a-f]{{2}})-{_IDS}-[0-9a-f]{{2}}(?P<more>-.*)?")
_LETTERS = r"[a-z0-9_*/-]"
_KEY = rf"[a-z]{_LETTERS}{{0,255}}|[a-z0-9]{_LETTERS}{{0,240}}@[a-z]{_LETTERS}{{0,13}}"
_VALUE = r"[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
_MEMBER = re.compile(rf"(?P<key>{_KEY})={_VALUE}")


class Context(NamedTuple):
    """One span of a trace, as others name it; ``state`` is what strangers add, unread."""

    trace_id: str
    span_id: str
    sampled: bool
    state: str = ""

    @property
    def parent(self) -> str:
        """The ``traceparent`` of what this span causes."""
        return f"00-{self.trace_id}-{self.span_id}-{SAMPLED if self.sampled else UNSAMPLED}"

    def child(self) -> Self:
        """Return a new span of the same trace."""
        return self._replace(span_id=_new(_SPAN_BYTES))

    @classmethod
    def of(cls, parent: str) -> Self:
        """Read a ``traceparent`` of our own, which has been checked."""
        return cls(parent[3:35], parent[36:52], is_sampled(parent))


class Span(NamedTuple):
    """What happened in one place: one step of a trace, told when it is over.

    ``context`` is its own, ``parent`` the ``traceparent`` of what caused it; empty: nothing of
    ours did. ``links`` are ``traceparent`` of what it has to do with besides. ``kind`` is one of
    KINDS. ``facts`` name no person and hold no content.
    """

    name: str
    kind: str
    context: Context
    parent: str
    began_at: datetime
    ended_at: datetime
    facts: Mapping[str, str | int]
    links: tuple[str, ...] = ()
    failed: bool = False


SERVER, INTERNAL, PRODUCER, CONSUMER = KINDS = ("server", "internal", "producer", "consumer")


class Tracer(Protocol):
    """Is told of spans; from any thread, and never waits."""

    def told(self, span: Span) -> None:
        """Take a span of a trace that is sampled; dropped and counted where there are too many."""


class Untraced:
    """A Tracer where nobody records."""

    def told(self, span: Span) -> None:
        """Take no notice."""


def is_sampled(parent: str) -> bool:
    """Return whether what follows a ``traceparent`` of our own is to be recorded."""
    return parent.endswith(SAMPLED)


def trace_id_of(parent: str) -> str:
    """Return the trace of a ``traceparent`` of our own; empty where there is none."""
    return parent[3:35]


class Edge:
    """Where requests come in: takes their traces up or begins them, and throws the dice."""

    def __init__(self, ratio: float = 0.0, chance: Chance = random.random) -> None:
        """``ratio`` of all requests are recorded, whoever sends them and whatever they say."""
        self._ratio = ratio
        self._chance = chance

    def context(self, parent: str = "", state: str = "") -> tuple[Context, str]:
        """Return a new span for a request, and the ``traceparent`` of a stranger that it follows.

        What does not read like one is ignored, and a new trace begins.
        """
        sampled = self._ratio > 0 and self._chance() < self._ratio
        found = _ANYBODYS.fullmatch(parent) if len(parent) <= _FUTURE_CHARACTERS_MAX else None
        if found is None or (found["version"] == _FIRST_VERSION and found["more"]):
            return Context(_new(_TRACE_BYTES), _new(_SPAN_BYTES), sampled), ""
        before = Context(found["trace"], found["span"], sampled, read_state(state))
        return before.child(), before.parent


def read_state(text: str) -> str:
    """Return a ``tracestate`` as we send it on; empty where it breaks the grammar or is long."""
    if not text or len(text) > STATE_CHARACTERS_MAX:
        return ""
    members = [member for one in text.split(",") if (member := one.strip(" \t"))]
    matches = [_MEMBER.fullmatch(member) for member in members]
    keys = {match["key"] for match in matches if match is not None}
    if len(members) > STATE_MEMBERS_MAX or len(keys) != len(members):
        return ""
    return ",".join(members)


def _new(count: int) -> str:
    # Zeros alone name nothing; they come up never, and are thrown again.
    found = secrets.token_hex(count)
    return found if int(found, 16) else _new(count)
