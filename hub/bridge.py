"""The channels between the two brokers, lane by lane."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from hub.channel import Channel, Route
from hub.envelope import Message, Wire
from hub.flow import Later
from hub.guard import OUTSIDE, Guard
from hub.machine import Chance
from hub.messages import (
    INWARD_EXCHANGE,
    ONCE,
    PUBLISHED_EXCHANGE,
    REPLIES_EXCHANGE,
    Direction,
    Lane,
    MessageType,
    destination,
    inside_queue,
    outside_queue,
    outward_queue,
    published_stream,
    sealed_route,
)
from hub.notices import NoticedQuarantine
from hub.ports import Address, Agents, Clock, Consumer, Contracts, Metrics, Publisher, Quarantine
from hub.sealing import Seals
from hub.trace import Tracer


@dataclass(frozen=True, slots=True)
class Hub:
    """Settings: how many messages a lane may hold unacknowledged at once, and agents' rates.

    An agent's own rate is what one gateway lets through: ``agent_rate_times`` it a hub takes,
    so at least as many times as there are gateways. ``agent_backlog_seconds``: how much of its
    agents' requests may have gathered in an outage, and still pass at once.
    """

    section: ClassVar[str] = "hub"
    urgent_prefetch_max: int = 200
    requests_prefetch_max: int = 1_000
    bulk_prefetch_max: int = 50
    queries_prefetch_max: int = 200
    replies_prefetch_max: int = 1_000
    published_prefetch_max: int = 10
    agent_rate_times: float = 10.0
    agent_backlog_seconds: float = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Side:
    """One broker as the hub uses it: a connection to consume, another to publish."""

    consumer: Consumer
    publisher: Publisher


@dataclass(frozen=True, slots=True)
class Bridge:
    """The channels between two brokers; the same for real brokers and for those in memory.

    ``place`` is the hub's own name, and its account on both brokers. ``agents``: asked of what
    gateways bring; a hub process always has them.
    """

    place: str
    outside: Side
    inside: Side
    contracts: Contracts
    clock: Clock
    metrics: Metrics
    later: Later
    quarantine_on: Callable[[Publisher], Quarantine]
    seals: Seals
    chance: Chance = random.random
    agents: Agents | None = None
    tracer: Tracer | None = None

    def start(self, hub: Hub) -> tuple[Channel, ...]:
        """Begin to move every lane; return the channels that do."""
        prefetches = {
            Lane.URGENT: hub.urgent_prefetch_max,
            Lane.REQUESTS: hub.requests_prefetch_max,
            Lane.BULK: hub.bulk_prefetch_max,
            Lane.QUERIES: hub.queries_prefetch_max,
        }
        outside, inside = self.outside.consumer, self.inside.consumer
        inward = []
        for lane, prefetch_max in prefetches.items():
            inward.append(self._inward(lane))
            inward[-1].start(outside, outside_queue(lane), prefetch_max)
        replies, published = self._outward(Lane.REPLIES), self._outward(Lane.PUBLISHED)
        replies.start(inside, outward_queue(Lane.REPLIES), hub.replies_prefetch_max)
        published.start(inside, outward_queue(Lane.PUBLISHED), hub.published_prefetch_max)
        return (*inward, replies, published)

    def _inward(self, lane: Lane) -> Channel:
        @cache
        def address(application: str) -> Address:
            return Address(INWARD_EXCHANGE, inside_queue(application, lane))

        def route(message: Message, row: MessageType) -> Address:
            return address(destination(row, message.id.operation))

        guard = Guard(
            Direction.INWARD,
            (lane,),
            self.contracts,
            self.clock,
            OUTSIDE,
            opener=self.seals.opener,
            route=sealed_route(lane),
            agents=self.agents,
        )
        return self._channel(lane, guard, route, self.inside.publisher)

    def _outward(self, lane: Lane) -> Channel:
        def route(message: Message, row: MessageType) -> Address:
            if lane is Lane.PUBLISHED:
                return Address(PUBLISHED_EXCHANGE, published_stream(row))
            return Address(REPLIES_EXCHANGE, message.reply_to)

        guard = Guard(Direction.OUTWARD, (lane,), self.contracts, self.clock)
        return self._channel(lane, guard, route, self.outside.publisher)

    def _channel(self, lane: Lane, guard: Guard, route: Route, publisher: Publisher) -> Channel:
        inward = publisher is self.inside.publisher
        # What is refused stays on the side it came from.
        quarantine = self.quarantine_on(
            self.outside.publisher if inward else self.inside.publisher
        )
        if inward and lane in ONCE:
            quarantine = NoticedQuarantine(
                quarantine, publisher, place=self.place, clock=self.clock
            )
        return Channel(
            f"{'inward' if inward else 'outward'}.{lane.value}",
            self.place,
            guard=guard,
            route=route,
            publisher=publisher,
            quarantine=quarantine,
            later=self.later,
            clock=self.clock,
            metrics=self.metrics,
            persistent=lane in (*ONCE, Lane.PUBLISHED),
            drop_unwanted=lane is Lane.REPLIES,
            chance=self.chance,
            witnessed=lane in ONCE,
            seal=None if inward else self._seal,
            tracer=self.tracer,
        )

    def _seal(self, wire: Wire, message: Message, row: MessageType) -> Wire:
        if row.lane is Lane.PUBLISHED:
            return self.seals.sealer.seal(wire, published_stream(row), self.seals.editions_for())
        return self.seals.sealer.seal(wire, REPLIES_EXCHANGE, (message.transmission.origin,))
