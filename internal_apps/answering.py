"""What every application does alike: read a request, answer it, say no, repeat an outcome."""

from typing import Any

from adapters.database import InboxStore, SqlUnit
from adapters.xml import Schemas, parse, write_refusal
from hub import refusals
from hub.envelope import Message
from hub.errors import Refusal
from hub.inbox import DONE, Refusals
from hub.messages import message_type
from hub.ports import Answer, Unit
from hub.worker import Query

__all__ = ["DONE", "REFUSALS", "answer", "refused", "sql_unit", "stored_outcome", "values"]


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


def stored_outcome(store: InboxStore, schemas: Schemas) -> Query:
    """Return what answers GetOutcome: the stored outcome of the request that the id names."""

    def get_outcome(message: Message) -> Answer:
        with store.reading() as unit:
            entry = unit.entry(message.id)
        if entry is None:
            return answer(schemas, "NotKnownYet.1")
        return entry.answer or refused(refusals.PENDING)

    return get_outcome


# What the inbox says by itself.
REFUSALS = Refusals(
    reference_reused=refusals.REFERENCE_REUSED,
    request_too_old=refusals.REQUEST_TOO_OLD,
    pending=refusals.PENDING,
    answer=refused,
)
