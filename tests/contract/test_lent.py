"""What waits is lent to one worker at a time, on every store."""

from datetime import timedelta

from adapters.database import InboxStore
from hub.envelope import Message
from hub.ports import Waiting
from tests.contract.between import after_it_reads
from tests.contract.test_store import (
    NOON,
    World,
    database_kind,
    migrated,
    record,
    waiting_entry,
    world,
)

__all__ = ["database_kind", "migrated", "world"]


def wait(world: World, message: Message, subject: str) -> None:
    """Have a message wait for a minute."""
    with world.store.unit() as unit:
        unit.record(message, waiting_entry(message), NOON)
        unit.wait(message, subject, NOON + timedelta(seconds=60))


def end(world: World, message: Message) -> None:
    """Have a message handled: other tests use the same database."""
    with world.store.unit() as unit:
        unit.entry(message.id)
        record(unit, message)


def test_what_is_lent_stands_before_nobody(world: World) -> None:
    """Whoever looks next, for so many, is given others that wait."""
    messages = [world.message(name) for name in ("lent-1", "lent-2")]
    for message in messages:
        wait(world, message, str(messages[0].id))
    found = [world.store.woken([str(messages[0].id)], NOON, 1) for _ in range(3)]
    for message in messages:
        end(world, message)
    assert [one.message for (one,) in found[:2]] == messages
    assert found[2] == []


def test_of_two_that_look_at_once_one_is_lent_it(world: World) -> None:
    """It is asked for again as it is lent, for both have read that it waits."""
    message = world.message("lent")
    subject = str(message.id)
    wait(world, message, subject)
    taken: list[Waiting] = []

    def take() -> None:
        taken.extend(world.store.woken([subject], NOON, 1))

    if isinstance(world.store, InboxStore):
        with after_it_reads(world.store.database, "waiting", take):
            take()
    else:
        take()
        take()
    end(world, message)
    assert [one.message for one in taken] == [message]
