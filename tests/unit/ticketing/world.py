"""A ticketing worker without brokers: real database, real documents, a moved clock."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from adapters.database import Database, InboxStore, Journal, Migrations
from adapters.xml import Schemas, parse, read_refusal
from hub.envelope import Message, RequestId, Transmission
from hub.errors import Refusal
from hub.inbox import Inbox, Limits
from hub.messages import COMMON, TICKETING, message_type
from hub.ports import Answer
from internal_apps.answering import REFUSALS, nothing_earlier, stored_outcome
from internal_apps.ticketing.agents import Agents, NewAgent
from internal_apps.ticketing.answers import Answers
from internal_apps.ticketing.application import MIGRATIONS
from internal_apps.ticketing.handlers import Handlers
from internal_apps.ticketing.holds import Sweep
from internal_apps.ticketing.loading import Sample
from internal_apps.ticketing.queries import Queries
from internal_apps.ticketing.quotas import Take, take
from internal_apps.ticketing.rebuilding import Rebuilding
from tests.unit.hub_world import CountedMetrics, MovedClock

JUNE = datetime(2010, 6, 1, 2, 0, tzinfo=UTC)
STANDARD_DAY = date(2010, 6, 10)
PEAK_DAY = date(2010, 10, 1)
WAIT_SECONDS = 60
AGENT = "agent:1001"

NAME = "𠮷" * 50 + "王" * 50


def prepared(url: str) -> Database:
    """Return a database with tables, the rules of Expo 2010 and two agents."""
    database = Database(url)
    Migrations(database, [MIGRATIONS]).upgrade()
    with database.begin() as connection:
        Sample().load(connection)
    agents = Agents(database, MovedClock(JUNE))
    agents.add(NewAgent("1001", "Harbour Travel", "海港旅行社", "AGENCY", group_allowed=True))
    agents.add(NewAgent("1002", "Lane Travel", "里弄旅行社", "AGENCY"))
    return database


@dataclass(frozen=True, slots=True)
class Said:
    """An answer, read."""

    type: str
    values: dict[str, Any]
    refusal: Refusal | None

    @property
    def code(self) -> str:
        """The refusal's code, or the status of what was done."""
        return self.refusal.code if self.refusal else str(self.values.get("Status", self.type))

    @property
    def booking(self) -> dict[str, Any]:
        """The booking in the answer."""
        booking: dict[str, Any] = self.values["Booking"]
        return booking


