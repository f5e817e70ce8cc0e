"""The staff's pages on a real database: requests go to the real inbox, a moment later or not."""

import functools
import itertools
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from argon2 import PasswordHasher
from flask import Flask

from adapters.database import Database, InboxStore, Migrations
from adapters.xml import Schemas
from hub.envelope import Message, Transmission, from_wire, to_wire
from hub.inbox import Inbox
from hub.ports import Answer, Published
from hub.settings import Configuration
from internal_apps.answering import REFUSALS
from internal_apps.asking import Draft, Sent
from internal_apps.evidence.settings import Evidence
from internal_apps.parking.interventions import Interventions
from internal_apps.parking.opening import interventions
from internal_apps.parking.traffic import Traffic
from internal_apps.parking.viewing import Viewing
from internal_apps.serving import Surroundings
from internal_apps.staff.__main__ import (
    BUILDS,
    LINES,
    evidence_area,
    following_area,
    parking_area,
    ticketing_area,
)
from internal_apps.staff.accounts import Accounts
from internal_apps.staff.app import Parts, make_app
from internal_apps.staff.passwords import Passwords
from internal_apps.staff.roles import Role
from internal_apps.staff.settings import Staff
from internal_apps.ticketing.agents import Agents, NewAgent
from internal_apps.ticketing.answers import Answers
from internal_apps.ticketing.handlers import Handlers
from internal_apps.ticketing.loading import Sample
from tests.unit.hub_world import CountedMetrics, MovedClock
from tests.unit.ticketing.world import JUNE

PASSWORD = "correct horse battery"
PEOPLE = {
    "wang": ("王丽", Role.CLERK),
    "chen": ("陈伟", Role.CLERK),
    "smith": ("Jane Smith", Role.SUPERVISOR),
    "admin": ("李管理", Role.ADMINISTRATOR),
    "oper": ("赵值班", Role.OPERATOR),
    "night": ("钱夜班", Role.OPERATOR),
    "audit": ("周审计", Role.AUDITOR),
}


@dataclass
class InboxInside:
    """Hands each request to the real inbox as the broker would, bytes and headers included.

    ``published`` is how the sending ends; ``slow`` keeps the requests until ``work`` is called.
    """

    store: InboxStore
    clock: MovedClock
    published: Published = Published.CONFIRMED
    slow: bool = False
    waiting: list[Message] = field(default_factory=list)
    count: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        answers = Answers(Schemas())
        self.inbox = Inbox(
            self.store,
            Handlers(answers).by_type(),
            contracts=Schemas(),
            refusals=REFUSALS,
            clock=self.clock,
            metrics=CountedMetrics(),
        )

    def ask(self, draft: Draft) -> Sent:
        """Send a request and wait for its answer."""
        if self.published is not Published.CONFIRMED:
            return Sent(self.published)
        message = Message(
            type=draft.type,
            id=draft.id,
            transmission=Transmission("staff-1", "b", next(self.count)),
            accepted_at=self.clock.now(),
            body=draft.body,
            reply_to="replies.staff-1.b",
            operator=draft.operator,
        )
        self.waiting.append(from_wire(to_wire(message)))
        answers = {} if self.slow else self.work()
        answer = answers.get(str(message.transmission))
        return Sent(Published.CONFIRMED, answer)

    def work(self) -> dict[str, Answer]:
        """Handle what waits; return the answers by transmission."""
        messages, self.waiting = self.waiting, []
        self.inbox.handle(messages)
        rows = self.store.unsent(1_000)
        self.store.mark_sent([number for number, _ in rows], self.clock.now())
        return {reply.correlation: Answer(reply.type, reply.body) for _, reply in rows}


@dataclass
class StaffWorld:
    """One staff web with its people, the rules of Expo 2010 and two agents."""

    app: Flask
    database: Database
    clock: MovedClock
    inside: InboxInside
    accounts: Accounts
    passwords: Passwords
    work: Interventions


def cheap_passwords() -> Passwords:
    """Return passwords that are hashed at next to no cost."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def staff_world(folder: Path, settings: Staff | None = None, url: str = "") -> StaffWorld:
    """Return a staff web on a new database."""
    clock, passwords = MovedClock(JUNE), cheap_passwords()
    if url:
        database = Database(url)
        _prepare(database)
    else:
        database = Database(_copied(folder / "staff.db"))
    inside = InboxInside(InboxStore(database, clock, "ticketing-1"), clock)
    parking = parking_work(database, clock)
    areas = [
        ticketing_area(database, inside, clock, Viewing(parking.trail)),
        parking_area(parking, Traffic(database, clock), clock),
        evidence_area(database, clock, Evidence()),
        following_area(database, clock, Evidence()),
    ]
    given = settings or Staff(port=1)
    pings = {"database": database.ping}
    app = make_app(Parts(database, clock, given, areas, pings, passwords, CountedMetrics()))
    accounts = Accounts(database, clock)
    return StaffWorld(app, database, clock, inside, accounts, passwords, parking)


def parking_work(database: Database, clock: MovedClock) -> Interventions:
    """Return what staff works with on what is parked; no quarantine is reached."""
    store, name = InboxStore(database, clock, "staff-1"), "staff-1"
    around = Surroundings(store, Schemas(), clock, CountedMetrics(), name)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "inside.toml"
        file.write_text("", "utf-8")
        return interventions(around, Configuration(file, name), None, BUILDS)


@functools.cache
def _prepared() -> bytes:
    # Rules and people take most of a second to load; every test starts from a copy.
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "prepared.db"
        database = Database(f"sqlite:///{file}")
        _prepare(database)
        database.close()
        return file.read_bytes()


def _copied(file: Path) -> str:
    file.write_bytes(_prepared())
    return f"sqlite:///{file}"


def _prepare(database: Database) -> None:
    clock = MovedClock(JUNE)
    Migrations(database, LINES).upgrade()
    with database.begin() as connection:
        Sample().load(connection)
    agents = Agents(database, clock)
    agents.add(NewAgent("1001", "Harbour Travel", "海港旅行社", "AGENCY", group_allowed=True))
    passwords, accounts = cheap_passwords(), Accounts(database, clock)
    for account, (name, role) in PEOPLE.items():
        accounts.add(account, name, role, passwords.hash(PASSWORD))
