"""Publishes offers and agents whenever they changed, so that gateways know without asking.

What is published follows from the database and the clock alone: a price, a peak day, a sale
stop or an agent changed there, by whatever program, goes out within the interval. Unchanged
documents go out again now and then, for their age tells gateways that somebody is there.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from adapters.database import InboxStore, SqlUnit
from adapters.xml import Schemas
from hub.envelope import Message, RequestId, Transmission
from hub.messages import PUBLISHED
from hub.ports import Clock
from internal_apps.ticketing.agents import agents_values
from internal_apps.ticketing.offers import offers_values
from internal_apps.ticketing.tables import publications

SENDER = "application:ticketing"

Compute = Callable[[sa.Connection, datetime], dict[str, Any]]

TOPICS: dict[str, Compute] = {"Offers": offers_values, "Agents": agents_values}


class PublishingChore:
    """Looks for changes at most every ``interval_seconds``."""

    def __init__(
        self,
        store: InboxStore,
        schemas: Schemas,
        clock: Clock,
        *,
        interval_seconds: float,
        repeat_seconds: float,
        origin: str,
        boot: str,
    ) -> None:
        """``origin`` and ``boot`` name this process as the sender."""
        self._store = store
        self._schemas = schemas
        self._clock = clock
        self._interval_seconds = interval_seconds
        self._repeat = timedelta(seconds=repeat_seconds)
        self._origin = origin
        self._boot = boot
        self._next_look = 0.0
        self._sequence = 0

    def __call__(self) -> None:
        """Publish what has changed, if it is time to look."""
        if self._clock.monotonic() < self._next_look:
            return
        self._next_look = self._clock.monotonic() + self._interval_seconds
        for topic in TOPICS:
            self.publish(topic)

    def publish(self, topic: str) -> bool:
        """Publish a topic if it has changed or is due again; return whether it was."""
        now = self._clock.now()
        with self._store.reading() as unit:
            if self._change(unit.connection, topic, now) is None:
                return False
        with self._store.unit() as unit:
            # Two workers may see the same change: the one that comes second looks again.
            unit.connection.execute(
                publications.update()
                .where(publications.c.topic == topic)
                .values(version=publications.c.version)
            )
            change = self._change(unit.connection, topic, now)
            if change is not None:
                self._send(unit, topic, *change, now=now)
        return change is not None

    def _change(
        self, connection: sa.Connection, topic: str, now: datetime
    ) -> tuple[dict[str, Any], str, int] | None:
        """Return the document's values, their digest and its next version, if it is to go out."""
        values = TOPICS[topic](connection, now)
        digest = hashlib.sha256(
            json.dumps(values, default=str, sort_keys=True).encode()
        ).hexdigest()
        last = connection.execute(
            sa.select(publications).where(publications.c.topic == topic)
        ).one()
        due = last.published_at is None or now - last.published_at >= self._repeat
        if digest == last.digest and not due:
            return None
        return values, digest, last.version + 1

    def _send(
        self,
        unit: SqlUnit,
        topic: str,
        values: dict[str, Any],
        digest: str,
        version: int,
        *,
        now: datetime,
    ) -> None:
        document = {"Version": version, "PublishedAt": now, **values}
        self._sequence += 1
        message = Message(
            type=f"{topic}.1",
            id=RequestId(SENDER, topic, str(version)),
            transmission=Transmission(self._origin, self._boot, self._sequence),
            accepted_at=now,
            body=self._schemas.write(f"{{{PUBLISHED}}}{topic}", document),
        )
        unit.connection.execute(
            publications.update()
            .where(publications.c.topic == topic)
            .values(version=version, digest=digest, published_at=now)
        )
        unit.send([message])
