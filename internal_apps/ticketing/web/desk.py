"""What the pages of ticketing work with."""

from dataclasses import dataclass

from hub.ports import Clock
from internal_apps.showing import Shell, Views
from internal_apps.ticketing.web.asking import Asking
from internal_apps.ticketing.web.books import Books

SEE = "bookings.see"
PLACE = "bookings.place"
CHANGE = "bookings.change"
CONFIRM = "bookings.confirm"
CANCEL = "bookings.cancel"


@dataclass(frozen=True, slots=True)
class Desk:
    """What every view works with."""

    shell: Shell
    books: Books
    asking: Asking
    clock: Clock
    views: Views

    def opens(self, booking: str) -> None:
        """Have it written down that who is signed in sees a booking's contact."""
        self.views.opened(self.shell.account().account, booking)
