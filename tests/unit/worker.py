"""A worker of any application without brokers: real database, real documents, a moved clock."""

import itertools
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from adapters.database import Database, InboxStore, Migrations
from adapters.xml import Schemas, parse
from hub.envelope import Message, RequestId, Transmission
from hub.inbox import Limits
from hub.messages import message_type
from hub.settings import Configuration
from internal_apps.serving import Build, Surroundings, check_complete, inbox_of
from tests.unit.hub_world import CountedMetrics, MovedClock

AGENT = "agent:1001"
Values = dict[str, Any]


class Worker:
    """One application, built as its process builds it, on a new SQLite database in ``folder``."""

    def __init__(self, build: Build, folder: Path, configuration: str = "") -> None:
        """``configuration`` is the TOML that the application reads."""
        toml = folder / "inside.toml"
        toml.write_text(configuration, "utf-8")
        self._sequence = itertools.count(1)
        self.clock = MovedClock()
        self.schemas = Schemas()
        self.database = Database(f"sqlite:///{folder / 'worker.sqlite'}")
        self.store = InboxStore(self.database, self.clock, "worker-1")
        metrics = CountedMetrics()
        around = Surroundings(self.store, self.schemas, self.clock, metrics, "worker-1")
        application = build(around, Configuration(toml, "worker-1"))
        check_complete(application)
        Migrations(self.database, [application.migrations]).upgrade()
        self.inbox = inbox_of(application, around, Limits())

    def message(self, key: str, values: Values, reference: str = "A-1") -> Message:
        """Return a request as it arrives inside."""
        row = message_type(key)
        return Message(
            type=key,
            id=RequestId(AGENT, row.name, reference),
            transmission=Transmission("gateway-1", "b00t", next(self._sequence)),
            accepted_at=self.clock.now(),
            body=self.schemas.write(row.element, values),
            reply_to="replies.gateway-1.b00t",
        )

    def handle(self, *messages: Message) -> list[Values]:
        """Handle a batch; return what was answered, in order, with its ``type``."""
        self.inbox.handle(messages)
        rows = self.store.unsent(1_000)
        self.store.mark_sent([number for number, _ in rows], self.clock.now())
        return [
            {"type": reply.type, **self.schemas.values(parse(reply.body))} for _, reply in rows
        ]

    def rows(self, table: str) -> list[Values]:
        """Return the rows of one of the application's tables."""
        with self.database.reading() as connection:
            found = connection.execute(sa.text(f"SELECT * FROM {table}"))  # noqa: S608
            return [dict(row) for row in found.mappings()]

    def close(self) -> None:
        """Close the database."""
        self.database.close()
