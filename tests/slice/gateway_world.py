"""A gateway on brokers in memory, and an inside that answers as a test wants."""

import io
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from adapters.clock import SystemClock
from adapters.memory.broker import MemoryBroker, outside_broker
from adapters.memory.links import MemoryConsumer, MemoryPublisher
from adapters.memory.loop import MemoryLoop
from adapters.memory.sealing import MemoryKeys, MemoryOpener, MemorySealer
from adapters.soap.wsse import verifier
from adapters.xml import Schemas, write_refusal
from dmz_gateway.served import Parts, Served
from dmz_gateway.settings import Gateway
from hub.envelope import Message, from_wire, to_wire
from hub.errors import Refusal
from hub.inbox import reply
from hub.messages import REPLIES_EXCHANGE, Lane, outside_queue
from hub.ports import Address, Answer, Delivery, Published
from hub.requester import Requester
from hub.settings import Tracing
from hub.trace import Tracer, Untraced
from tests.unit.hub_world import CountedMetrics

PASSWORD = "correct-horse-battery-staple"
SECRET = "digest-secret-of-sixteen-letters"
CERTIFICATE = "ab" * 32
BOOT = "b00t"
SALT = b"salt-of-sixteen-"

Inside = Callable[[Message], Answer | None]

SCHEMAS = Schemas()
SOLD_OUT = Refusal("SOLD_OUT", "Sold out.", "已售完。", "Choose a day.", "请另选日期。")


def agent(number: str = "1001", **changes: Any) -> dict[str, Any]:
    """Return an agent as it is published."""
    values = {
        "AgentNumber": number,
        "Name": f"Agency {number}",
        "Status": "ACTIVE",
        "Channel": "AGENT",
        "GroupAllowed": False,
        "RequestsPerSecondMax": 10_000,
        "LegacySha1Allowed": False,
        "Password": [
            {"Salt": SALT.hex(), "Verifier": verifier(SALT, f"{PASSWORD}-{number}").hex()}
        ],
        "DigestSecret": [{"Secret": f"{SECRET}-{number}"}],
        "CertificateFingerprint": [CERTIFICATE] if number == "1001" else [],
    }
    return {**values, **changes}


def agents_document(
    *agents: dict[str, Any], version: int = 1, at: datetime | None = None
) -> bytes:
    """Return a published Agents document."""
    published_at = at or datetime.now(UTC)
    values = {"Version": version, "PublishedAt": published_at, "Agent": list(agents)}
    return SCHEMAS.write("{urn:lupu:published:1}Agents", values)


def done(message: Message) -> Answer:
    """Answer as the inside answers a booking that was placed."""
    name = f"{message.id.operation}Response"
    body = SCHEMAS.write(f"{{urn:lupu:ticketing:1}}{name}", {"Status": "DONE"})
    return Answer(f"{name}.1", body)


def sold_out(_message: Message) -> Answer:
    """Answer that it is sold out."""
    return Answer("Refused.1", write_refusal(SOLD_OUT))


def silent(_message: Message) -> None:
    """Answer nothing."""


class SwitchedPublisher:
    """A publisher that a test makes away, stalled or refusing."""

    def __init__(self, inner: MemoryPublisher) -> None:
        self._inner = inner
        self.outcome: Published | None = None
        self.stalled = False
        self.full_once = False
        self.broken = False

    def ready(self) -> bool:
        """Return whether it would send; raises where it is broken."""
        if self.broken:
            raise RuntimeError("a mistake of our own with a secret in it")
        return self._inner.ready() and self.outcome is not Published.NOT_SENT

    def publish(self, to: Address, wire: Any, settled: Callable[[Published], None]) -> None:
        """Publish, or end as the test wants; a stalled one takes it and never confirms.

        One that is full once does not take the next, though it has just said that it would.
        """
        if self.full_once:
            self.full_once = False
            settled(Published.NOT_SENT)
        elif self.stalled:
            self._inner.publish(to, wire, lambda _: None)
        elif self.outcome is not None:
            settled(self.outcome)
        else:
            self._inner.publish(to, wire, settled)


