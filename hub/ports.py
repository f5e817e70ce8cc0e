"""What the hub asks of outside: a few small protocols, each promise in its docstring.

``adapters/memory`` has brokers and a database in memory that really serialise: what is promised
of publisher, consumer and store is tested once, on the memory form and on the real ones
(``tests/contract/test_transport.py``, ``tests/contract/test_store.py``).
"""

import enum
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from hub.envelope import Message, RequestId, Wire
from hub.line import Line
from hub.messages import MessageType
from hub.traffic import Targets


class Clock(Protocol):
    """Tells the time; tests move it."""

    def now(self) -> datetime:
        """Return the present time in UTC, with microseconds."""

    def monotonic(self) -> float:
        """Return seconds that never go back, for measuring waits."""


class Contracts(Protocol):
    """Knows the XML documents that the map of messages names."""

    def check(self, element: str, body: bytes) -> None:
        """Parse ``body`` safely and validate it as ``element``; InvalidBody where it fails."""

    def digest(self, element: str, body: bytes) -> str:
        """Return the SHA-256 (hex) of the typed values: the same for the same values, whatever
        the prefixes, white space, encoding or lexical form.
        """


class Agents(Protocol):
    """Knows the agents as they were last published; asked of every message that agents send."""

    def admit(self, message: Message, now: datetime) -> None:
        """Let an agent's message through, and count it once against its agent's rate.

        UnknownAgent, AgentBlocked, NotSigned, TooMany where it may not; AgentsNotKnown before the
        first edition; AgentsOlder instead of a refusal that a newer one may take back.
        """

    def prove(self, message: Message, row: MessageType) -> None:
        """Check the proof that a message has: ProofWrong where it is not right, or AgentsOlder."""

    def known(self) -> bool:
        """Return whether an edition has come."""


class Published(enum.Enum):
    """How a publish ended; exactly one of these for every publish.

    CONFIRMED: the broker has it, durably where the queue is durable. RETURNED: no queue takes
    it. REFUSED: the broker said no (a bound is reached). UNKNOWN: the connection went before
    the confirm; it may or may not have arrived. NOT_SENT: there was no connection, or it is
    blocked by the broker's alarm; it certainly did not arrive.
    """

    CONFIRMED = "confirmed"
    RETURNED = "returned"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    NOT_SENT = "not sent"


@dataclass(frozen=True, slots=True)
class Address:
    """Where to publish: an exchange (empty: the default one) and a routing key."""

    exchange: str
    routing_key: str


class Publisher(Protocol):
    """Publishes to one broker: mandatory, and confirmed before it counts."""

    def publish(self, to: Address, wire: Wire, settled: Callable[[Published], None]) -> None:
        """Send; call ``settled`` exactly once, on the publisher's own thread, maybe at once."""

    def ready(self) -> bool:
        """Return whether the connection is open and not blocked."""


class Delivery(NamedTuple):
    """A message, until acknowledged; what came on an earlier ``channel`` comes again by itself."""

    wire: Wire
    tag: int
    redelivered: bool = False
    channel: int = 0


class Subscription(Protocol):
    """One queue being consumed; what is not acknowledged comes again."""

    def acknowledge(self, tag: int, *, up_to: bool = False) -> None:
        """Say that this delivery (``up_to``: and all before it) is done; late tags are ignored."""

    def pause(self) -> None:
        """Take no more and give back what is not acknowledged."""

    def resume(self, prefetch_max: int | None = None) -> None:
        """Take messages again after a pause, from now on holding at most ``prefetch_max``."""


class Consumer(Protocol):
    """Consumes from one broker over a connection that is never used to publish."""

    def subscribe(
        self, queue: str, prefetch_max: int, deliver: Callable[[Delivery], None]
    ) -> Subscription:
        """Consume ``queue``, holding at most ``prefetch_max`` unacknowledged messages.

        Subscribes anew by itself after every trouble, for ever; after that, tags of before are
        void and the deliveries come again.
        """


class Quarantine(Protocol):
    """Keeps what the guard refused, outside, with its original bytes."""

    def keep(self, wire: Wire, reason: str, settled: Callable[[Published], None]) -> None:
        """Store it durably, then call ``settled`` once."""


