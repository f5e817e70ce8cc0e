"""The hub with sealing or evidence taken out, to see what each costs. Bench only.

``python -m bench.hub_without sealing|evidence CONFIG NAME``
"""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from hub import __main__ as program
from hub import bridge
from hub.channel import Channel
from hub.envelope import ORIGIN, Wire
from hub.sealing import Opened
from hub.settings import Configuration

SEALING, EVIDENCE = "sealing", "evidence"
_EVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class InClear:
    """Takes and sends everything as it is."""

    opener = sealer = property(lambda self: self)

    def open(self, wire: Wire, route: str) -> Opened:
        """Return the message as it came."""
        del route
        return Opened(wire, wire.headers[ORIGIN], *_EVER)

    def seal(self, wire: Wire, route: str, readers: Sequence[str]) -> Wire:
        """Return the message as it is."""
        del route, readers
        return wire

    def editions_for(self) -> Sequence[str]:
        """Return nobody."""
        return ()


def _unsealed(*_: Any, **__: Any) -> InClear:
    return InClear()


def _unwitnessed(*given: Any, **named: Any) -> Channel:
    return Channel(*given, **{**named, "witnessed": False})


if __name__ == "__main__":
    without, path, name = sys.argv[1:]
    if without == SEALING:
        vars(program)["sealing_of"] = _unsealed
    elif without == EVIDENCE:
        vars(bridge)["Channel"] = partial(_unwitnessed)
    program.run(Configuration(Path(path), name))
