"""The inbox writes every transmission that it takes in into the inside book."""

import pytest

from adapters.memory.store import MemoryUnit
from hub.envelope import Message, Transmission
from hub.errors import DatabaseAway
from hub.handling import Handled
from hub.ports import Answer, Taken
from tests.unit.hub_world import booking
from tests.unit.test_inbox import World, books


def test_every_transmission_is_in_the_inside_book_with_what_it_was() -> None:
    """The first, its repeat, another's values, a failure, and the same one delivered again."""

    def fails_on_two(message: Message, unit: MemoryUnit) -> Handled:
        if message.id.reference == "A-2":
            raise ValueError("a bug")
        return books(message, unit)

    world = World(fails_on_two)
    crossed = [booking(crossed=digit * 64) for digit in "ab"]
    again = crossed[0]._replace(transmission=Transmission("gateway-2", "x", 9))
    other = crossed[1]._replace(body=b"<other/>")
    fails = booking("A-2")
    world.inbox.handle([crossed[0], again, other, fails])
    world.inbox.handle([crossed[0]])
    assert world.store.taken() == [
        (crossed[0], Taken.FIRST),
        (again, Taken.REPEAT),
        (other, Taken.REUSED),
        (fails, Taken.PARKED),
        (crossed[0], Taken.REPEAT),
    ]


def test_looking_again_at_what_waits_is_no_transmission() -> None:
    """One that waits is in the book once, however often it is looked at, parked in the end too."""

    def waits(_message: Message, _unit: MemoryUnit) -> Handled:
        return Handled(Answer("Refused.1", b"no"), "NO", wait_for="booking:B")

    def fails(_message: Message, _unit: MemoryUnit) -> Handled:
        raise ValueError("a bug")

    world = World(waits)
    world.inbox.handle([booking()])
    world.does = fails
    world.clock.move(seconds=61)
    world.inbox.wake_due()
    assert world.store.books.parked
    assert world.store.taken() == [(booking(), Taken.FIRST)]


def test_what_the_database_did_not_commit_is_not_in_the_book() -> None:
    """The line is part of the transaction of the inbox mark."""
    world = World()

    def goes_away(message: Message, unit: MemoryUnit) -> Handled:
        world.store.away = True
        return books(message, unit)

    world.does = goes_away
    with pytest.raises(DatabaseAway):
        world.inbox.handle([booking()])
    assert world.store.taken() == []
