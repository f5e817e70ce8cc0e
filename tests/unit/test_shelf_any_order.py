"""In whatever order people look, replay and discard, a kept message is never lost or doubled."""

from collections import Counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
)

from adapters.memory.broker import MemoryBroker
from adapters.quarantine import keeping
from hub.messages import QUARANTINE_QUEUE
from hub.parking import End
from tests.contract.shelves import World, in_memory, wire
from tests.contract.transports import MemoryTransport


class AnyOrder(RuleBasedStateMachine):
    """A quarantine, what ought to lie there, and what ought to have been sent on."""

    names = Bundle("names")

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(keeping, "PART_BYTES_MAX", 1_000)
        self.world: World = in_memory()
        self.lies: dict[str, str] = {}
        self.sent: Counter[str] = Counter()
        self.count = 0

    def teardown(self) -> None:
        """End the loop."""
        self.patch.undo()
        self.world.side.close()

    @rule(target=names, many=st.integers(1, 5), body=st.sampled_from([b"x", bytes(2_500)]))
    def keep(self, many: int, body: bytes) -> object:
        """Something is refused; now and then what has to be kept in parts."""
        references = [f"A-{self.count + number}" for number in range(many)]
        self.count += many
        self.world.keep(*(wire(reference, body=body) for reference in references))
        found = {kept.request_id.rpartition("/")[2]: kept.id for kept in self.world.listed()}
        self.lies |= {found[reference]: reference for reference in references}
        return multiple(*(found[reference] for reference in references))

    @rule(names=st.lists(names, max_size=4))
    def replay(self, names: list[str]) -> None:
        """Somebody has some sent again, some perhaps for the second time."""
        for ended in self.world.shelf.replay(names, self.world.trail):
            assert (ended.end is End.DONE) == (ended.id in self.lies)
            if ended.end is End.DONE:
                self.sent[self.lies.pop(ended.id)] += 1

    @rule(name=consumes(names))
    def discard(self, name: str) -> None:
        """Somebody has one discarded."""
        (ended,) = self.world.shelf.discard([name], self.world.trail)
        assert (ended.end is End.DONE) == (self.lies.pop(name, None) is not None)

    @rule(name=names)
    def show(self, name: str) -> None:
        """Somebody looks at one."""
        assert (self.world.shelf.show(name) is not None) == (name in self.lies)

    @rule(name=names)
    def replay_in_vain(self, name: str) -> None:
        """The destination is full."""
        broker = self.broker()
        broker.limit("inward.requests", 0)
        before = len(self.world.trail.begun)
        (ended,) = self.world.shelf.replay([name], self.world.trail)
        broker.limit("inward.requests", None)
        assert ended.end is (End.NOT_TAKEN if name in self.lies else End.NOT_THERE)
        assert len(self.world.trail.begun) == before + (name in self.lies)

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        """What lies there and what was sent on is exactly what ought to."""
        listed = self.world.listed()
        assert {kept.id: kept.request_id.rpartition("/")[2] for kept in listed} == self.lies
        assert len(listed) == len(self.lies)
        assert self.broker().depth("inward.requests") == self.sent.total()
        assert set(self.sent.values()) <= {1}
        assert self.broker().depth(QUARANTINE_QUEUE) >= len(listed)

    def broker(self) -> MemoryBroker:
        """Return the broker in memory."""
        assert isinstance(self.world.side, MemoryTransport)
        return self.world.side.broker


AnyOrder.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
TestAnyOrder = AnyOrder.TestCase
