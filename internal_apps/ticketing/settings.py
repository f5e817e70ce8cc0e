"""Settings of the ticketing worker."""

from dataclasses import dataclass
from typing import ClassVar

from hub.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Ticketing:
    """How often what is offered is looked at, and published again unchanged.

    ``contacts_kept_days``: how long after its last day a booking keeps name, telephone and e-mail
    of whom it was for; 0 is for ever.
    """

    section: ClassVar[str] = "ticketing"
    publish_seconds: float = 2.0
    republish_seconds: float = 60.0
    contacts_kept_days: int = 400

    def check(self) -> None:
        """SettingsError where contacts are to be kept for less than no time."""
        if self.contacts_kept_days < 0:
            raise SettingsError(
                "[ticketing] contacts_kept_days cannot be below 0; 0 keeps for ever."
            )
