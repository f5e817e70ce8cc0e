"""An attacker with access to both brokers: forges what only the guards can find.

Outside he owns a gateway's account and reads what is sealed without opening it; inside he has
the account of another application.
"""

from collections.abc import Callable
from functools import partial

from adapters.memory.sealing import MemorySealer
from hub.envelope import ACCEPTED_AT, SEQUENCE, Message, RequestId, Transmission, Wire, to_wire
from hub.messages import INWARD_EXCHANGE, Lane, inside_queue, outside_queue, reply_queue
from hub.places import HUB, OPERATOR
from hub.ports import Address, Published
from tests.simulation.broker import FORGED_BOOT, Broker
from tests.simulation.chaos import Plan
from tests.simulation.documents import DOCUMENTS, contact, lines
from tests.simulation.processes import APPLICATION
from tests.simulation.system import System

STRANGER = "stranger-1"
REVOKED = "gateway-9"
ROUTE = outside_queue(Lane.REQUESTS)

Forge = Callable[[Wire], Wire]


def _with(wire: Wire, header: str, text: str) -> Wire:
    return wire._replace(headers={**wire.headers, header: text})


# Neither guard takes these, sealed or not.
ALTERED: tuple[Forge, ...] = (
    lambda wire: wire._replace(user_id=STRANGER),
    lambda wire: wire._replace(user_id=""),
    lambda wire: wire._replace(body=b"<PlaceBooking/>"),
    lambda wire: wire._replace(body=b"\x00\xff"),
    lambda wire: wire._replace(type="Strange.1"),
    lambda wire: wire._replace(type="PlaceBookingResponse.1"),
    lambda wire: wire._replace(headers={}),
    lambda wire: wire._replace(message_id="staff:x/PlaceBooking/1"),
    lambda wire: wire._replace(message_id=wire.message_id.replace("Place", "Change")),
    lambda wire: wire._replace(reply_to="replies.gateway-1.another"),
    lambda wire: _with(wire, ACCEPTED_AT, "yesterday"),
    lambda wire: _with(wire, ACCEPTED_AT, wire.headers[ACCEPTED_AT].replace("2", "3", 1)),
)
# Nor these that of the outside, for they do not open.
UNSEALED: tuple[Forge, ...] = (
    lambda wire: wire._replace(body=wire.body[:-1] + bytes([wire.body[-1] ^ 1])),
    lambda wire: wire._replace(message_id="agent:1001/PlaceBooking/stolen"),
    lambda wire: _with(wire, SEQUENCE, "99"),
)


class Attacker:
    """Publishes forgeries on both brokers at any time; ``took`` is what each of them took."""

    def __init__(self, system: System, plan: Plan) -> None:
        self.took: dict[str, list[Wire]] = {"outside": [], "inside": []}
        self._system = system
        self._world = system.world
        self._keys = system.site.keys
        self._keys.revoked.add(REVOKED)
        for number in range(plan.forgeries):
            at = self._world.random.random() * plan.seconds
            self._world.later(at, partial(self._forge, number))

    def _forge(self, number: int) -> None:
        choose = self._world.random.choice
        broker = choose((self._system.outside, self._system.inside))
        inside = broker is self._system.inside
        honest = self._honest(number, "hub-1" if inside else "gateway-1")
        if inside:
            wire, key = choose(ALTERED)(honest), inside_queue(APPLICATION, Lane.REQUESTS)
        else:
            # In clear, by nobody's key or another's, or altered once it was sealed.
            plain, altered = lambda wire: wire, choose((*ALTERED, *UNSEALED))
            owner, forge = choose(
                (
                    ("", plain),
                    (STRANGER, plain),
                    (REVOKED, plain),
                    ("gateway-1", altered),
                    ("gateway-1", altered),
                )
            )
            wire, key = forge(self._sealed(honest, owner)), Lane.REQUESTS.value
        self._publish(broker, key, wire, number)

    def _publish(self, broker: Broker, key: str, wire: Wire, number: int) -> None:
        if not broker.up:
            return
        outcome = broker.memory.route(Address(INWARD_EXCHANGE, key), wire.user_id, wire)
        if outcome is Published.CONFIRMED:
            self._world.trace(f"forged {number} on {broker.name}")
            self.took[broker.name].append(wire)

    def _sealed(self, wire: Wire, owner: str) -> Wire:
        return (
            MemorySealer(self._keys, owner).seal(wire, ROUTE, (HUB, OPERATOR)) if owner else wire
        )

    def _honest(self, number: int, account: str) -> Wire:
        """Return what a gateway might have sent, of an agent that is there."""
        now = self._world.now()
        message = Message(
            type="PlaceBooking.1",
            id=RequestId("agent:1001", "PlaceBooking", f"P{number}"),
            transmission=Transmission("gateway-1", FORGED_BOOT, number),
            accepted_at=now,
            body=DOCUMENTS.write(
                "PlaceBooking.1",
                RequestReference=f"P{number}",
                Kind="INDIVIDUAL",
                Contact=contact("Forger"),
                Lines=lines(1),
            ),
            reply_to=reply_queue("gateway-1", FORGED_BOOT),
        ).passed("gateway-1", now)
        return to_wire(message, account=account)
