"""Publishes offers, agents and what is drained whenever they changed: gateways need not ask.

What is published follows from the database and the clock alone: a price, a peak day, a sale
stop or an agent changed there, by whatever program, goes out within the interval. Unchanged
documents go out again now and then, for their age tells gateways that somebody is there.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa

from adapters.database import InboxStore, read_targets
from adapters.xml import Schemas
from hub.due import Due
from hub.envelope import Message, RequestId, Transmission
from hub.messages import PUBLISHED
from hub.ports import Clock
from hub.traffic import Mode
from internal_apps.ticketing.offers import offers_values
from internal_apps.ticketing.published_agents import agents_values
from internal_apps.ticketing.tables import publications

SENDER = "application:ticketing"

Compute = Callable[[sa.Connection, datetime], dict[str, Any]]


def traffic_values(connection: sa.Connection, _now: datetime) -> dict[str, Any]:
    """Return what is drained, as it is published, without version and time."""
    return {"Drained": [str(target) for target in read_targets(connection, Mode.DRAIN)]}


TOPICS: dict[str, Compute] = {
    "Offers": offers_values,
    "Agents": agents_values,
    "Traffic": traffic_values,
}


@dataclass(frozen=True, slots=True)
class Edition:
    """A document that is to go out, and the version that it follows."""

    version: int
    after: int
    digest: str
    values: dict[str, Any]


class Publishing:
    """Looks for changes of each topic at most every ``interval_seconds``."""

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
        self._repeat = timedelta(seconds=repeat_seconds)
        self._origin = origin
        self._boot = boot
        self._is_due = {topic: Due(clock, interval_seconds) for topic in TOPICS}
        self._sequence = 0

    def chores(self) -> tuple[Callable[[], None], ...]:
        """Return one chore a topic: a row that spoils the offers keeps no agent from blocking."""
        return tuple(partial(self._look, topic) for topic in TOPICS)

    def _look(self, topic: str) -> None:
        if self._is_due[topic]():
            self.publish(topic)

    def publish(self, topic: str) -> bool:
        """Publish a topic if it has changed or is due again; return whether it was."""
        edition = self.due(topic)
        return edition is not None and self.put(topic, edition)

    def due(self, topic: str) -> Edition | None:
        """Return the edition of a topic that is to go out now, None where none is."""
        with self._store.reading() as unit:
            return self._edition(unit.connection, topic, self._clock.now())

    def put(self, topic: str, edition: Edition) -> bool:
        """Publish an edition; False where another worker, which saw the same, was faster."""
        now = self._clock.now()
        with self._store.unit() as unit:
            taken = unit.connection.execute(
                publications.update()
                .where(
                    publications.c.topic == topic,
                    publications.c.version == edition.after,
                )
                .values(version=edition.version, digest=edition.digest, published_at=now)
            )
            if taken.rowcount != 1:
                return False
            unit.send([self._message(topic, edition, now)])
        return True

    def _edition(self, connection: sa.Connection, topic: str, now: datetime) -> Edition | None:
        """Return the next edition of a topic, None where it is not to go out."""
        # Read before the values: who publishes between the two reads is then seen in ``put``.
        last = connection.execute(
            sa.select(publications).where(publications.c.topic == topic)
        ).one()
        values = TOPICS[topic](connection, now)
        canonical = json.dumps(values, default=str, sort_keys=True)
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        due = last.published_at is None or now - last.published_at >= self._repeat
        if digest == last.digest and not due:
            return None
        return Edition(_next_version(last.version, now), last.version, digest, values)

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


def _next_version(last: int, now: datetime) -> int:
    # Gateways refuse what is older than what they have. A database that was restored has
    # forgotten its latest editions; the clock has not, and is ahead of them all as long as
    # fewer editions than seconds went out. A clock put back changes nothing: one more then.
    return max(last + 1, int(now.timestamp()))
