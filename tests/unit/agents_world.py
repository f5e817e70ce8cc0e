"""A guard of the hub with agents that it knows, and requests that they signed."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from lxml import etree

from adapters.admission import KnownAgents, agents_snapshot
from adapters.soap.proof import make_proof
from adapters.xml import Schemas
from hub.envelope import Message, RequestId, Transmission, Wire, to_wire
from hub.guard import OUTSIDE, Guard
from hub.messages import COMMON, TICKETING, Direction, Lane
from hub.rates import AcceptedRates
from tests.servers.known import agent, agents_document
from tests.unit.hub_world import CountedMetrics, MovedClock
from tests.unit.soap_messages import XML_11
from tests.unit.soap_signing import NOW, Element, Signer, sign, signer, unsigned

SCHEMAS = Schemas()
SIGNS, MIXED, PLAIN, BLOCKED = "1001", "1002", "1003", "1004"
BLOCKED_AT = NOW - timedelta(hours=1)
OTHERS, STRANGERS = signer(days=3), signer(days=4)
RATE = 10


def fingerprint(of: Signer) -> str:
    """Return the SHA-256 of a signer's certificate."""
    return hashlib.sha256(of.der).hexdigest()


def edition(version: int = 1, *, at: datetime | None = None, **of_first: Any) -> bytes:
    """Return the agents: one only signs, one does that too, one has a password, one is blocked."""
    password = {"Salt": "00", "Verifier": "00"}
    signature = [fingerprint(signer())]
    return agents_document(
        agent(SIGNS, **{"SignatureFingerprint": signature, **of_first}),
        agent(MIXED, SignatureFingerprint=[fingerprint(OTHERS)], Password=[password]),
        agent(PLAIN, Password=[password], RequestsPerSecondMax=RATE),
        agent(BLOCKED, Password=[password], Status="BLOCKED", BlockedAt=BLOCKED_AT),
        version=version,
        at=at,
    )


def place(reference: str = "A-1", quantity: int = 2) -> str:
    """Return a booking as an agency writes it."""
    return (
        f'<t:PlaceBooking xmlns:t="{TICKETING}"><t:RequestReference>{reference}'
        "</t:RequestReference><t:Kind>INDIVIDUAL</t:Kind><t:Contact><t:Name>王小明</t:Name>"
        "<t:Telephone>021 5888 1234</t:Telephone></t:Contact><t:Lines><t:Line>"
        "<t:TicketType>STANDARD</t:TicketType><t:Day>2010-05-05</t:Day>"
        f"<t:Quantity>{quantity}</t:Quantity></t:Line></t:Lines></t:PlaceBooking>"
    )


def proof(content: str, by: Signer | None = None, created: datetime = NOW) -> bytes:
    """Return what an agency signed, as it crosses."""
    root = unsigned(content, created=f"{created:%Y-%m-%dT%H:%M:%SZ}")
    return proof_of(sign(root, by or signer()))


def proof_of(root: Element) -> bytes:
    """Return a signed envelope as it crosses."""
    return make_proof(etree.tostring(root), XML_11)


def request(content: str, number: str = SIGNS, reference: str = "A-1", **changes: Any) -> Message:
    """Return a request as a gateway sends it for an agent."""
    name = etree.QName(etree.fromstring(content)).localname
    values: dict[str, Any] = {
        "type": f"{name}.1",
        "id": RequestId(f"agent:{number}", name, reference),
        "transmission": Transmission("gateway-1", "b", 1),
        "accepted_at": NOW,
        "body": content.encode(),
        "reply_to": "replies.gateway-1.b",
        "sign_in": "signature" if "proof" in changes else "password",
    }
    return Message(**{**values, **changes})


def outcome_of(message: Message) -> Message:
    """Return the question for an outcome that a gateway makes of a repeat."""
    ends = message.accepted_at + timedelta(seconds=5)
    body = f'<GetOutcome xmlns="{COMMON}"/>'.encode()
    return message._replace(type="GetOutcome.1", body=body, expires_at=ends)


class World:
    """The hub's guard on one lane, at NOW."""

    def __init__(
        self,
        lane: Lane = Lane.REQUESTS,
        *,
        knows: bool = True,
        kind: type[KnownAgents] = KnownAgents,
    ) -> None:
        self.clock = MovedClock(NOW)
        self.metrics = CountedMetrics()
        self.snapshot = agents_snapshot(SCHEMAS, self.clock, self.metrics)
        if knows:
            assert self.snapshot.offer(edition())
        self.agents = kind(
            self.snapshot,
            SCHEMAS,
            self.metrics,
            rates=AcceptedRates(times=2, backlog_seconds=3_600),
        )
        self.guard = Guard(
            Direction.INWARD, (lane,), SCHEMAS, self.clock, OUTSIDE, agents=self.agents
        )

    def check(self, message: Message, account: str = "gateway-1") -> Message:
        """Pass a message by its wire, as a broker brings it."""
        wire: Wire = to_wire(message, account=account)
        return self.guard.check(wire).message
