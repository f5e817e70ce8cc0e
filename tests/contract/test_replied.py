"""When the reply to a request left, on SQLite, PostgreSQL and Db2's driver."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from adapters.database import Database, InboxStore
from adapters.database.tables import inbox
from hub.envelope import Message, RequestId
from hub.inbox import reply
from hub.ports import Answer, InboxEntry, InboxState
from tests.contract.test_store import NOON, World, database_kind, handled, migrated
from tests.unit.hub_world import MovedClock

__all__ = ["database_kind", "migrated"]

ANSWER = Answer("PlaceBookingResponse.1", b"<b/>")
SECOND = timedelta(seconds=1)


@pytest.fixture
def world(database_kind: str, migrated: dict[str, Database]) -> World:
    """Offer the store of one worker on each database in turn."""
    clock = MovedClock(NOON)
    name = f"R{abs(hash(database_kind)) % 10**9}"
    return World(InboxStore(migrated[database_kind], clock, name), clock, name)


def _replied_at(world: World, message: Message) -> datetime | None:
    statement = sa.select(inbox.c.replied_at).where(inbox.c.request_id == str(message.id))
    with _inbox_store(world).database.reading() as connection:
        at: datetime | None = connection.execute(statement).scalar_one()
    return at


def _inbox_store(world: World) -> InboxStore:
    assert isinstance(world.store, InboxStore)
    return world.store


def _send(world: World, message: Message, entry: InboxEntry | None = None) -> None:
    with world.store.unit() as unit:
        if entry is not None:
            unit.entry(message.id)
            unit.record(message, entry, NOON)
        unit.send([reply(message, ANSWER)])


def _mark(world: World, at: datetime) -> None:
    world.store.mark_sent([number for number, _ in world.store.unsent(100)], at)


def test_a_request_keeps_when_its_first_reply_left(world: World) -> None:
    """Not when it was committed, not when a repeat was answered; also when the row has gone."""
    message = world.message("first")
    _send(world, message, handled(message))
    assert _replied_at(world, message) is None
    _mark(world, NOON + SECOND)
    _send(world, message)
    _mark(world, NOON + 2 * SECOND)
    _inbox_store(world).forget_sent(NOON + 3 * SECOND)
    assert _replied_at(world, message) == NOON + SECOND


def test_pending_is_no_reply(world: World) -> None:
    """A repeat of a request that waits is told so; its reply is the one with the outcome."""
    message = world.message("waits")
    _send(world, message, InboxEntry(message.id, "d" * 64, InboxState.WAITING, None, ""))
    _mark(world, NOON + SECOND)
    assert _replied_at(world, message) is None
    _send(world, message, handled(message))
    _mark(world, NOON + 2 * SECOND)
    assert _replied_at(world, message) == NOON + 2 * SECOND


def test_pending_that_is_marked_after_the_outcome_is_no_reply_either(world: World) -> None:
    """It left before; so did the refusal of another document under the same reference."""
    message = world.message("late")
    pending = Answer("Refused.1", b"<pending/>")
    waiting = InboxEntry(message.id, "d" * 64, InboxState.WAITING, None, "")
    with world.store.unit() as unit:
        unit.entry(message.id)
        unit.record(message, waiting, NOON)
        unit.send([reply(message, pending)])
    ((early, _),) = world.store.unsent(100)
    _send(world, message, handled(message))
    world.store.mark_sent([early], NOON + SECOND)
    assert _replied_at(world, message) is None
    _mark(world, NOON + 2 * SECOND)
    assert _replied_at(world, message) == NOON + 2 * SECOND


def test_what_answers_nobody_is_marked_all_the_same(world: World) -> None:
    """A published document is in nobody's inbox; others marked with it are not held up."""
    message = world.message("beside")
    published = message._replace(id=RequestId("application:ticketing", "Offers", "1"))
    _send(world, published)
    _send(world, message, handled(message))
    _mark(world, NOON + SECOND)
    assert world.store.unsent(100) == []
    assert _replied_at(world, message) == NOON + SECOND


def test_a_reply_that_is_marked_twice_left_once(world: World) -> None:
    """Two workers may have sent it, one after the other died: the first time stays."""
    message = world.message("twice")
    _send(world, message, handled(message))
    ((number, _),) = world.store.unsent(100)
    for seconds in (1, 2):
        world.store.mark_sent([number], NOON + seconds * SECOND)
    assert _replied_at(world, message) == NOON + SECOND
