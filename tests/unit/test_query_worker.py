"""A worker answers questions while somebody waits, and none stops it."""

from typing import Any

import pytest

from adapters.memory.broker import inside_broker
from adapters.memory.links import MemoryConsumer, MemoryPublisher, MemorySubscription
from adapters.memory.loop import MemoryLoop
from hub.envelope import Message, RequestId, from_wire, to_wire
from hub.errors import DatabaseAway
from hub.guard import INSIDE, Guard
from hub.messages import INWARD_EXCHANGE, Direction, Lane
from hub.ports import Address, Answer
from hub.queries import QueryWorker
from hub.trace import Tracer
from tests.unit.hub_world import (
    NOON,
    CountedMetrics,
    MovedClock,
    PlainContracts,
    booking,
)

QUEUE = "ticketing.queries"


class World:
    """A worker that answers on a broker in memory, moved by hand."""

    def __init__(self, tracer: Tracer | None = None) -> None:
        self.broker, self.loop = inside_broker(), MemoryLoop()
        self.clock, self.metrics = MovedClock(), CountedMetrics()
        self.error: Exception | None = None
        self.worker = QueryWorker(
            {"GetBooking.1": self._answer},
            Guard(Direction.INWARD, (Lane.QUERIES,), PlainContracts(), self.clock, INSIDE),
            MemoryPublisher(self.broker, "ticketing-1"),
            run=self.loop.call,
            account="ticketing-1",
            clock=self.clock,
            metrics=self.metrics,
            tracer=tracer,
        )
        self.worker.start(MemoryConsumer(self.loop, self.broker), QUEUE, 10)

    def _answer(self, _question: Message) -> Answer:
        if self.error is not None:
            raise self.error
        return Answer("GetBookingResponse.1", b"<it/>")

    def ask(self, number: int, **changes: Any) -> list[Message]:
        """Ask, let the worker take it, and return what it has said since."""
        id_ = RequestId("agent:1001", "GetBooking", f"b00t.{number}")
        question = booking(type="GetBooking.1", id=id_, **changes)
        wire = to_wire(question, account="hub-1")
        self.broker.route(Address(INWARD_EXCHANGE, QUEUE), "hub-1", wire)
        self.loop.pump()
        self.worker.step()
        self.loop.pump()
        return [from_wire(said) for said in self.broker.take_all("outward.replies")]

    def held(self) -> int:
        """Return how many questions are not acknowledged."""
        subscription = self.worker._subscription
        assert isinstance(subscription, MemorySubscription)
        return len(subscription._held)


def test_a_question_is_answered_while_it_is_waited_for_and_never_after() -> None:
    """One that has expired is counted and gone: its asker has left, and asks again."""
    world = World()
    (said,) = world.ask(1, expires_at=NOON)
    assert (said.type, said.correlation) == ("GetBookingResponse.1", str(booking().transmission))
    world.clock.move(seconds=1)
    assert world.ask(2, expires_at=NOON) == []
    assert world.metrics.counts["lupu_queries_expired_total"] == 1
    assert world.held() == 0


@pytest.mark.parametrize("error", [ZeroDivisionError(), DatabaseAway("It is away.")])
def test_a_question_that_fails_is_counted_and_the_next_is_answered(error: Exception) -> None:
    """Whatever goes wrong with one, it is not asked for ever and ends no worker."""
    world = World()
    world.error = error
    assert world.ask(1) == []
    assert world.metrics.counts["lupu_queries_failed_total"] == 1
    world.error = None
    assert len(world.ask(2)) == 1
    assert world.held() == 0
