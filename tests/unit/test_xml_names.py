"""What libxml2 remembers of strangers' names is bounded."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from lxml import etree

from adapters.xml import Schemas, XmlRefused, names, parse
from tests.unit.xml_values import PLACE_BOOKING

BOUND_BYTES = 100_000
DOCUMENTS = 40
NAMES_EACH = 1_000
BOOKING = """<PlaceBooking xmlns="urn:lupu:ticketing:1"><RequestReference>B-{0}</RequestReference>
  <Kind>GROUP</Kind><Contact><Name>Tour {0}</Name><Telephone>+86 21 {0}</Telephone></Contact>
  <Lines><Line><TicketType>T{0}</TicketType><Day>2010-05-04</Day><Quantity>{0}</Quantity></Line>
  </Lines></PlaceBooking>"""


def in_a_new_thread(work: Callable[[], None]) -> None:
    """Run ``work`` where no name has been read yet; what it raises is raised here."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(work).result()


def booking(number: int) -> bytes:
    """Return a booking that differs from every other in its values alone."""
    return BOOKING.format(1_000 + number).encode()


def hostile(number: int) -> bytes:
    """Return a document of names that no other has."""
    return b"<a>%s</a>" % b"".join(b"<n%d_%d/>" % (number, entry) for entry in range(NAMES_EACH))


def test_ever_new_names_do_not_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever sends ever new names makes a thread keep a bounded number, and it reads on."""
    monkeypatch.setattr(names, "NEW_BYTES_MAX", BOUND_BYTES)
    caplog.set_level(logging.WARNING)

    def work() -> None:
        before = etree.memory_debugger.dict_size()
        for number in range(DOCUMENTS):
            assert len(parse(hostile(number))) == NAMES_EACH
        kept = etree.memory_debugger.dict_size() - before
        assert NAMES_EACH < kept < DOCUMENTS * NAMES_EACH / 2
        with pytest.raises(XmlRefused, match="not well-formed"):
            parse(b"<a>")
        Schemas().check(PLACE_BOOKING, booking(1))

    in_a_new_thread(work)
    assert [record.message for record in caplog.records] == ["xml.names_full"]


def test_ordinary_documents_never_fill_a_thread() -> None:
    """Bookings, each with other values, bring their names once."""

    def work() -> None:
        schemas = Schemas()
        schemas.check(PLACE_BOOKING, booking(0))
        kept = etree.memory_debugger.dict_size()
        for number in range(1, 1_000):
            schemas.check(PLACE_BOOKING, booking(number))
        assert etree.memory_debugger.dict_size() == kept

    in_a_new_thread(work)