@dataclass
class World:
    """A gateway, its broker, and what reached the inside."""

    served: Served
    broker: MemoryBroker
    publisher: SwitchedPublisher
    metrics: CountedMetrics
    requester: Requester
    inside: Inside = done
    reply: Callable[[Message, Answer], Message] = reply
    seen: list[Message] = field(default_factory=list)

    def publish(self, stream: str, body: bytes) -> None:
        """Take up a published document, as if it had come from its stream."""
        snapshot = self.served.agents if stream == "Agents" else self.served.offers
        assert snapshot.offer(body)

    def post(self, body: bytes | str, **headers: Any) -> "Posted":
        """Send a request to the WSGI application, without a socket."""
        data = body.encode() if isinstance(body, str) else body
        environ = {
            "CONTENT_LENGTH": str(len(data)),
            "CONTENT_TYPE": "text/xml; charset=utf-8",
            **headers,
        }
        return self.open("POST", "/soap/ticketing", io.BytesIO(data), environ)

    def open(
        self,
        method: str,
        path: str,
        stream: io.BytesIO | None = None,
        environ: dict[str, Any] | None = None,
    ) -> "Posted":
        """Call the WSGI application as a server does; ``path`` may have a query."""
        place, _, query = path.partition("?")
        called = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(place, "latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": "agents.example",
            "SERVER_PORT": "8443",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": stream or io.BytesIO(),
            "wsgi.input_terminated": True,
            **(environ or {}),
        }
        said: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], *_: Any) -> Callable[..., None]:
            said.extend((status, headers))
            return lambda _data: None

        given = {name: value for name, value in called.items() if value is not None}
        answer = self.served.wsgi(given, start)
        try:
            body = b"".join(answer)
        finally:
            getattr(answer, "close", lambda: None)()
        return Posted(int(said[0].split()[0]), body, dict(said[1]))


@dataclass(frozen=True)
class Posted:
    """An HTTP answer."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


def settings(folder: Path, **changes: Any) -> Gateway:
    """Return a gateway's settings for a test, with short waits."""
    values: dict[str, Any] = {
        "socket": folder / "gateway.sock",
        "snapshots": folder / "snapshots",
        "replays": folder / "replays",
        "public_url": "https://agents.example:8443",
        "books": Path(tempfile.mkdtemp(prefix="books-", dir=folder)),
        "reply_wait_seconds": 2.0,
        "query_wait_seconds": 0.5,
        "broker_wait_seconds": 0.0,
    }
    return Gateway(**{**values, **changes})


@contextmanager
def gateway(
    folder: Path,
    *,
    confirm_seconds: float = 0.3,
    two_agents: bool = True,
    tracing: Tracing | None = None,
    tracer: Tracer | None = None,
    **changes: Any,
) -> Iterator[World]:
    """Run a gateway on a broker in memory; agents 1001 and 1002 may sign in, or nobody."""
    broker, loop, metrics = outside_broker(), MemoryLoop(), CountedMetrics()
    publisher = SwitchedPublisher(MemoryPublisher(broker, "gateway-1"))
    keys = MemoryKeys()
    opener = MemoryOpener(keys, "gateway-1")
    requester = Requester(loop, publisher, metrics, confirm_seconds, opener=opener)
    parts = Parts(
        name="gateway-1",
        boot=BOOT,
        settings=settings(folder, **changes),
        schemas=SCHEMAS,
        clock=SystemClock(),
        metrics=metrics,
        requests=requester,
        sealer=MemorySealer(keys, "gateway-1"),
        opener=opener,
        readers=lambda: ("hub",),
        tracing=tracing or Tracing(),
        tracer=tracer or Untraced(),
    )
    world = World(Served(parts), broker, publisher, metrics, requester)
    world.served.subscribe(MemoryConsumer(loop, broker), requester.deliver)
    _answer_inside(world, loop, keys)
    if two_agents and world.served.agents.edition is None:
        world.publish("Agents", agents_document(agent(), agent("1002", GroupAllowed=True)))
    loop.start_thread("memory broker")
    try:
        yield world
    finally:
        loop.stop()
        world.served.close()


def _answer_inside(world: World, loop: MemoryLoop, keys: MemoryKeys) -> None:
    consumer = MemoryConsumer(loop, world.broker)
    opener, sealer = MemoryOpener(keys, "hub-1"), MemorySealer(keys, "hub-1")
    back = MemoryPublisher(world.broker, "hub-1")

    def take(lane: Lane) -> None:
        def deliver(delivery: Delivery) -> None:
            message = from_wire(opener.open(delivery.wire, outside_queue(lane)).wire)
            world.seen.append(message)
            answer = world.inside(message)
            if answer is not None:
                wire = to_wire(world.reply(message, answer))._replace(user_id="hub-1")
                wire = sealer.seal(wire, REPLIES_EXCHANGE, ("gateway-1",))
                back.publish(Address(REPLIES_EXCHANGE, message.reply_to), wire, lambda _: None)
            subscription.acknowledge(delivery.tag)

        subscription = consumer.subscribe(outside_queue(lane), 100, deliver)

    take(Lane.REQUESTS)
    take(Lane.QUERIES)


def hours_ago(hours: float) -> datetime:
    """Return a time in the past."""
    return datetime.now(UTC) - timedelta(hours=hours)
