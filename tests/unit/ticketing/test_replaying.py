"""A restored database is brought level by its worker's journal, and what is not is named."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from adapters.database import Database, Journals
from adapters.database.tables import inside_book
from internal_apps.replaying import Earlier, Levelled, Replay, Result
from internal_apps.ticketing.tables import quota
from tests.unit.ticketing.world import World, booking_values, prepared


@dataclass
class Town:
    """A worker that keeps a journal, and a backup of its database from before its work."""

    folder: Path
    world: World

    def restored(self) -> World:
        """Return the same worker on the backup; bookings keep the references of before."""
        shutil.copy(self.folder / "backup.sqlite", self.folder / "restored.sqlite")
        database = Database(f"sqlite:///{self.folder / 'restored.sqlite'}")
        self.earlier = Earlier()
        restored = World(database, name="T", earlier=self.earlier)
        restored.clock.move(hours=1)
        return restored

    def replay(self, on: World) -> Result:
        """Bring a restored database level."""
        replay = Replay(on.store, on.schemas, {"ticketing": on.inbox}, self.earlier)
        return replay.run(Journals.below(self.folder / "journals"))


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """Offer a worker with a journal."""
    prepared(f"sqlite:///{tmp_path / 'live.sqlite'}").close()
    shutil.copy(tmp_path / "live.sqlite", tmp_path / "backup.sqlite")
    database = Database(f"sqlite:///{tmp_path / 'live.sqlite'}")
    yield Town(tmp_path, World(database, journals=tmp_path / "journals"))
    database.close()


def counts(result: Result) -> dict[str, int]:
    """Return what a replay came to, without what there is none of."""
    return {became.value: count for became, count in result.counts.items() if count}


def test_what_was_decided_is_decided_again_under_the_reference_that_was_told(town: Town) -> None:
    """Placed, confirmed, refused: an hour later all is alike, though the hold runs anew."""
    placed = town.world.place().booking
    named = {"BookingReference": placed["BookingReference"], "Version": 1}
    assert town.world.ask("ConfirmBooking", named).code == "DONE"
    assert town.world.ask("ConfirmBooking", named).refusal
    again = town.restored()
    assert counts(town.replay(again)) == {"alike": 3}
    booking = again.get({"BookingReference": placed["BookingReference"]}).booking
    assert (booking["State"], booking["Version"]) == ("CONFIRMED", 2)
    assert again.said() == []  # nobody waits for an answer
    assert counts(town.replay(again)) == {"known": 3}
    again.database.close()


def test_what_waited_for_another_is_replayed_behind_it(town: Town) -> None:
    """A confirmation that came before its booking is not refused for having come long ago."""
    world = town.world
    confirm = world.message("ConfirmBooking", {"PlacedAs": "T-late", "Version": 1})
    assert world.handle(confirm) == []
    late = world.message("PlaceBooking", booking_values(), reference="T-late")
    assert [one.code for one in world.handle(late)] == ["DONE", "DONE"]
    again = town.restored()
    assert counts(town.replay(again)) == {"alike": 2}
    again.database.close()


def test_what_comes_out_otherwise_is_named(town: Town) -> None:
    """The places went to somebody else meanwhile: then it is said who was told what."""
    town.world.place(reference="A-1")
    town.world.place(reference="A-2")
    again = town.restored()
    with again.database.begin() as connection:
        connection.execute(sa.update(quota).values(taken=quota.c.capacity))
    result = town.replay(again)
    assert not result.fine
    assert [(one.request, one.became, one.before) for one in result.named] == [
        ("agent:1001/PlaceBooking/A-1", Levelled.OTHERWISE, "DONE"),
        ("agent:1001/PlaceBooking/A-2", Levelled.OTHERWISE, "DONE"),
    ]
    assert {one.now for one in result.named} == {"SOLD_OUT"}
    again.database.close()


def test_what_an_agency_repeated_before_the_replay_is_named_if_it_differs(town: Town) -> None:
    """Done anew it has another reference than the agency was told before."""
    town.world.place(reference="A-1")
    again = town.restored()
    repeated = World(again.database)
    repeated.place(reference="A-1")
    result = town.replay(again)
    assert [(one.became, one.before, one.now) for one in result.named] == [
        (Levelled.OTHERWISE, "DONE", "DONE")
    ]
    again.database.close()


def test_repeats_are_in_the_inside_book_again(town: Town) -> None:
    """Else evidence would call each transmission of a repeat lost."""
    message = town.world.message("CancelBooking", {"PlacedAs": "none", "Version": 1})
    town.world.clock.move(hours=1)  # too late to wait
    town.world.handle(message)
    repeat = message._replace(transmission=message.transmission._replace(sequence=77))
    town.world.handle(repeat)
    again = town.restored()
    assert town.replay(again).transmissions == 1
    assert town.replay(again).transmissions == 0
    with again.database.reading() as connection:
        found = connection.execute(sa.select(inside_book.c.sequence, inside_book.c.what)).all()
    assert [(one.sequence, one.what) for one in found] == [(1, "FIRST"), (77, "REPEAT")]
    again.database.close()
