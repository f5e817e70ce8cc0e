"""Which requests a text names: an id, a trace, a transmission, an own or a booking's reference."""

import re
from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from adapters.database import Database, first
from adapters.database.tables import inbox, inside_book
from hub.envelope import RequestId
from hub.errors import MalformedEnvelope
from hub.messages import MESSAGES
from internal_apps.telling import Source

FOUND_MAX = 50
# So many ids are asked for in one statement.
ASKED_MAX = 500
_OPERATIONS = tuple(dict.fromkeys(row.name for row in MESSAGES if row.once))
_TRACE = re.compile(r"(?:[0-9a-f]{2}-)?([0-9a-f]{32})(?:-[0-9a-f]{16}-[0-9a-f]{2})?")
_TRANSMISSION = re.compile(r"([A-Za-z0-9_-]{1,40})\.([A-Za-z0-9_-]{1,40})\.([0-9]{1,18})")
_REFERENCE = re.compile(r"(?:(?:agent:)?([A-Za-z0-9._-]{1,32})[/ ])?([A-Za-z0-9._:-]{1,64})")


def find(database: Database, text: str, sources: Sequence[Source]) -> Sequence[str]:
    """Return the ids of the requests that ``text`` names, at most FOUND_MAX of them."""
    named = text.strip()
    ids = [
        *_by_id(database, named, sources),
        *_in_the_book(database, named),
        *(one for source in sources for one in source.named(database, named)),
        *_by_reference(database, named, sources),
    ]
    return list(dict.fromkeys(ids))[:FOUND_MAX]


def _by_id(database: Database, text: str, sources: Sequence[Source]) -> Sequence[str]:
    try:
        return _known(database, [str(RequestId.parse(text))], sources)
    except MalformedEnvelope:
        return ()


def _in_the_book(database: Database, text: str) -> Sequence[str]:
    """Return what the inside book has of a trace or of a transmission."""
    book = inside_book.c
    if match := _TRACE.fullmatch(text.lower()):
        which = book.trace == match[1]
    elif match := _TRANSMISSION.fullmatch(text):
        which = sa.and_(
            book.origin == match[1], book.boot == match[2], book.sequence == int(match[3])
        )
    else:
        return ()
    statement = sa.select(book.request_id).where(which).order_by(book.number)
    with database.reading() as connection:
        return [row[0] for row in connection.execute(first(connection, statement, FOUND_MAX))]


def _by_reference(database: Database, text: str, sources: Sequence[Source]) -> Sequence[str]:
    """Return the requests of this reference: of the agent that is named, or of every one."""
    match = _REFERENCE.fullmatch(text)
    if match is None:
        return ()
    if match[1]:
        senders: Sequence[str] = [f"agent:{match[1]}"]
    else:
        senders = [one for source in sources for one in source.senders(database)]
    ids = [f"{sender}/{operation}/{match[2]}" for sender in senders for operation in _OPERATIONS]
    return _known(database, ids, sources)


def _known(database: Database, ids: Sequence[str], sources: Sequence[Source]) -> Sequence[str]:
    """Return those that anybody knows, in the order in which they were asked for."""
    known: set[str] = set()
    for some in _portions(ids):
        statement = sa.select(inbox.c.request_id).where(inbox.c.request_id.in_(some))
        with database.reading() as connection:
            known.update(connection.execute(statement).scalars())
        for source in sources:
            known.update(source.known(database, some))
    return [one for one in ids if one in known]


def _portions(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), ASKED_MAX):
        yield ids[start : start + ASKED_MAX]
