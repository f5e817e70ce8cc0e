"""An operator's process that is killed after the broker has confirmed, before it acknowledges."""

import os
import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from adapters.amqp.hand import AmqpHand, hand
from adapters.quarantine import QuarantineShelf
from hub.parking import Place
from hub.settings import OutsideBroker
from tests.contract.shelves import OPERATOR, Trail
from tests.unit.hub_world import PlainContracts


def arguments(broker: OutsideBroker, name: str) -> list[str]:
    """Return the command that replays ``name`` and dies."""
    said = (broker.port, broker.authority, broker.certificate, broker.key, name)
    return [sys.executable, "-m", "tests.contract.dying_operator", *map(str, said)]


def _die(_hand: AmqpHand, _tags: Sequence[int]) -> bool:
    os.kill(os.getpid(), signal.SIGKILL)
    return False


def main(port: str, authority: str, certificate: str, key: str, name: str) -> None:
    """Replay, and die in the middle."""
    broker = OutsideBroker("127.0.0.1", int(port), Path(authority), Path(certificate), Path(key))
    pytest.MonkeyPatch().setattr(AmqpHand, "acknowledge", _die)
    opens = partial(hand, broker, OPERATOR)
    QuarantineShelf(Place.OUTSIDE, opens, OPERATOR, PlainContracts()).replay([name], Trail())


if __name__ == "__main__":
    main(*sys.argv[1:])
