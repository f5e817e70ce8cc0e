"""The shelf of parked messages on its port: the same in memory and on a database."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.database import Database, InboxStore, Migrations, SqlParked
from adapters.memory.parked import MemoryParked
from adapters.memory.store import MemoryStore
from hub.envelope import Message
from hub.errors import InvalidBody
from hub.parked import Pace, Parked, ParkedShelf
from hub.parking import End
from hub.ports import InboxEntry, InboxState, Store
from hub.turns import after
from internal_apps.answering import refused
from tests.contract.shelves import Trail
from tests.unit.hub_world import MovedClock, PlainContracts, booking

STEP = timedelta(seconds=1)


class World:
    """A store with parked messages and somebody at their shelf."""

    def __init__(self, store: Store, parked: Parked, clock: MovedClock) -> None:
        self.store = store
        self.clock = clock
        self.shelf = ParkedShelf(parked, PlainContracts(), refused, Pace(1))
        self.trail = Trail()

    def park(self, reference: str, reason: str = "ValueError: a bug") -> Message:
        """Park a booking, a second after the one before."""
        self.clock.move(seconds=1)
        message = booking(reference)
        entry = InboxEntry(message.id, "d" * 64, InboxState.PARKED, None, "", attempts=3)
        with self.store.unit() as unit:
            unit.park(message, entry, reason)
        return message

    def stand_behind(self, message: Message) -> None:
        """Have another wait for its turn behind one that is parked."""
        other = booking(f"behind-{message.id.reference}")
        entry = InboxEntry(other.id, "e" * 64, InboxState.BEHIND, None, "")
        with self.store.unit() as unit:
            unit.record(other, entry, self.clock.now())
            unit.wait(other, after(message.id), self.clock.now() + timedelta(days=1))

    def due(self) -> list[Message]:
        """Return what waits and is due now."""
        return [one.message for one in self.store.woken((), self.clock.now(), 100)]

    def entry(self, message: Message) -> InboxEntry:
        """Return a request's entry."""
        with self.store.unit() as unit:
            found = unit.entry(message.id)
        assert found is not None
        return found


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Offer an empty shelf, in memory or in a database."""
    clock = MovedClock()
    if request.param == "memory":
        memory = MemoryStore(clock=clock)
        yield World(memory, MemoryParked(memory), clock)
        return
    database = Database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    Migrations(database, []).upgrade()
    store = InboxStore(database, clock)
    yield World(store, SqlParked(store), clock)
    database.close()


def test_the_oldest_are_listed_first_and_all_are_counted_by_kind(world: World) -> None:
    """One kind alone if asked; each with since when, why, how large and which transmission."""
    for reference, reason in (("A-1", "ValueError: x"), ("A-2", "InvalidBody: y")):
        world.park(reference, reason)
    third = world.park("A-3")
    listed = world.shelf.list(count_max=2)
    assert [kept.request_id[-3:] for kept in listed.kept] == ["A-1", "A-2"]
    assert dict(listed.kinds) == {"ValueError": 2, "InvalidBody": 1}
    (last,) = world.shelf.list(kind="ValueError").kept[1:]
    assert (last.id, last.kept_at) == (str(third.id), world.clock.now())
    assert (last.size_bytes, last.transmission) == (len(third.body), str(third.transmission))


def test_a_replay_is_due_at_the_pace_of_all(world: World) -> None:
    """One a second, whoever asks; the second time there is nothing to replay."""
    names = [str(world.park(f"A-{number}").id) for number in range(3)]
    assert {one.end for one in world.shelf.replay(names, world.trail)} == {End.DONE}
    assert {one.end for one in world.shelf.replay(names, world.trail)} == {End.NOT_THERE}
    assert [str(one.id) for one in world.due()] == names[:1]
    world.clock.move(seconds=1)
    assert [str(one.id) for one in world.due()] == names[1:2]
    assert world.trail.begun == names


def test_a_correction_goes_with_the_replay_and_the_original_stays(world: World) -> None:
    """Parked again, it is shown as its sender sent it, and a replay has the corrected body."""
    message = world.park("A-1")
    name = str(message.id)
    assert world.shelf.correct(name, b"<right/>", world.trail).end is End.DONE
    (corrected,) = world.due()
    assert corrected == message._replace(body=b"<right/>")
    with world.store.unit() as unit:
        entry = unit.entry(message.id)
        assert entry is not None
        assert entry.digest == "d" * 64
        unit.park(corrected, replace(entry, state=InboxState.PARKED), "ValueError: again")
    shown = world.shelf.show(name)
    assert shown is not None
    assert shown.wire is not None
    assert shown.wire.body == message.body
    assert world.shelf.effective(name) == corrected


def test_what_waits_behind_a_discarded_one_is_due(world: World) -> None:
    """The discarded one has its final outcome, and its sender an answer."""
    message = world.park("A-1")
    world.stand_behind(message)
    assert world.due() == []
    assert world.shelf.discard([str(message.id)], world.trail)[0].end is End.DONE
    assert [one.id.reference for one in world.due()] == ["behind-A-1"]
    entry = world.entry(message)
    assert (entry.state, entry.outcome_code) == (InboxState.HANDLED, "DISCARDED")
    (sent,) = (one for _, one in world.store.unsent(10))
    assert (sent.id, sent.type) == (message.id, "Refused.1")
    assert world.shelf.show(str(message.id)) is None


def test_a_correction_that_breaks_its_contract_goes_nowhere(world: World) -> None:
    """Whoever calls past the pages is refused too, and nothing is written down or done."""
    name = str(world.park("A-1").id)
    with pytest.raises(InvalidBody):
        world.shelf.correct(name, b"invalid", world.trail)
    assert world.trail.begun == []
    assert world.due() == []
    assert world.shelf.show(name) is not None
