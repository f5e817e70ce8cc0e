"""Several processes that book the same day at once, and one that takes the protection out."""

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from adapters.database import Database
from hub.envelope import Message
from hub.errors import DatabaseAway
from internal_apps.ticketing.quotas import take
from internal_apps.ticketing.tables import quota
from tests.unit.ticketing.world import Said, World, booking_values

BATCH = 5
TRIES_MAX = 200

Does = Callable[["Job"], Counter[str]]


@dataclass(frozen=True, slots=True)
class Job:
    """What one process is to do."""

    url: str
    name: str
    day: date
    requests: int
    protected: bool = True


def read_then_write(connection: sa.Connection, number: int, places: int) -> bool:
    """Take places as one should not: look, think, then write what was seen and more."""
    row = connection.execute(sa.select(quota).where(quota.c.number == number)).one()
    time.sleep(0.002)
    if row.taken + places > row.capacity:
        return False
    connection.execute(
        quota.update().where(quota.c.number == number).values(taken=row.taken + places)
    )
    return True


def world_of(job: Job) -> World:
    """Return the worker of a job."""
    database = Database(job.url, lock_wait_seconds=20)
    return World(database, taking=take if job.protected else read_then_write, name=job.name)


def handled(world: World, messages: Sequence[Message]) -> list[Said]:
    """Handle a batch as a worker does: again while the database cannot serve."""
    for _ in range(TRIES_MAX):
        try:
            world.inbox.handle(messages)
        except DatabaseAway:
            time.sleep(0.01)
        else:
            return [world.outcome(message) for message in messages]
    raise AssertionError("The database could not serve for too long.")


def place(job: Job) -> Counter[str]:
    """Place bookings of one ticket in small batches; return how they ended."""
    world = world_of(job)
    ended: Counter[str] = Counter()
    for _ in range(job.requests // BATCH):
        values = booking_values(1, day=job.day)
        messages = [world.message("PlaceBooking", values) for _ in range(BATCH)]
        ended.update(said.code for said in handled(world, messages))
    world.database.close()
    return ended


def live(job: Job) -> Counter[str]:
    """Place, change, confirm, cancel and let expire, while others do the same."""
    world = world_of(job)
    ended: Counter[str] = Counter()
    for number in range(job.requests):
        values = booking_values(1 + number % 3, day=job.day)
        (placed,) = handled(world, [world.message("PlaceBooking", values)])
        ended[placed.code] += 1
        if placed.code == "DONE":
            then = number % 4
            for message in _next(world, placed.booking, then, job.day):
                ended.update(said.code for said in handled(world, [message]))
        if number % 5 == 0:
            world.clock.move(minutes=31)
            _swept(world)
    world.database.close()
    return ended


def same(job: Job) -> Counter[str]:
    """Handle requests that others handle too at the same moment."""
    world = world_of(job)
    ended: Counter[str] = Counter()
    for number in range(job.requests):
        values = booking_values(1, day=job.day)
        message = world.message("PlaceBooking", values, reference=f"SAME-{job.day}-{number}")
        (said,) = handled(world, [message])
        ended[said.booking["BookingReference"]] += 1
    world.database.close()
    return ended


def rush(does: Does, jobs: Sequence[Job]) -> list[Counter[str]]:
    """Run one process a job, all at once; return what each found."""
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(len(jobs), spawning) as pool:
        return list(pool.map(does, jobs))


def _next(world: World, booking: dict[str, Any], then: int, day: date) -> list[Message]:
    named = {"BookingReference": booking["BookingReference"], "Version": 1}
    if then == 0:
        return []
    if then == 1:
        return [world.message("ConfirmBooking", named)]
    other_day = day + timedelta(days=1)
    lines = booking_values(2, day=other_day)["Lines"]
    change = world.message("ChangeBooking", {**named, "Lines": lines})
    cancel = world.message("CancelBooking", {**named, "Version": 2})
    return [change] if then == 2 else [change, cancel]


def _swept(world: World) -> None:
    for _ in range(TRIES_MAX):
        try:
            world.sweep()
        except DatabaseAway:
            time.sleep(0.01)
        else:
            return
