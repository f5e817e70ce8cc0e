"""Many threads validate at once: each is told its own errors and nobody else's."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from adapters.xml import Schemas, XmlRefused
from tests.unit.xml_values import PLACE_BOOKING

THREADS = 8
ROUNDS = 4
DOCUMENTS = 60
PATIENCE_SECONDS = 60


class OneForAll(Schemas):
    """The mistake that this file is about: all threads use the same compiled schema."""

    def __init__(self) -> None:
        super().__init__()
        self._local: Any = SimpleNamespace()


@pytest.fixture(autouse=True)
def restless() -> Iterator[None]:
    """Make threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def document(empty_lines: int, quantity: str) -> bytes:
    """Return a booking of twenty lines, each with this quantity, after some empty lines."""
    line = (
        "<Line><TicketType>STANDARD</TicketType><Day>2010-05-03</Day>"
        f"<Quantity>{quantity}</Quantity></Line>"
    )
    return (
        "\n" * empty_lines + '<PlaceBooking xmlns="urn:lupu:ticketing:1">'
        "<RequestReference>SUNNY-1</RequestReference><Kind>INDIVIDUAL</Kind>"
        "<Contact><Name>王小明</Name><Telephone>021 5888 1234</Telephone></Contact>"
        f"<Lines>{line * 20}</Lines></PlaceBooking>"
    ).encode()


def mixed_up(schemas: Schemas) -> list[str]:
    """Validate on many threads; return what any of them was told that was not its own."""
    found: list[str] = []
    begin = threading.Barrier(THREADS)

    def work(number: int) -> None:
        good, bad = document(number, "1"), document(number, "many")
        begin.wait()
        for _ in range(DOCUMENTS):
            found.extend(_told(lambda: schemas.check(PLACE_BOOKING, good), "nothing"))
            own = f"(line {number + 1})"
            found.extend(_told(lambda: schemas.check(PLACE_BOOKING, bad), own))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def _told(check: Callable[[], None], own: str) -> list[str]:
    try:
        check()
    except XmlRefused as refused:
        told = str(refused)
    # An error list that another thread has emptied meanwhile.
    except AttributeError as error:
        told = str(error)
    else:
        told = "nothing"
    return [] if own in told else [told]


def test_each_thread_is_told_its_own_errors() -> None:
    """Eight threads with errors on eight different lines each read of their own line."""
    schemas = Schemas()
    for _ in range(ROUNDS):
        assert mixed_up(schemas) == []


def test_one_schema_for_all_threads_mixes_them_up() -> None:
    """The test above can fail: with one schema for all, somebody reads another's error."""
    schemas = OneForAll()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not mixed_up(schemas):
        assert time.monotonic() < deadline, "nothing was mixed up: is this test of any use?"