class World:
    """One worker on one database."""

    def __init__(
        self,
        database: Database,
        *,
        taking: Take = take,
        name: str = "T",
        journals: Path | None = None,
        earlier: Callable[[RequestId], Answer | None] = nothing_earlier,
    ) -> None:
        """``journals``: the folder of its journal; ``earlier`` as in ``Surroundings``."""
        self.database = database
        self.clock = MovedClock(JUNE)
        journal = None
        if journals is not None:
            kept = (journals, name, self.clock, CountedMetrics())
            journal = Journal(*kept, kept_hours=48, bytes_max=1_000_000)
        self.store = InboxStore(database, self.clock, name, journal=journal)
        self.schemas = Schemas()
        self.answers = Answers(self.schemas)
        self.rebuild = Rebuilding(self.answers)
        self.queries = Queries(self.store, self.answers).by_type()
        self.sweep = Sweep(self.store, self.clock)
        self._name = name
        self._sequence = itertools.count(1)
        handlers = Handlers(self.answers, taking, earlier)
        self.by_type = dict(handlers.by_type())
        self.inbox = Inbox(
            self.store,
            self.by_type,
            line_of=handlers.line_of,
            contracts=self.schemas,
            refusals=REFUSALS,
            clock=self.clock,
            metrics=CountedMetrics(),
            limits=Limits(wait_seconds_max=WAIT_SECONDS),
            rebuild=self.rebuild,
        )

    def message(
        self, operation: str, values: dict[str, Any], sender: str = AGENT, reference: str = ""
    ) -> Message:
        """Return a request as it arrives inside."""
        number = next(self._sequence)
        reference = reference or f"{self._name}-{number}"
        body = self.schemas.write(
            f"{{{TICKETING}}}{operation}", {"RequestReference": reference, **values}
        )
        return Message(
            type=f"{operation}.1",
            id=RequestId(sender, operation, reference),
            transmission=Transmission("gateway-1", "b", number),
            accepted_at=self.clock.now(),
            body=body,
            reply_to="replies.gateway-1.b",
        )

    def handle(self, *messages: Message) -> list[Said]:
        """Handle a batch and return what was answered, in order."""
        self.inbox.handle(messages)
        return self.said()

    def said(self) -> list[Said]:
        """Return what is in the outbox, and empty it."""
        rows = self.store.unsent(1_000)
        self.store.mark_sent([number for number, _ in rows], self.clock.now())
        return [self.read(message.type, message.body) for _, message in rows]

    def ask(self, operation: str, values: dict[str, Any], **by: str) -> Said:
        """Send one request and return its answer."""
        (said,) = self.handle(self.message(operation, values, **by))
        return said

    def place(self, quantity: int = 2, **by: Any) -> Said:
        """Place a booking of one line."""
        given = {"ticket_type": "STANDARD", "day": STANDARD_DAY, "kind": "INDIVIDUAL"}
        chosen = {name: by.pop(name, default) for name, default in given.items()}
        return self.ask("PlaceBooking", booking_values(quantity=quantity, **chosen), **by)

    def get(self, values: dict[str, Any], sender: str = AGENT) -> Said:
        """Ask for a booking or an outcome."""
        body = self.schemas.write(f"{{{TICKETING}}}GetBooking", values)
        message = self.question(sender)._replace(type="GetBooking.1", body=body)
        answer = self.queries[message.type](message)
        return self.read(answer.type, answer.body)

    def outcome(self, of: Message) -> Said:
        """Ask for the stored outcome of a request, as a gateway does for a repeat of it."""
        digest = self.schemas.digest(message_type(of.type).element, of.body)
        body = self.schemas.write(f"{{{COMMON}}}GetOutcome", {"Digest": digest})
        question = of._replace(type="GetOutcome.1", body=body)
        answer = stored_outcome(self.store, self.schemas, self.rebuild)(question)
        return self.read(answer.type, answer.body)

    def question(self, sender: str) -> Message:
        """Return an empty message of a sender."""
        return Message(
            type="",
            id=RequestId(sender, "GetBooking", f"Q-{next(self._sequence)}"),
            transmission=Transmission("gateway-1", "b", next(self._sequence)),
            accepted_at=self.clock.now(),
            body=b"",
        )

    def read(self, kind: str, body: bytes) -> Said:
        """Read an answer."""
        if kind == "Refused.1":
            return Said(kind, {}, read_refusal(body))
        return Said(kind, self.schemas.values(parse(body)), None)


def booking_values(
    quantity: int = 2,
    ticket_type: str = "STANDARD",
    day: date = STANDARD_DAY,
    kind: str = "INDIVIDUAL",
) -> dict[str, Any]:
    """Return what is asked for in a booking of one line."""
    return {
        "Kind": kind,
        "Contact": contact_values(),
        **lines_values((ticket_type, day, quantity)),
    }


def contact_values(name: str = NAME) -> dict[str, str]:
    """Return a contact whose name is as long as names may be, half of it four-byte Chinese."""
    return {"Name": name, "Telephone": "+86 (21) 138-0013-8000", "Email": "a@example.cn"}


def lines_values(*lines: tuple[str, date, int]) -> dict[str, Any]:
    """Return lines of ticket type, day and quantity."""
    return {
        "Lines": {
            "Line": [
                {"TicketType": ticket_type, "Day": day, "Quantity": quantity}
                for ticket_type, day, quantity in lines
            ]
        }
    }
