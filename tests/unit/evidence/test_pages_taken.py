"""A page counts as taken by the inside's word about that very page; books go in their order."""

from dataclasses import replace
from pathlib import Path

from dmz_gateway.replies import Asked
from hub.envelope import Message, RequestId
from hub.messages import Lane
from internal_apps.answering import answer
from tests.unit.evidence.books import SCHEMAS, World


def test_an_answer_about_another_page_says_nothing_of_this_one(tmp_path: Path) -> None:
    """It stays to be acknowledged, and is asked about again."""
    world = World(tmp_path)
    said = answer(SCHEMAS, "BookPageResponse.1", Number=1)
    world.asking.inside = lambda _message: said
    right = world.asking.ask

    def misled(message: Message, lane: Lane, wait_seconds: float) -> Asked:
        asked = right(message, lane, wait_seconds)
        assert asked.reply is not None
        another = RequestId(message.id.sender, "BookPage", "b00t.1.9")
        return replace(asked, reply=asked.reply._replace(id=another))

    world.asking.ask = misled  # type: ignore[method-assign]
    world.pages.turn()
    assert (len(world.asking.sent), len(world.asking.asked)) == (1, 0)
    world.asking.ask = right  # type: ignore[method-assign]
    world.pages.turn()
    assert world.asking.asked[0].id == world.asking.sent[0].id


def test_a_book_of_before_goes_before_this_starts_own(tmp_path: Path) -> None:
    """While a page of it is not acknowledged, nothing later is sent."""
    before = World(tmp_path, "before")
    before.send()
    before.die()
    world = World(tmp_path)
    world.send()
    world.asking.inside = lambda _message: None
    for _ in range(2):
        world.pages.turn()
    assert {page.boot for page in world.asking.pages()} == {"before"}
