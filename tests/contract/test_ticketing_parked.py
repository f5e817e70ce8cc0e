"""While a request is kept, later ones for the same booking wait, on every database."""

from adapters.database import Database
from tests.unit.parking.world import ParkingWorld
from tests.unit.ticketing.balance import unbalanced
from tests.unit.ticketing.world import booking_values


def test_what_comes_after_a_failure_waits_for_it(ticketing_database: Database) -> None:
    """An agency names its booking by its own reference, a clerk by ours: it is one booking."""
    parking = ParkingWorld(ticketing_database)
    world, taking = parking.worker, parking.taking
    place = world.message("PlaceBooking", booking_values())
    placed = {"PlacedAs": place.id.reference}
    ours = world.handle(place)[0].booking["BookingReference"]
    lines = {"Lines": booking_values(quantity=3)["Lines"]}
    broken = world.message("ChangeBooking", {**placed, "Version": 1, **lines})
    taking.broken = True
    assert world.handle(broken) == []
    confirm = world.message("ConfirmBooking", {"BookingReference": ours, "Version": 2}, "staff:w")
    cancel = world.message("CancelBooking", {**placed, "Version": 3})
    assert world.handle(confirm, cancel, confirm)[0].code == "PENDING"
    taking.broken = False
    assert world.place().code == "DONE"
    world.clock.move(seconds=5)
    world.inbox.wake_due()
    outcomes = [world.outcome(one).code for one in (broken, confirm, cancel)]
    assert outcomes == ["DONE"] * 3
    assert unbalanced(world.database) == []
