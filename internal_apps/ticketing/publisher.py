"""Publishes offers and agents whenever they changed, so that gateways know without asking.

What is published follows from the database and the clock alone: a price, a peak day, a sale
stop or an agent changed there, by whatever program, goes out within the interval. Unchanged
documents go out again now and then, for their age tells gateways that somebody is there.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from adapters.database import InboxStore
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


@dataclass(frozen=True, slots=True)
class Edition:
    """A document that is to go out."""

    version: int
    digest: str
    values: dict[str, Any]


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
            edition = self._edition(unit.connection, topic, now)
        if edition is None:
            return False
        with self._store.unit() as unit:
            # Two workers may see the same change: the one that comes second lets it be.
            taken = unit.connection.execute(
                publications.update()
                .where(
                    publications.c.topic == topic,
                    publications.c.version == edition.version - 1,
                )
                .values(version=edition.version, digest=edition.digest, published_at=now)
            )
            if taken.rowcount != 1:
                return False
            unit.send([self._message(topic, edition, now)])
        return True

    def _edition(self, connection: sa.Connection, topic: str, now: datetime) -> Edition | None:
        """Return the next edition of a topic, None where it is not to go out."""
        values = TOPICS[topic](connection, now)
        canonical = json.dumps(values, default=str, sort_keys=True)
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        last = connection.execute(
            sa.select(publications).where(publications.c.topic == topic)
        ).one()
        due = last.published_at is None or now - last.published_at >= self._repeat
        if digest == last.digest and not due:
            return None
        return Edition(last.version + 1, digest, values)

    def _message(self, topic: str, edition: Edition, now: datetime) -> Message:
        document = {"Version": edition.version, "PublishedAt": now, **edition.values}
        self._sequence += 1
        return Message(
            type=f"{topic}.1",
            id=RequestId(SENDER, topic, str(edition.version)),
            transmission=Transmission(self._origin, self._boot, self._sequence),
            accepted_at=now,
            body=self._schemas.write(f"{{{PUBLISHED}}}{topic}", document),
        )
