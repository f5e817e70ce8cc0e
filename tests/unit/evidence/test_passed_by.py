"""What must stand on a page that is here: told by the numbers of its own gateway, by no clock."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dmz_gateway.books.book import NotWritten
from dmz_gateway.books.pages import RESEND_SECONDS
from hub.envelope import Message, to_wire
from hub.evidence import Page
from hub.ports import Answer, Published
from internal_apps.answering import values
from internal_apps.evidence.compare import Verdict
from internal_apps.evidence.handlers import read_page
from tests.unit.evidence.books import SCHEMAS, World, taken
from tests.unit.evidence.inside import Inside
from tests.unit.evidence.test_verdicts import crossed


@pytest.fixture
def inside(tmp_path: Path) -> Iterator[Inside]:
    """Offer evidence's worker."""
    made = Inside(tmp_path)
    yield made
    made.worker.close()


def write(world: World, message: Message) -> None:
    """Have a gateway write a request down and send it."""
    world.book.ahead(message, to_wire(message))(Published.CONFIRMED)


def only(
    inside: Inside, which: Callable[[Page], bool], told: Callable[[Message], Answer | None]
) -> Callable[[Message], Answer | None]:
    """Have the inside take some pages only; the others are ``told`` what they are."""

    def take(message: Message) -> Answer | None:
        page = read_page(values(SCHEMAS, message))
        return inside.take(message) if which(page) else told(message)

    return take


def test_a_clock_that_is_wrong_injects_nothing(inside: Inside) -> None:
    """Neither one that is set back while pages come in, nor one that is ahead."""
    world = inside.gateway()
    for number, seconds in enumerate((0, 0, -77, 4_000, -9_000)):
        inside.clock.move(seconds=seconds)
        message = world.request(f"A-{number}")
        write(world, message)
        inside.receive(message, crossed())
        world.pages.turn()
        assert set(inside.verdicts("").values()) == {Verdict.AWAITED}


def test_a_number_that_the_pages_have_passed_is_injected_at_once(inside: Inside) -> None:
    """So is one that is to come, as soon as they are that far."""
    world = inside.gateway()
    for _ in range(4):
        world.pages.turn()
    for reference, sequence in (("low", 0), ("high", 7)):
        message = world.request(reference)
        forged = message.transmission._replace(sequence=sequence)
        inside.receive(message._replace(transmission=forged), crossed())
    assert inside.verdicts() == {"low": Verdict.INJECTED, "high": Verdict.AWAITED}
    next(world.numbers)
    for _ in range(4):
        world.pages.turn()
    assert inside.verdicts() == {"low": Verdict.INJECTED, "high": Verdict.INJECTED}


def test_of_two_that_are_written_in_the_other_order_neither_is_injected(inside: Inside) -> None:
    """Though a page that came between them has the later number alone."""
    world = inside.gateway()
    world.pages.turn()
    slow, quick = world.request("slow"), world.request("quick")
    write(world, quick)
    world.pages.turn()
    for message in (quick, slow):
        inside.receive(message, crossed())
    assert inside.verdicts() == {"slow": Verdict.AWAITED}
    # That page is acknowledged: the next turn lets go of what it has passed.
    world.pages.turn()
    with pytest.raises(NotWritten):
        write(world, slow)


def test_what_was_numbered_before_a_page_may_be_written_until_the_next(inside: Inside) -> None:
    """Nobody is told that nothing was sent for being a little slower than another."""
    world = inside.gateway()
    slow, quick = world.request("slow"), world.request("quick")
    write(world, quick)
    world.pages.turn()
    write(world, slow)
    for message in (quick, slow):
        inside.receive(message, crossed())
    for _ in range(3):
        world.pages.turn()
    assert inside.verdicts() == {}


def test_the_last_page_of_a_part_passes_nothing_that_is_in_the_next(inside: Inside) -> None:
    """It ends where its part does, not where the book was when it was made."""
    world = inside.gateway(bytes_max=1_500)
    world.pages.turn()
    slow, quick = world.request("slow"), world.request("quick")
    write(world, quick)
    world.pages.turn()
    while len(world.book.files) == 1:
        world.send()
    write(world, slow)
    inside.receive(slow, crossed())
    world.asking.inside = only(inside, lambda page: page.part == 1, lambda _message: None)
    world.pages.turn()
    assert inside.verdicts()["slow"] is Verdict.AWAITED
    world.asking.inside = inside.take
    inside.clock.move(seconds=RESEND_SECONDS)
    world.pages.turn()
    assert "slow" not in inside.verdicts()


def test_what_stood_on_a_page_that_never_came_is_not_injected(inside: Inside) -> None:
    """It is unbooked for good, which is wrong too: who sent it nobody knows."""
    world = inside.gateway()
    world.pages.turn()
    message = world.request("A-1")
    write(world, message)
    inside.receive(message, crossed())
    world.asking.inside = only(inside, lambda page: page.number != 2, taken)
    for _ in range(4):
        world.pages.turn()
    world.book.close()
    world.pages.turn()
    assert inside.verdicts() == {"A-1": Verdict.AWAITED}
    inside.clock.move(seconds=61)
    assert inside.verdicts() == {"A-1": Verdict.UNBOOKED}
    assert not inside.compared().fine


def test_what_stood_behind_a_line_that_was_changed_is_not_injected(inside: Inside) -> None:
    """Though its book has ended: of what lay behind that line nothing is known."""
    first = inside.gateway("first")
    first.send(reference="A-1")
    message = first.request("A-2")
    write(first, message)
    inside.receive(message, crossed())
    first.die()
    (path,) = first.files()
    path.write_bytes(path.read_bytes().replace(b"/A-1 ", b"/B-1 "))
    inside.gateway("second").pages.turn()
    assert inside.found() == ["BOOK_BROKEN"]
    assert inside.verdicts() == {"A-2": Verdict.AWAITED}


def test_a_gateway_whose_clock_is_behind_loses_nothing(inside: Inside) -> None:
    """What waits in a queue is not overtaken by what others sent by clocks that go right."""
    behind = inside.gateway()
    inside.clock.move(seconds=-1_000)
    behind.send(reference="A-1")
    inside.clock.move(seconds=1_000)
    behind.pages.turn()
    other = behind.request("A-2")
    write(behind, other)
    inside.receive(other, crossed())
    for _ in range(2):
        behind.pages.turn()
    inside.clock.move(seconds=61)
    inside.look(1)
    assert inside.verdicts() == {"A-1": Verdict.IN_FLIGHT}
