"""The channel acknowledges only what lies confirmed in the other broker or in quarantine."""

from collections.abc import Callable

import pytest

from adapters.memory.broker import MemoryBroker, inside_broker, outside_broker
from adapters.memory.links import MemoryConsumer, MemoryPublisher
from adapters.memory.loop import MemoryLoop
from adapters.quarantine import REASON, QueueQuarantine
from hub.bridge import Bridge, Hub, Side
from hub.channel import PAUSE_SECONDS
from hub.envelope import Message, Wire, from_wire, to_wire
from hub.messages import INWARD_EXCHANGE, OUTWARD_EXCHANGE, REPLIES_EXCHANGE
from hub.ports import Address, Published
from tests.unit.hub_world import CountedMetrics, MovedClock, PlainContracts, booking


class HandMovedLoop(MemoryLoop):
    """A loop whose later calls come when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.later: list[tuple[float, Callable[[], None]]] = []

    def call_later(self, seconds: float, function: Callable[[], None]) -> None:
        """Keep the call."""
        self.later.append((seconds, function))

    def pass_time(self) -> None:
        """Make the calls that were kept."""
        due, self.later = self.later, []
        for _, function in due:
            function()
        self.pump()


class PoisonedContracts(PlainContracts):
    """Contracts with a mistake in them."""

    def check(self, element: str, body: bytes) -> None:
        """Break at a certain body."""
        if b"poison" in body:
            raise ZeroDivisionError
        super().check(element, body)


class World:
    """Two brokers in memory with the real bridge between them."""

    def __init__(self, contracts: PlainContracts | None = None) -> None:
        self.loop = HandMovedLoop()
        self.outside = outside_broker()
        self.inside = inside_broker()
        self.metrics = CountedMetrics()
        self.bridge = Bridge(
            place="hub-1",
            outside=self._side(self.outside),
            inside=self._side(self.inside),
            contracts=contracts or PlainContracts(),
            clock=MovedClock(),
            metrics=self.metrics,
            later=self.loop,
            quarantine_on=lambda publisher: QueueQuarantine(publisher, "hub-1"),
        )
        self.bridge.start(Hub())

    def _side(self, broker: MemoryBroker) -> Side:
        return Side(MemoryConsumer(self.loop, broker), MemoryPublisher(broker, "hub-1"))

    def send(self, message: Message, account: str = "gateway-1") -> None:
        """Publish on the outside broker as a gateway does."""
        self.send_wire(to_wire(message, account=account), account)

    def send_wire(self, wire: Wire, account: str = "gateway-1") -> None:
        """Publish any wire, and let everything run that is due."""
        to = Address(INWARD_EXCHANGE, "requests")
        assert self.outside.route(to, account, wire) is Published.CONFIRMED
        self.loop.pump()

    def arrived(self) -> list[Message]:
        """Return what has arrived inside."""
        return [from_wire(wire) for wire in self.inside.take_all("ticketing.requests")]


def test_a_request_crosses_with_its_body_and_identities() -> None:
    """What arrives is what was sent, with one more hop."""
    world = World()
    world.send(booking())
    (message,) = world.arrived()
    assert (message.id, message.body, message.transmission) == (
        booking().id,
        booking().body,
        booking().transmission,
    )
    assert [hop.place for hop in message.hops] == ["hub-1"]
    assert world.outside.depth("inward.requests") == 0


def test_what_the_guard_refuses_is_kept_outside_with_its_bytes_and_reason() -> None:
    """A refused message never reaches the inside broker and is not lost."""
    world = World()
    world.send(booking(body=b"invalid"))
    assert world.arrived() == []
    (kept,) = world.outside.take_all("quarantine")
    assert kept.body == b"invalid"
    assert kept.headers[REASON].startswith("InvalidBody")
    assert world.metrics.counts["lupu_channel_quarantined_total inward.requests"] == 1


def test_a_message_that_breaks_the_guard_itself_is_kept_and_the_next_one_crosses() -> None:
    """A mistake in the guard refuses one message; it does not stop the channel for ever."""
    world = World(PoisonedContracts())
    world.send(booking(body=b"poison"))
    world.send(booking("A-2"))
    (kept,) = world.outside.take_all("quarantine")
    assert kept.headers[REASON] == "ZeroDivisionError in the guard"
    assert [message.id.reference for message in world.arrived()] == ["A-2"]


def test_while_the_inside_is_away_nothing_is_lost_and_it_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Messages wait outside, the log has one line, and all arrive when the inside is back."""
    world = World()
    world.inside.up = False
    for number in range(3):
        world.send(booking(f"A-{number}"))
    for _ in range(5):
        world.loop.pass_time()
    assert world.outside.depth("inward.requests") == 3
    assert [record.message for record in caplog.records].count("channel.paused") == 1
    world.inside.up = True
    world.loop.pass_time()
    assert [message.id.reference for message in world.arrived()] == ["A-0", "A-1", "A-2"]


def test_what_no_inside_queue_takes_is_not_acknowledged() -> None:
    """An unroutable message pauses the channel instead of vanishing."""
    world = World()
    world.inside.delete("ticketing.requests")
    world.send(booking())
    assert world.outside.depth("inward.requests") == 1
    assert world.metrics.gauges["lupu_channel_paused inward.requests"] == 1


def test_a_full_quarantine_pauses_rather_than_loses() -> None:
    """What can be kept nowhere stays where it is."""
    world = World()
    world.outside.delete("quarantine")
    world.send(booking(body=b"invalid"))
    assert world.outside.depth("inward.requests") == 1


def test_a_reply_goes_to_the_queue_that_waits_and_is_dropped_if_it_has_gone() -> None:
    """A reply nobody waits for is counted, and does not stop the others."""
    world = World()
    waiting = "replies.gateway-1.b00t"
    world.outside.declare(waiting)
    world.outside.bind(REPLIES_EXCHANGE, waiting, waiting)
    for queue in ("replies.gateway-9.gone", waiting):
        reply = to_wire(booking(type="PlaceBookingResponse.1", reply_to=queue))
        world.inside.route(Address(OUTWARD_EXCHANGE, "replies"), "ticketing-1", reply)
    world.loop.pump()
    assert world.outside.depth(waiting) == 1
    assert world.metrics.counts["lupu_channel_unwanted_total outward.replies"] == 1
    assert world.inside.depth("outward.replies") == 0


def test_pauses_are_not_shorter_than_said() -> None:
    """While paused the channel looks again only every PAUSE_SECONDS."""
    world = World()
    world.inside.up = False
    world.send(booking())
    assert [seconds for seconds, _ in world.loop.later] == [PAUSE_SECONDS]
