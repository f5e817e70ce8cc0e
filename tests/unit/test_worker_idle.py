"""A worker with nothing to do."""

from collections.abc import Sequence
from dataclasses import replace

from adapters.memory.store import MemoryStore
from hub.envelope import Message
from tests.contract.transports import until
from tests.unit.test_worker import PACE, World

IDLE_SECONDS = 0.3


class LookedAt(MemoryStore):
    """Counts how often somebody looks for what is to be published."""

    looks = 0

    def unsent(self, limit: int) -> Sequence[tuple[int, Message]]:
        """Count, then look."""
        self.looks += 1
        return super().unsent(limit)


def test_the_database_is_left_alone_until_there_is_something_to_publish() -> None:
    """What it commits goes out at once; after that it looks again no sooner than its chores."""
    store = LookedAt()
    world = World(replace(PACE, chore_seconds=3_600), store=store)
    for count in (1, 2):
        world.send(f"A-{count}")
        assert until(lambda: world.broker.depth("outward.replies") == count)  # noqa: B023
        assert until(lambda: MemoryStore.unsent(store, 1) == [])
        looks = store.looks
        # Twenty steps and more.
        assert not until(lambda: store.looks > looks + 2, IDLE_SECONDS)  # noqa: B023
    world.close()