class InboxState(enum.Enum):
    """Where a request stands inside.

    HANDLED has its outcome stored. WAITING names something that is not yet there and has a
    deadline. RETRIED failed by itself and is tried again when it is due; PARKED did so too often
    and waits for a person. PAUSED is kept by a pause until somebody ends that. BEHIND waits its
    turn behind one of these three.
    """

    HANDLED = "HANDLED"
    WAITING = "WAITING"
    RETRIED = "RETRIED"
    BEHIND = "BEHIND"
    PARKED = "PARKED"
    PAUSED = "PAUSED"


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply's content: its message type and its document."""

    type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """What the inbox knows of a request. ``answer`` is there once it is HANDLED, until it is
    pruned: id, digest, outcome code and subject stay for ever.

    ``subject`` names the business object it is about, where that is known. ``attempts`` says how
    often it has failed by itself. ``digest`` stays that of what its sender sent.
    """

    id: RequestId
    digest: str
    state: InboxState
    answer: Answer | None
    outcome_code: str
    subject: str = ""
    attempts: int = 0


class Taken(enum.Enum):
    """What a transmission was when a worker took it in.

    FIRST of its request; REPEAT of one that is known; REUSED: its reference stands for other
    values; PARKED: it failed by itself and is kept, to be tried again first; QUARANTINED: it was
    not handled and lies in the quarantine inside.
    """

    FIRST = "FIRST"
    REPEAT = "REPEAT"
    REUSED = "REUSED"
    PARKED = "PARKED"
    QUARANTINED = "QUARANTINED"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that waits: its message, and when it is to be looked at at the latest.

    One that is WAITING is refused then if what it names is still not there.
    """

    message: Message
    deadline: datetime


class Unit(Protocol):
    """One open transaction: inbox marks, outbox rows and the application's own rows."""

    @property
    def line(self) -> Line:
        """The lines of messages that wait for one another."""

    @property
    def pauses(self) -> Targets:
        """What is paused, as this transaction sees it."""

    def entry(self, request_id: RequestId) -> InboxEntry | None:
        """Return the inbox entry of a request; one still open is locked until the end."""

    def record(self, message: Message, entry: InboxEntry, handled_at: datetime) -> None:
        """Insert or replace the inbox entry, with the message's transmission, hops and times."""

    def wait(self, message: Message, subject: str, deadline: datetime) -> None:
        """Keep the message until ``Store.woken`` is asked for ``subject`` or the deadline passes.

        So is kept what is WAITING, RETRIED (no subject, due at the deadline), BEHIND or PAUSED.

        Keeping it again replaces what was kept, and takes it back from whoever it was lent to.
        """

    def park(self, message: Message, entry: InboxEntry, reason: str) -> None:
        """Record ``entry``, which is PARKED, and keep the message for a person with its reason."""

    def take(self, message: Message, what: Taken) -> None:
        """Write into the inside book that this transmission was taken in.

        The same transmission again is a line again: what was doubled is counted, and is never
        an error.
        """

    def reused(self, message: Message, digest: str, at: datetime) -> None:
        """Record that a used reference came again with other values.

        Each transmission once, and of one request a bounded number.
        """

    def send(self, replies: Sequence[Message]) -> None:
        """Add messages to the outbox; they leave only if the transaction commits."""

    def savepoint(self) -> AbstractContextManager[None]:
        """Undo what happens inside if it raises."""


class Store(Protocol):
    """The database of one application, as the inbox and outbox see it."""

    def unit(self) -> AbstractContextManager[Unit]:
        """Open a transaction; commit on leaving, undo on any error.

        Errors of the driver come out as DatabaseAway (try again) or as they are.
        """

    def woken(self, subjects: Sequence[str], now: datetime, limit: int) -> Sequence[Waiting]:
        """Take waiting messages whose subject is named or whose deadline has passed.

        What is taken is lent for a while: others do not get it meanwhile, and it is gone only
        when it is recorded as handled.
        """

    def unsent(self, limit: int) -> Sequence[tuple[int, Message]]:
        """Return outbox rows not yet marked as sent, oldest first, each with its number."""

    def mark_sent(self, numbers: Sequence[int], at: datetime) -> None:
        """Mark outbox rows as sent."""


class Metrics(Protocol):
    """Counts and measures; names as Prometheus wants them, units last."""

    def count(self, name: str, by: int = 1, **labels: str) -> None:
        """Add to a counter."""

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Add an observation to a histogram (seconds)."""

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
