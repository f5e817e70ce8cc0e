"""Who saw whose personal data, written into the audit trail."""

from collections.abc import Sequence

from internal_apps.parking.audit import AuditTrail, Note
from internal_apps.parking.domain import What

PLACE = "bookings"


class Viewing:
    """Implements ``internal_apps.showing.Views``."""

    def __init__(self, trail: AuditTrail) -> None:
        """Write into ``trail``."""
        self._trail = trail

    def opened(self, who: str, booking: str) -> None:
        """Write down who opened a booking; what cannot be written down is not shown."""
        self._trail.append(Note(who, What.VIEWED, PLACE, booking))

    def listed(self, who: str, bookings: Sequence[str]) -> None:
        """Write down which bookings stood in a list, in one entry for all of them."""
        if bookings:
            self._trail.append(Note(who, What.LISTED, PLACE, facts={"shown": " ".join(bookings)}))
