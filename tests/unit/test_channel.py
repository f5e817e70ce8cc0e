"""The channel acknowledges only what lies confirmed in the other broker or in quarantine."""

from hashlib import sha256

from adapters.quarantine import REASON
from hub.envelope import from_wire, to_wire
from hub.messages import INWARD_EXCHANGE, OUTWARD_EXCHANGE, REPLIES_EXCHANGE
from hub.ports import Address
from tests.unit.channel_world import World
from tests.unit.hub_world import PlainContracts, booking


class PoisonedContracts(PlainContracts):
    """Contracts with a mistake in them."""

    def check(self, element: str, body: bytes) -> None:
        """Break at a certain body."""
        if b"poison" in body:
            raise ZeroDivisionError
        super().check(element, body)


def test_a_request_crosses_with_its_body_and_identities() -> None:
    """What arrives is what was sent, with one more hop."""
    world = World()
    world.send(booking())
    (wire,) = world.inside.take_all("ticketing.requests")
    message = from_wire(wire)
    assert (message.id, message.body, message.transmission) == (
        booking().id,
        booking().body,
        booking().transmission,
    )
    assert [hop.place for hop in message.hops] == ["hub-1"]
    assert world.outside.depth("inward.requests") == 0


def test_a_request_says_inside_which_bytes_crossed() -> None:
    """The digest is of the body as the outside broker delivered it; a query has none."""
    world = World()
    sent = world.sealed(to_wire(booking(body=b"<b>\xe9</b>"), account="gateway-1"))
    world.outside.route(Address(INWARD_EXCHANGE, "requests"), "gateway-1", sent)
    world.loop.pass_seconds(0)
    (wire,) = world.inside.take_all("ticketing.requests")
    assert from_wire(wire).crossed == sha256(sent.body).hexdigest()
    assert wire.body == b"<b>\xe9</b>"
    query = to_wire(
        booking(type="GetBooking.1", id=booking().id._replace(operation="GetBooking")),
        account="gateway-1",
    )
    query = world.sealed(query, "queries")
    world.outside.route(Address(INWARD_EXCHANGE, "queries"), "gateway-1", query)
    world.loop.pass_seconds(0)
    (wire,) = world.inside.take_all("ticketing.queries")
    assert from_wire(wire).crossed == ""


def test_what_the_guard_refuses_is_kept_outside_with_its_bytes_and_reason() -> None:
    """A refused message never reaches the inside broker and is not lost."""
    world = World()
    sent = world.sealed(to_wire(booking(body=b"invalid"), account="gateway-1"))
    world.send(booking(body=b"invalid"))
    assert world.arrived() == []
    (kept,) = world.outside.take_all("quarantine")
    assert kept.body == sent.body
    assert kept.headers[REASON].startswith("InvalidBody")
    assert world.metrics.counts["lupu_channel_quarantined_total inward.requests"] == 1


def test_a_message_that_breaks_the_guard_itself_is_kept_and_the_next_one_crosses() -> None:
    """A mistake in the guard refuses one message; it does not stop the channel for ever."""
    world = World(PoisonedContracts())
    world.send(booking(body=b"poison"))
    world.send(booking("A-2"))
    (kept,) = world.outside.take_all("quarantine")
    assert kept.headers[REASON] == "GuardBroken: ZeroDivisionError in the guard."
    assert world.arrived() == ["A-2"]


def test_what_no_inside_queue_takes_is_not_acknowledged() -> None:
    """An unroutable message pauses the channel instead of vanishing."""
    world = World()
    world.inside.delete("ticketing.requests")
    world.send(booking())
    assert world.outside.depth("inward.requests") == 1
    assert world.metrics.gauges["lupu_channel_paused inward.requests"] == 1


def test_what_can_be_kept_nowhere_stays_where_it_is() -> None:
    """Without a quarantine a refused message is not acknowledged, and comes again."""
    world = World()
    world.outside.delete("quarantine")
    world.send(booking(body=b"invalid"))
    assert (world.held(), world.arrived()) == (1, [])
    world.requests.end()
    world.reconnect()
    world.loop.pass_seconds(0)
    assert (world.held(), world.requests.settled()) == (1, True)


def reply_to(world: World, queue: str) -> None:
    """Send a reply from the inside to a gateway's queue."""
    reply = to_wire(booking(type="PlaceBookingResponse.1", reply_to=queue))
    world.inside.route(Address(OUTWARD_EXCHANGE, "replies"), "ticketing-1", reply)


def test_a_reply_goes_to_the_queue_that_waits_and_is_dropped_if_it_has_gone() -> None:
    """A reply nobody waits for is counted, and does not stop the others."""
    world = World()
    waiting = "replies.gateway-1.b00t"
    world.outside.declare(waiting)
    world.outside.bind(REPLIES_EXCHANGE, waiting, waiting)
    for queue in ("replies.gateway-9.gone", waiting):
        reply_to(world, queue)
    world.loop.pass_seconds(0)
    assert world.outside.depth(waiting) == 1
    assert world.metrics.counts["lupu_channel_unwanted_total outward.replies"] == 1
    assert world.inside.depth("outward.replies") == 0


def test_a_reply_to_a_gateway_that_is_out_is_dropped() -> None:
    """A revoked gateway has no key to be sealed to: its replies are counted, none is kept."""
    world = World()
    world.keys.revoked.add("gateway-1")
    reply_to(world, "replies.gateway-1.b00t")
    world.loop.pass_seconds(0)
    assert world.metrics.counts["lupu_channel_unwanted_total outward.replies"] == 1
    assert world.inside.depth("outward.replies") == world.inside.depth("quarantine") == 0


def test_a_gateway_that_does_not_read_its_replies_stops_nobody_elses() -> None:
    """What a full reply queue refuses is counted and dropped: a repeat fetches the outcome."""
    world = World()
    full, waiting = "replies.gateway-1.b00t", "replies.gateway-2.b00t"
    for queue in (full, waiting):
        world.outside.declare(queue)
        world.outside.bind(REPLIES_EXCHANGE, queue, queue)
    world.outside.limit(full, 1)
    for queue in (full, full, waiting):
        reply_to(world, queue)
    world.loop.pass_seconds(0)
    assert (world.outside.depth(full), world.outside.depth(waiting)) == (1, 1)
    assert world.metrics.counts["lupu_channel_unwanted_total outward.replies"] == 1
    assert world.metrics.gauges["lupu_channel_paused outward.replies"] == 0
