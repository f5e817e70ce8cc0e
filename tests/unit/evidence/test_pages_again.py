"""Pages that are not acknowledged: asked about, then sent again, less and less often."""

from pathlib import Path

from adapters.sealing import CoseSigner
from adapters.sealing.keys import Use, new_key
from dmz_gateway.books.files import ask_again
from dmz_gateway.books.pages import RESEND_SECONDS
from tests.unit.evidence.books import World, taken
from tests.unit.evidence.test_pages import checked, silent


def test_what_is_not_acknowledged_is_asked_about_and_then_sent_again_unchanged(
    tmp_path: Path,
) -> None:
    """A page that a broker lost comes again as it was, and nothing overtakes it."""
    world = World(tmp_path)
    world.asking.inside = silent
    world.pages.turn()
    world.send()
    world.clock.move(seconds=RESEND_SECONDS - 1)
    world.pages.turn()
    assert (len(world.asking.sent), len(world.asking.asked)) == (1, 1)
    world.clock.move(seconds=1)
    world.pages.turn()
    first, again = world.asking.pages()
    assert first == again
    assert world.asking.sent[0].id == world.asking.sent[1].id
    world.asking.inside = taken
    world.clock.move(seconds=2 * RESEND_SECONDS)
    world.pages.turn()
    world.pages.turn()
    pages = world.asking.pages()
    assert pages[2] == first
    assert [one.findings for one in checked(pages[2:])] == [[], []]


def test_an_inside_that_is_away_for_a_day_is_not_sent_a_page_a_thousand_times(
    tmp_path: Path,
) -> None:
    """It is sent again less and less often, and at least every hour."""
    world = World(tmp_path)
    world.asking.inside = silent
    for _ in range(24 * 60):
        world.clock.move(seconds=60)
        world.pages.turn()
    assert 24 <= len(world.asking.pages()) <= 30


def test_a_page_that_is_sent_again_is_not_signed_anew(tmp_path: Path) -> None:
    """Keys that were exchanged meanwhile make no other page of it."""
    world = World(tmp_path, signs=lambda: CoseSigner(new_key(Use.SIGN)))
    world.asking.inside = silent
    for _ in range(2):
        world.pages.turn()
        world.clock.move(seconds=RESEND_SECONDS)
    first, again = world.asking.sent
    assert first.body == again.body
    world.asking.inside = taken
    for _ in range(2):
        world.clock.move(seconds=RESEND_SECONDS)
        world.pages.turn()
    assert len({message.body for message in world.asking.sent}) == 2


def test_what_a_restored_inside_has_lost_of_the_books_is_sent_once_more(tmp_path: Path) -> None:
    """The same pages, in order, of books that are done and of one that goes on; then no more."""
    gone = World(tmp_path, "gone")
    gone.send()
    gone.pages.turn()
    gone.die()
    world = World(tmp_path, "b00t", clock=gone.clock)
    restored_to = world.clock.now()
    for _ in range(3):
        world.clock.move(seconds=60)
        world.send()
        world.pages.turn()
    before = [page for page in world.asking.pages() if page.boot == "b00t"]
    world.die()
    ask_again(tmp_path, restored_to)
    last = World(tmp_path, "last", clock=world.clock)
    last.asking.inside = silent
    last.pages.turn()
    assert (tmp_path / "again").exists()  # for the next start, should this one die meanwhile
    last.asking.inside = taken
    last.clock.move(seconds=RESEND_SECONDS)
    last.pages.turn()
    assert not (tmp_path / "again").exists()
    again = [page for page in last.asking.pages() if page.boot == "b00t"]
    assert again[: len(before)] == before
    assert [one.findings for one in checked(again)] == [[]] * len(again)
    assert any(page.boot == "gone" for page in last.asking.pages())
    count = len(last.asking.pages())
    last.pages.turn()
    assert len(last.asking.pages()) == count + 1
