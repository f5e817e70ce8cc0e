"""Each place that a recorded message passes tells of its step, and what follows names it."""

from hub.envelope import Message, from_wire
from hub.ports import Published
from hub.trace import CONSUMER, PRODUCER, Context, Span
from tests.unit.channel_world import Delays
from tests.unit.channel_world import World as Bridge
from tests.unit.hub_world import booking
from tests.unit.retry_world import ATTEMPTS_MAX, RetryWorld
from tests.unit.test_outbox import World as OutboxWorld
from tests.unit.test_query_worker import World as Queries
from tests.unit.test_trace import PARENT, TRACE

UNSAMPLED = PARENT[:-1] + "0"


class Told:
    """A tracer that remembers every span."""

    def __init__(self) -> None:
        self.spans: list[Span] = []

    def told(self, span: Span) -> None:
        """Remember it."""
        self.spans.append(span)


def test_a_hub_tells_of_what_it_has_moved_and_is_named_by_it() -> None:
    """The span ends with the confirm; the message inside names it as its cause."""
    told = Told()
    bridge = Bridge(delays=Delays(inside_seconds=2), tracer=told)
    bridge.send(booking(trace=PARENT))
    assert not told.spans
    bridge.loop.pass_seconds(3)
    (crossed,) = told.spans
    (wire,) = bridge.inside.take_all("ticketing.requests")
    assert from_wire(wire).trace == crossed.context.parent
    assert (crossed.name, crossed.kind, crossed.parent) == ("hub cross", CONSUMER, PARENT)
    assert crossed.context.trace_id == TRACE
    assert crossed.facts["lupu.lane"] == "inward.requests"
    assert not crossed.failed


def test_nobody_is_told_of_what_is_not_recorded() -> None:
    """A message without a trace, or of one that is not recorded, passes as it came."""
    told = Told()
    bridge, world, queries = Bridge(tracer=told), RetryWorld(told), Queries(told)
    for number, trace in enumerate(["", UNSAMPLED]):
        bridge.send(booking(f"A-{number}", trace=trace))
        (wire,) = bridge.inside.take_all("ticketing.requests")
        assert from_wire(wire).trace == trace
        world.handle(booking(f"A-{number}", trace=trace))
        (reply,) = queries.ask(number, trace=trace)
        assert reply.trace == trace
    assert not told.spans


def test_a_worker_tells_of_each_message_of_a_batch() -> None:
    """One span a message, told after the commit; the reply names it as its cause."""
    told = Told()
    world = RetryWorld(told)
    world.handle(booking("A-1", trace=PARENT), booking("A-2"), booking("A-3", trace=PARENT))
    assert [span.name for span in told.spans] == ["worker handle"] * 2
    assert {span.facts["lupu.together"] for span in told.spans} == {3}
    replies = [message for _, message in world.store.unsent(9)]
    causes = {message.id.reference: message.trace for message in replies}
    assert causes["A-1"] == told.spans[0].context.parent
    assert (causes["A-2"], told.spans[0].parent) == ("", PARENT)


def test_a_message_that_fails_is_told_each_time_below_the_time_before() -> None:
    """Each try is a span; the one that looks again is caused by the one that kept it."""
    told = Told()
    world, message = RetryWorld(told), booking(trace=PARENT)
    world.park(message)
    world.release(message)
    assert [span.name for span in told.spans[1:]] == ["worker handle again"] * ATTEMPTS_MAX
    assert [span.failed for span in told.spans] == [True] * ATTEMPTS_MAX + [False]
    causes = [PARENT, *(span.context.parent for span in told.spans)]
    assert [span.parent for span in told.spans[:ATTEMPTS_MAX]] == causes[:ATTEMPTS_MAX]


def test_an_outbox_tells_of_what_has_left_and_what_has_not() -> None:
    """A reply that is not confirmed is told as failed, and told again when it leaves."""
    told = Told()
    world = OutboxWorld(told)
    message: Message = booking(trace=PARENT, type="PlaceBookingResponse.1", reply_to="replies.x")
    world.commit(message)
    for outcome in (Published.UNKNOWN, Published.CONFIRMED):
        world.outbox.publish_soon()
        ((_, wire, _),) = world.publisher.sent
        world.publisher.settle(outcome)
        world.outbox.mark()
        assert from_wire(wire).trace == told.spans[-1].context.parent
    assert [(span.kind, span.failed) for span in told.spans] == [
        (PRODUCER, True),
        (PRODUCER, False),
    ]
    assert {span.parent for span in told.spans} == {PARENT}


def test_a_question_is_told_when_its_answer_has_left() -> None:
    """The answer names the span of answering, which names what asked."""
    told = Told()
    (reply,) = Queries(told).ask(1, trace=PARENT)
    (answered,) = told.spans
    assert Context.of(reply.trace) == answered.context._replace(state="")
    assert (answered.name, answered.parent) == ("worker answer", PARENT)
