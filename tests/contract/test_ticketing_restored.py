"""A journal brings every kind of database level, whichever was restored."""

from pathlib import Path

from adapters.database import Journals
from internal_apps.replaying import Earlier, Levelled, Replay
from tests.servers.databases import Databases
from tests.unit.ticketing.world import World, booking_values, prepared


def test_a_journal_brings_any_database_level(
    database_servers: Databases, database_url: str, tmp_path: Path
) -> None:
    """Written beside one, it is replayed on another that was restored to before it all."""
    world = World(prepared(database_servers.url("sqlite")), journals=tmp_path)
    booking = world.place().booking["BookingReference"]
    world.ask("ConfirmBooking", {"BookingReference": booking, "Version": 1})
    repeated = world.message("PlaceBooking", booking_values(), reference="A-1")
    world.handle(repeated)
    world.handle(repeated._replace(transmission=repeated.transmission._replace(sequence=77)))
    earlier = Earlier()
    restored = World(prepared(database_url), earlier=earlier)
    replay = Replay(restored.store, restored.schemas, {"ticketing": restored.inbox}, earlier)
    first, second = (replay.run(Journals.below(tmp_path)) for _ in range(2))
    assert (first.counts[Levelled.ALIKE], first.transmissions, first.named) == (3, 1, [])
    assert (second.counts[Levelled.KNOWN], second.transmissions, second.named) == (3, 0, [])
    assert restored.get({"BookingReference": booking}).booking["State"] == "CONFIRMED"
    for one in (world, restored):
        one.database.close()
