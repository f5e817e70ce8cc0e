"""What the pages read besides search and history: rules, stored outcomes, agents' names."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from adapters.database import Database, first
from adapters.database.inbox_rows import read_entry, read_part
from adapters.database.parts import text_to_bytes, text_to_message
from adapters.database.tables import BODY, outbox
from hub.envelope import RequestId
from hub.ports import InboxEntry
from internal_apps.ticketing.catalogue import Catalogue
from internal_apps.ticketing.search import Step
from internal_apps.ticketing.tables import agents

REPLIES_LOOKED_AT_MAX = 100
REPLY_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class AgentName:
    """An agent as pages name it."""

    name_en: str
    name_zh: str


class Books:
    """Reads the database for the pages; never writes."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def catalogue(self) -> Catalogue:
        """Return the rules as they are now."""
        with self.database.reading() as connection:
            return Catalogue(connection)

    def entry(self, request_id: RequestId) -> InboxEntry | None:
        """Return what became of a request so far, or None where it has not arrived."""
        with self.database.reading() as connection:
            return read_entry(connection, request_id)

    def body(self, request_id: RequestId) -> bytes:
        """Return the document of a request; empty where it is not kept any more."""
        with self.database.reading() as connection:
            return text_to_bytes(read_part(connection, str(request_id), BODY))

    def agent_names(self) -> Mapping[str, AgentName]:
        """Return the agents' names by their senders: ``agent:1001``."""
        statement = sa.select(agents.c.number, agents.c.name_en, agents.c.name_zh)
        with self.database.reading() as connection:
            rows = connection.execute(statement)
            return {f"agent:{row[0]}": AgentName(row[1], row[2]) for row in rows}

    def replied_at(self, step: Step) -> datetime | None:
        """Return when the reply to a message left, or None where that is not known any more.

        A reply is stored by the transaction that took the request, so they have that time in
        common; the outbox is indexed by when a row was sent.
        """
        statement = (
            sa.select(outbox.c.sent_at, outbox.c.text)
            .where(
                outbox.c.sent_at >= step.taken_at,
                outbox.c.sent_at <= step.taken_at + REPLY_WITHIN,
                outbox.c.stored_at == step.taken_at,
                outbox.c.rest_key == "",
            )
            .order_by(outbox.c.sent_at)
        )
        with self.database.reading() as connection:
            rows = connection.execute(first(connection, statement, REPLIES_LOOKED_AT_MAX)).all()
        for sent_at, text in rows:
            if text_to_message(text).id == step.request_id:
                return sent_at  # type: ignore[no-any-return]
        return None
