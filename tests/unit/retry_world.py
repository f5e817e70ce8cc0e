"""An inbox in memory whose handler fails as a test says."""

from dataclasses import replace
from datetime import datetime

from adapters.memory.store import MemoryStore, MemoryUnit
from hub.envelope import Message
from hub.handling import Handled
from hub.inbox import Inbox, Limits
from hub.ports import InboxState, Unit
from hub.trace import Tracer
from tests.unit.hub_world import CountedMetrics, MovedClock, booking
from tests.unit.test_inbox import REFUSALS, UnreadableContracts, books

ATTEMPTS_MAX = 3
TRIED_MAX = 1_000
DAY_SECONDS = 86_400


def line_of(message: Message, _unit: Unit) -> str:
    """Return the booking that a message is about: the body says it, or it is placed by it."""
    if message.body == b"nobody's":
        return ""
    named = message.body.decode().partition("of ")[2]
    return f"placed:{named or message.id.reference}"


class RetryWorld:
    """An inbox whose handler fails as the test says, by the reference of the request."""

    def __init__(self, tracer: Tracer | None = None) -> None:
        self.store = MemoryStore()
        self.clock = MovedClock()
        self.metrics = CountedMetrics()
        self.fails: dict[str, Exception] = {}
        self.waits: set[str] = set()
        self.tried: list[str] = []
        self.inbox = Inbox(
            self.store,
            {"PlaceBooking.1": self._handle, "ChangeBooking.1": self._handle},
            contracts=UnreadableContracts(),
            refusals=REFUSALS,
            clock=self.clock,
            metrics=self.metrics,
            line_of=line_of,
            limits=Limits(attempts_max=ATTEMPTS_MAX, retry_seconds_min=5, retry_seconds_max=15),
            tracer=tracer,
        )

    def _handle(self, message: Message, unit: Unit, _now: datetime) -> Handled:
        assert isinstance(unit, MemoryUnit)
        self.tried.append(message.id.reference)
        assert len(self.tried) < TRIED_MAX
        if message.id.reference in self.waits:
            return replace(books(message, unit), wait_for="what is not there")
        error = self.fails.get(message.id.reference)
        handled = books(message, unit)
        if error is not None:
            raise error
        return handled

    def handle(self, *messages: Message) -> None:
        """Handle a batch."""
        self.inbox.handle(messages)

    def later(self, seconds: float) -> None:
        """Let some time pass and look at what is due."""
        self.clock.move(seconds=seconds)
        self.inbox.wake_due()

    def state(self, message: Message) -> InboxState | None:
        """Return where a request stands."""
        entry = self.store.books.inbox.get(str(message.id))
        return entry.state if entry else None

    def park(self, message: Message) -> None:
        """Have a message fail until it is parked."""
        self.fails[message.id.reference] = ValueError("a bug")
        self.handle(message)
        for _ in range(ATTEMPTS_MAX):
            self.later(15)
        assert self.state(message) is InboxState.PARKED

    def release(self, message: Message) -> None:
        """Have a parked message tried again, mended."""
        self.fails.pop(message.id.reference, None)
        with self.store.unit() as unit:
            entry = unit.entry(message.id)
            assert entry is not None
            unit.record(message, replace(entry, state=InboxState.RETRIED), self.clock.now())
            unit.wait(message, "", self.clock.now())
        self.inbox.wake_due()


def change(reference: str, of: str = "A-1") -> Message:
    """Return a change of a booking."""
    message = booking(reference, type="ChangeBooking.1", body=f"change of {of}".encode())
    return message._replace(id=message.id._replace(operation="ChangeBooking"))
