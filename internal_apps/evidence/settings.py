"""The settings of evidence."""

from dataclasses import dataclass
from typing import ClassVar

from hub.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Evidence:
    """When something counts as wrong.

    A gateway that has sent no page for ``silent_seconds`` is silent. What was confirmed and was
    not taken in for ``bound_seconds`` is lost, unless it may still lie in a queue: the default is
    longer than a broker waits for an acknowledgement (30 minutes). Queues are looked at every
    ``look_seconds``, and both sides are compared every ``compare_seconds``.
    """

    section: ClassVar[str] = "evidence"
    silent_seconds: float = 120.0
    bound_seconds: float = 2_100.0
    look_seconds: float = 10.0
    compare_seconds: float = 60.0

    def check(self) -> None:
        """SettingsError where an entry makes no sense."""
        seconds = (self.silent_seconds, self.bound_seconds, self.look_seconds)
        if min(*seconds, self.compare_seconds) <= 0:
            raise SettingsError("[evidence] every number of seconds must be above 0.")
