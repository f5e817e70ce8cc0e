"""What the pages read besides search and history: rules, stored outcomes, agents' names."""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from adapters.database import Database
from adapters.database.inbox_rows import read_entry, read_part
from adapters.database.parts import text_to_bytes
from adapters.database.tables import BODY
from hub.envelope import RequestId
from hub.ports import InboxEntry
from internal_apps.ticketing.catalogue import Catalogue
from internal_apps.ticketing.tables import agents


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
