"""The gateway with publishing taken out: what it costs apart from the broker. Bench only."""

import sys
from collections.abc import Callable
from pathlib import Path

from dmz_gateway import __main__ as gateway
from hub.envelope import Wire
from hub.ports import Address, Published
from hub.requester import Requester
from hub.settings import Configuration


class Unpublished(Requester):
    """Says CONFIRMED at once and sends nothing."""

    def send(
        self, to: Address, wire: Wire, ended: Callable[[Published], None] = lambda _: None
    ) -> Published:
        """Send nothing."""
        del to, wire
        ended(Published.CONFIRMED)
        return Published.CONFIRMED


if __name__ == "__main__":
    vars(gateway)["Requester"] = Unpublished
    gateway.run(Configuration(Path(sys.argv[1]), sys.argv[2]))
