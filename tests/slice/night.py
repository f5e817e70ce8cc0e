"""A night on duty: a staff web whose worker has parked some requests."""

from pathlib import Path

from hub.envelope import Message
from tests.slice.staff_world import StaffWorld, staff_world
from tests.unit.parking.world import ParkingWorld
from tests.unit.ticketing.world import booking_values


class Night:
    """``staff`` is the web, ``parking`` the worker behind it; both have the same time."""

    def __init__(self, folder: Path) -> None:
        self.staff: StaffWorld = staff_world(folder)
        self.parking = ParkingWorld(self.staff.database)
        self.messages: list[Message] = []

    def park(self, count: int = 1) -> list[str]:
        """Park so many bookings; return their names."""
        found = []
        for _ in range(count):
            message = self.parking.worker.message("PlaceBooking", booking_values())
            self.messages.append(message)
            found.append(self.parking.park(message))
        self.now()
        return found

    def later(self) -> None:
        """Let the worker look at what is due."""
        self.parking.later()
        self.now()

    def now(self) -> None:
        """Have the web's clock show the worker's time."""
        self.staff.clock.at = self.parking.clock.at

    def outcome(self, number: int = 0) -> str:
        """Return the code of a request's outcome."""
        return self.parking.worker.outcome(self.messages[number]).code
