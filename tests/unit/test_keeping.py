"""What was offered to the quarantine and given back before it answered."""

from collections.abc import Callable

import pytest

from hub.backoff import Backoff
from hub.envelope import Wire, to_wire
from hub.keeping import Keeping
from hub.ports import Delivery, Published
from tests.unit.hub_world import CountedMetrics, booking

DELIVERY = Delivery(to_wire(booking()), 1, redelivered=False)
AGAIN = DELIVERY._replace(tag=2, redelivered=True, channel=1)


class Asked:
    """A quarantine that answers when the test says so."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[Published], None]] = []

    def keep(self, _wire: Wire, _reason: str, settled: Callable[[Published], None]) -> None:
        """Note who waits."""
        self.waiting.append(settled)


class World:
    """A keeping, its quarantine, and what was kept."""

    def __init__(self) -> None:
        self.quarantine = Asked()
        self.kept: list[Delivery] = []
        self.keeping = Keeping(
            "inward",
            self.quarantine,
            kept=lambda delivery, _why: self.kept.append(delivery),
            may_wait=lambda _delivery, _why: True,
            monotonic=lambda: 0.0,
            metrics=CountedMetrics(),
            backoff=Backoff(1.0, 1.0),
        )

    def end(self, outcome: Published) -> None:
        """Answer the one who waits longest."""
        self.quarantine.waiting.pop(0)(outcome)


def test_not_taken_after_it_was_given_back_is_not_set_aside() -> None:
    """It comes again by itself; its tag means nothing any more."""
    world = World()
    assert world.keeping.keep(DELIVERY, "why")
    world.keeping.forget()
    world.end(Published.REFUSED)
    assert world.keeping.set_aside() == 0
    assert world.keeping.keep(AGAIN, "why")


def test_kept_after_it_came_again_is_told_of_the_new_delivery() -> None:
    """One offer is on its way: it is not made twice, and its end acknowledges what came last."""
    world = World()
    assert world.keeping.keep(DELIVERY, "why")
    world.keeping.forget()
    assert not world.keeping.keep(AGAIN, "why")
    world.end(Published.CONFIRMED)
    assert world.kept == [AGAIN]
    assert world.quarantine.waiting == []


@pytest.mark.parametrize(
    "other",
    [AGAIN._replace(redelivered=False), AGAIN._replace(wire=to_wire(booking("A-2")))],
    ids=["never came before", "differs"],
)
def test_only_what_comes_again_as_it_was_is_known(other: Delivery) -> None:
    """Another one that was sent alike, or that was given back beside it, is kept by itself."""
    world = World()
    assert world.keeping.keep(DELIVERY, "why")
    world.keeping.forget()
    assert world.keeping.keep(other, "why")
    world.end(Published.CONFIRMED)
    world.end(Published.CONFIRMED)
    assert world.kept == [DELIVERY, other]


def test_not_taken_after_it_came_again_is_set_aside() -> None:
    """What came last is held, and offered when the pause is over."""
    world = World()
    world.keeping.keep(DELIVERY, "why")
    world.keeping.forget()
    world.keeping.keep(AGAIN, "why")
    world.end(Published.REFUSED)
    assert world.keeping.set_aside() == 1


def test_of_two_alike_each_is_kept() -> None:
    """The second may be the first, sent anew out of the quarantine before that was heard."""
    world = World()
    first, second = AGAIN, AGAIN._replace(tag=3)
    assert world.keeping.keep(first, "why")
    assert world.keeping.keep(second, "why")
    world.end(Published.CONFIRMED)
    world.end(Published.CONFIRMED)
    assert world.kept == [first, second]


def test_of_two_alike_that_came_again_each_is_kept_once() -> None:
    """After a reconnect each takes up one that waits, and neither is held for ever."""
    world = World()
    first, second = DELIVERY, DELIVERY._replace(tag=2)
    world.keeping.keep(first, "why")
    world.keeping.keep(second, "why")
    again = [AGAIN._replace(tag=3), AGAIN._replace(tag=4)]
    assert [world.keeping.keep(one, "why") for one in again] == [False, False]
    world.end(Published.CONFIRMED)
    world.end(Published.CONFIRMED)
    assert world.kept == again
    assert world.quarantine.waiting == []
