"""Many threads ask, one loop sends, each answer finds the thread that waits for it."""

import threading
import time

from adapters.memory.broker import outside_broker
from adapters.memory.links import MemoryConsumer, MemoryPublisher
from adapters.memory.loop import MemoryLoop
from hub.envelope import Message, Transmission, to_wire
from hub.messages import INWARD_EXCHANGE, REPLIES_EXCHANGE
from hub.ports import Address, Published
from hub.requester import Requester
from tests.unit.hub_world import CountedMetrics, booking

QUEUE = "replies.gateway-1.b00t"


class World:
    """A requester with a loop of its own, and an echo that answers what it is asked."""

    def __init__(self) -> None:
        self.broker = outside_broker()
        self.loop = MemoryLoop()
        self.metrics = CountedMetrics()
        self.publisher = MemoryPublisher(self.broker, "gateway-1")
        self.requester = Requester(self.loop, self.publisher, self.metrics, 0.3)
        consumer = MemoryConsumer(self.loop, self.broker)
        consumer.subscribe_exclusive(QUEUE, 100, self.requester.deliver)
        self.loop.start_thread("loop")

    def ask(self, number: int) -> Message:
        """Return a request with this sequence number."""
        return booking(transmission=Transmission("gateway-1", "b00t", number))

    def answer(self, number: int) -> None:
        """Answer the request with this sequence number."""
        request = self.ask(number)
        reply = to_wire(
            booking(
                type="PlaceBookingResponse.1",
                transmission=request.transmission,
                correlation=str(request.transmission),
                body=str(number).encode(),
            ),
            account="hub-1",
        )
        self.broker.route(Address(REPLIES_EXCHANGE, QUEUE), "hub-1", reply)


def test_each_thread_gets_its_own_answer() -> None:
    """Answers in any order reach whoever asked."""
    world, got = World(), {}

    def ask(number: int) -> None:
        request = world.ask(number)
        with world.requester.expect(str(request.transmission)) as reply:
            to = Address(INWARD_EXCHANGE, "requests")
            assert world.requester.send(to, to_wire(request)) is Published.CONFIRMED
            answer = reply.wait(5)
            got[number] = None if answer is None else answer.body

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    while world.requester.waiting() < len(threads):
        time.sleep(0.01)
    for number in reversed(range(20)):
        world.answer(number)
    for thread in threads:
        thread.join()
    assert got == {number: str(number).encode() for number in range(20)}
    assert world.requester.waiting() == 0


def test_a_late_answer_is_counted_and_dropped() -> None:
    """Nobody waits any more; the outcome is stored inside."""
    world = World()
    world.answer(7)
    while not world.metrics.counts["lupu_replies_late_total"]:
        time.sleep(0.01)


def test_an_answer_that_does_not_come_ends_the_wait() -> None:
    """A wait has an end."""
    world = World()
    with world.requester.expect("x") as reply:
        assert reply.wait(0.05) is None


def test_a_broker_that_is_away_is_told_at_once() -> None:
    """Nothing was sent, and the caller knows."""
    world = World()
    world.broker.up = False
    to = Address(INWARD_EXCHANGE, "requests")
    assert world.requester.send(to, to_wire(booking())) is Published.NOT_SENT


def test_a_loop_that_hangs_is_an_unknown_outcome_within_the_bound() -> None:
    """Never a hang: after ``confirm_seconds`` the caller is told that it is not known."""
    world = World()
    world.loop.call(lambda: time.sleep(1))
    started = time.monotonic()
    to = Address(INWARD_EXCHANGE, "requests")
    assert world.requester.send(to, to_wire(booking())) is Published.UNKNOWN
    assert time.monotonic() - started < 0.9
