"""Settings of the ticketing worker."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Ticketing:
    """How often what is offered is looked at, and published again unchanged."""

    section: ClassVar[str] = "ticketing"
    publish_seconds: float = 2.0
    republish_seconds: float = 60.0
