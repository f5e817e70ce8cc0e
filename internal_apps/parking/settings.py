"""How fast kept messages are replayed, and how many at once from a page."""

from dataclasses import dataclass
from typing import ClassVar

from hub.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Parking:
    """``replays_per_second`` bounds replays, however many are asked for at once.

    ``bulk_max`` is how many messages one press of a button acts on. ``operator`` is the component,
    ``operator-1`` say, as which the staff's pages reach the quarantines: its certificates and keys
    must be there. Empty: they are reached by command only. Every ``head_seconds`` the worker of
    evidence notes the end of the audit trail in its log. ``corrections_kept_days`` after it was
    decided on a correction loses its documents; 0 keeps them for ever.
    """

    section: ClassVar[str] = "parking"
    replays_per_second: float = 10.0
    bulk_max: int = 200
    operator: str = ""
    head_seconds: float = 60.0
    corrections_kept_days: int = 400

    def check(self) -> None:
        """SettingsError where nothing would ever be replayed, or noted without a pause."""
        if self.replays_per_second <= 0 or self.bulk_max < 1:
            raise SettingsError("[parking] replays_per_second and bulk_max must be above 0.")
        if self.head_seconds <= 0:
            raise SettingsError("[parking] head_seconds must be above 0.")
        if self.corrections_kept_days < 0:
            raise SettingsError(
                "[parking] corrections_kept_days cannot be below 0; 0 keeps for ever."
            )
