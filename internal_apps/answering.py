"""What every application does alike: read a request, answer it, say no, repeat an outcome."""

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Protocol

from adapters.database import SqlUnit
from adapters.xml import Schemas, parse, write_refusal
from hub import refusals
from hub.envelope import Message, RequestId
from hub.errors import Refusal
from hub.inbox import DONE, Rebuild, Refusals
from hub.messages import message_type
from hub.ports import Answer, InboxEntry, InboxState, Unit
from hub.queries import Query

__all__ = [
    "DONE",
    "REFUSALS",
    "answer",
    "nothing_earlier",
    "outcome",
    "refused",
    "refused_before",
    "sql_unit",
    "stored_outcome",
    "values",
]


def nothing_earlier(_request: RequestId) -> Answer | None:
    """Nothing was answered before a restore, where none is replayed."""
    return None


def values(schemas: Schemas, message: Message) -> dict[str, Any]:
    """Return the typed values of a message's document, children by local name."""
    return schemas.values(parse(message.body))


def answer(schemas: Schemas, key: str, **said: object) -> Answer:
    """Return an answer of the message type ``key`` whose document has these values."""
    return Answer(key, schemas.write(message_type(key).element, said))


def refused(refusal: Refusal) -> Answer:
    """Return a refusal as an answer."""
    return Answer("Refused.1", write_refusal(refusal))


def sql_unit(unit: Unit) -> SqlUnit:
    """Return the unit as the database's own; an application keeps its rows beside the inbox."""
    if not isinstance(unit, SqlUnit):
        raise TypeError("An application needs a unit of a database.")
    return unit


def outcome(entry: InboxEntry, unit: Unit, rebuild: Rebuild | None) -> Answer:
    """Return what a request was answered, anew where that was pruned; PENDING while it is open."""
    if entry.state is not InboxState.HANDLED:
        return refused(refusals.PENDING)
    return entry.answer or (rebuild or refusals.cannot_rebuild)(entry, unit)


def refused_before(code: str, known: Sequence[Refusal]) -> Answer:
    """Return the refusal of a code once more; its figures, where it named any, are not kept."""
    for refusal in (*known, *_OWN):
        if refusal.code == code:
            return refused(without_figures(refusal))
    return refused(refusals.refused_with(code))


def without_figures(refusal: Refusal) -> Refusal:
    """Return a refusal with dots where its sentences name figures."""
    said = (refusal.sentence_en, refusal.sentence_zh)
    english, chinese = (_FIGURE.sub("…", sentence) for sentence in said)
    return replace(refusal, sentence_en=english, sentence_zh=chinese)


class Readable(Protocol):
    """A store that can be read without waiting for those who write."""

    def reading(self) -> AbstractContextManager[Unit]:
        """Open a transaction that only reads."""


def stored_outcome(store: Readable, schemas: Schemas, rebuild: Rebuild | None = None) -> Query:
    """Return what answers GetOutcome: the stored outcome of the request that the id names.

    Where it was handled, or waits, with other values than those asked about: REFERENCE_REUSED.
    """

    def get_outcome(message: Message) -> Answer:
        digest = values(schemas, message).get("Digest")
        with store.reading() as unit:
            entry = unit.entry(message.id)
            if entry is None:
                return answer(schemas, "NotKnownYet.1")
            if digest not in (None, entry.digest):
                return refused(refusals.REFERENCE_REUSED)
            return outcome(entry, unit, rebuild)

    return get_outcome


_FIGURE = re.compile(r"\{\w+\}")
_OWN = (refusals.REFERENCE_REUSED, refusals.REQUEST_TOO_OLD, refusals.DISCARDED)

# What the inbox says by itself.
REFUSALS = Refusals(
    reference_reused=refusals.REFERENCE_REUSED,
    request_too_old=refusals.REQUEST_TOO_OLD,
    pending=refusals.PENDING,
    answer=refused,
)
