"""The machine's clock."""

import time
from datetime import UTC, datetime


class SystemClock:
    """Implements ``hub.ports.Clock`` with the machine's own clock."""

    def now(self) -> datetime:
        """Return the present time in UTC, with microseconds."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()
