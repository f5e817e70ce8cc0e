"""A ticketing worker, and people who work on what it parks; on one database, a moved clock."""

import itertools
import re
from pathlib import Path

import internal_apps.parking
from adapters.database import Database, InboxStore, Migrations, SqlParked
from adapters.xml import Schemas
from hub.envelope import Message
from hub.parked import Pace, ParkedShelf
from hub.parking import Place
from hub.ports import InboxState
from internal_apps.answering import refused
from internal_apps.parking.audit import AuditTrail
from internal_apps.parking.interventions import Interventions
from internal_apps.parking.settings import Parking
from internal_apps.previewing import Foreseeing
from internal_apps.serving import Surroundings
from internal_apps.ticketing.application import application
from internal_apps.ticketing.quotas import take
from internal_apps.ticketing.settings import Ticketing
from tests.unit.hub_world import CountedMetrics
from tests.unit.ticketing.world import World, booking_values

PARKING = Path(internal_apps.parking.__file__).parent / "versions"
ATTEMPTS = 8
_NUMBERS = itertools.count(1)


class Taking:
    """Takes places unless it is broken: a mistake of ours that is mended later."""

    def __init__(self) -> None:
        self.broken = False

    def __call__(self, connection: object, row: int, places: int) -> bool:
        """Take places, or break."""
        if self.broken:
            raise ZeroDivisionError("a mistake of ours")
        return take(connection, row, places)  # type: ignore[arg-type]


class ParkingWorld:
    """``worker`` has a mistake while ``taking.broken``; ``work`` is what people do."""

    def __init__(self, database: Database) -> None:
        Migrations(database, [PARKING]).upgrade()
        self.database = database
        self.taking = Taking()
        self.worker = World(database, taking=self.taking, name=f"P{next(_NUMBERS)}")
        self.clock = self.worker.clock
        self.schemas = Schemas()
        self.shelf = self.new_shelf()
        self.work = self.interventions()
        self.trail = AuditTrail(database, self.clock)

    def new_shelf(self, replays_per_second: float = 10) -> ParkedShelf:
        """Return the shelf as another process of the staff has it."""
        store = InboxStore(self.database, self.clock, "staff-1")
        return ParkedShelf(SqlParked(store), self.schemas, refused, Pace(replays_per_second))

    def interventions(self) -> Interventions:
        """Return interventions as another process of the staff has them."""
        store = InboxStore(self.database, self.clock, "staff-1")
        metrics = CountedMetrics()
        around = Surroundings(store, self.schemas, self.clock, metrics, "staff-1")
        foresee = Foreseeing(
            store,
            application(around, Ticketing()),
            contracts=self.schemas,
            clock=self.clock,
        )
        return Interventions(
            self.database,
            self.clock,
            {Place.PARKED: self.shelf},
            schemas=self.schemas,
            foresee={"ticketing": foresee},
            settings=Parking(),
        )

    def park(self, message: Message | None = None) -> str:
        """Have a booking fail until it is parked; return its name on the shelf."""
        message = message or self.worker.message("PlaceBooking", booking_values())
        self.taking.broken = True
        self.worker.handle(message)
        for _ in range(ATTEMPTS):
            self.later(600)
        self.taking.broken = False
        assert self.state(message) is InboxState.PARKED
        return str(message.id)

    def later(self, seconds: float = 1) -> None:
        """Let some time pass and the worker look at what is due."""
        self.clock.move(seconds=seconds)
        self.worker.inbox.wake_due()

    def state(self, message: Message) -> InboxState | None:
        """Return where a request stands."""
        with self.worker.store.reading() as unit:
            entry = unit.entry(message.id)
        return entry.state if entry else None

    def facts(self, name: str) -> list[tuple[str, str]]:
        """Return who did what to a message, the first first."""
        return [(entry.who, entry.what) for entry in reversed(self.trail.entries(500, name=name))]


def with_name(body: bytes, name: str) -> bytes:
    """Return a booking with another contact's name."""
    return re.sub(rb"<Name>[^<]*</Name>", f"<Name>{name}</Name>".encode(), body)


def bookings_of(world: ParkingWorld, placed_as: str) -> int:
    """Return how many bookings a request has made."""
    with world.database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT placed_as FROM bookings").all()
    return [row[0] for row in rows].count(placed_as)
